"""Where cases are computed: processes of this machine, or Dask workers where the settings name a scheduler.

In: settings. Out: an ``Executor``; whoever submits a case does not know where it runs.
"""

from __future__ import annotations

from concurrent.futures import Executor

from service.errors import MissingPartError
from service.jobs import Limits, ProcessPerCase
from service.settings import JobSettings

INSTALL_DASK = "pip install 'needleplan[dask]'"
_BYTES_PER_GB = 10**9


def executor(jobs: JobSettings) -> Executor:
    """What the settings ask for."""
    limits = Limits(jobs.time_limit_seconds, int(jobs.memory_limit_gb * _BYTES_PER_GB))
    if jobs.scheduler is None:
        return ProcessPerCase(jobs.workers, limits)
    try:
        from service.dask_compute import DaskCases, Scheduler  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingPartError(f"the package {error.name}", "jobs.scheduler", INSTALL_DASK) from error
    return DaskCases(Scheduler(jobs.scheduler, jobs.scheduler_tls), jobs.workers, limits)
