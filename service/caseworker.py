"""One case in its own process: from the images on disk to results on disk.

In: a ``CaseJob`` that pickles. Out: a ``CaseOutcome`` in words and paths. Refusals travel as sentences. What computes and draws
is loaded where a case runs, and never by the service that gives it out.
"""

from __future__ import annotations

from service.case_job import CaseJob, CaseOutcome


def work_on(job: CaseJob) -> CaseOutcome:
    """Segment always; plan what was asked for."""
    from service.working import worked  # noqa: PLC0415 - 200 MB that the service itself does without

    return worked(job)
