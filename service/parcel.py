"""A case that travels: its images and what it needs there, its results on the way back.

In: a job whose files lie here. Out: a parcel of bytes, unpacked into a scratch folder elsewhere; the results as bytes,
unpacked into the job's own folder here. Nothing refers to a path of the other side.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from service.case_job import CaseJob, CaseOutcome
from service.earlier import reports_for
from service.errors import ServiceError
from service.files import write_bytes
from service.versions import program_version

_IMAGES, _RESULTS, _SITE, _GIVEN, _BESIDE = "images", "results", "site.toml", "given", "beside"

_SCRATCH = "needleplan-case-"


class OtherVersionError(ServiceError):
    """Two sides that do not run the same program."""

    def __init__(self, here: str, there: str) -> None:
        super().__init__(f"the worker runs needleplan {there}, the service {here}; install the same on both")


class StrangeNameError(ServiceError):
    """A file that wants to lie outside its folder."""

    def __init__(self) -> None:
        super().__init__("a result's name leads out of its folder; nothing of it was kept")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A job with its files, by relative path."""

    version: str
    job: CaseJob
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of it: the outcome, and its files by path relative to the results folder."""

    outcome: CaseOutcome
    files: Mapping[str, bytes] = field(repr=False)


def packed(job: CaseJob) -> Parcel:
    """The job with its images and the stacks beside them, received segmentations, the site's values, and signed plans of the same patient.

    A site's own command is named, not sent: it must be installed on the worker.
    """
    folders = {_IMAGES: job.folder, **{f"{_BESIDE}/{n}": folder for n, folder in enumerate(job.beside)}}
    images = {
        f"{name}/{path.name}": path.read_bytes()
        for name, folder in folders.items()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }
    results = job.out.parent
    earlier = {
        f"{_RESULTS}/{path.relative_to(results)}": path.read_bytes()
        for path in reports_for(job.folder, results, job.out, job.joined)
    }
    site = {} if job.site_file is None else {_SITE: job.site_file.read_bytes()}
    given = {f"{_GIVEN}/{n}.dcm": path.read_bytes() for n, path in enumerate(job.bringing.received)}
    return Parcel(program_version(), job, {**images, **earlier, **site, **given})


@contextmanager
def unpacked(parcel: Parcel) -> Iterator[CaseJob]:
    """The same job on files of this machine, in a folder that is gone afterwards."""
    if parcel.version != program_version():
        raise OtherVersionError(parcel.version, program_version())
    _sweep()
    scratch = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-"))
    try:
        for name, content in parcel.files.items():
            write_bytes(_inside(scratch, name), content)
        job = parcel.job
        site = None if job.site_file is None else scratch / _SITE
        given = tuple(scratch / f"{_GIVEN}/{n}.dcm" for n in range(len(job.bringing.received)))
        bringing = replace(job.bringing, received=given)
        beside = tuple(scratch / _BESIDE / str(n) for n in range(len(job.beside)))
        out = scratch / _RESULTS / job.out.name
        yield replace(job, folder=scratch / _IMAGES, out=out, site_file=site, bringing=bringing, beside=beside)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sweep() -> None:
    """Remove what a worker that was killed has left: it holds a patient's images."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*-*"):
        pid = left.name.removeprefix(_SCRATCH).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)


def bring(outcome: CaseOutcome, out: Path) -> Brought:
    """The results in ``out``, ready to travel; paths are relative to it."""
    files = {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    objects = tuple(replace(one, path=one.path.relative_to(out)) for one in outcome.objects)
    return Brought(replace(outcome, objects=objects), files)


def put_down(brought: Brought, out: Path) -> CaseOutcome:
    """Write what was brought into the job's own folder."""
    for name, content in brought.files.items():
        write_bytes(_inside(out, name), content)
    objects = tuple(replace(one, path=out / one.path) for one in brought.outcome.objects)
    return replace(brought.outcome, objects=objects)


def _inside(folder: Path, name: str) -> Path:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise StrangeNameError
    path = folder / relative
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
