"""One case in its own process: from the images on disk to results on disk.

In: a ``CaseJob`` that pickles. Out: a ``CaseOutcome`` in words and paths. Refusals travel as sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from planner.site import PLAIN
from service.brought.site import OWN_ANATOMY, Bringing
from service.case import plan_case
from service.earlier import signed_before
from service.opening import open_series
from service.progress import telling
from service.request import NamedAnchor, PlanRequest
from service.results import WrittenObject
from service.site_file import read_site
from service.tools import Beside, site_tools
from service.watch import Stopwatch
from viz.viewer.words import Language


@dataclass(frozen=True, slots=True)
class CaseJob:
    """What to do with one complete series; ``request`` None: segment only."""

    folder: Path
    series_uid: str
    out: Path
    request: PlanRequest | None
    anchor: NamedAnchor | None
    opened_at: datetime
    site_file: Path | None = None
    bringing: Bringing = OWN_ANATOMY
    language: Language = Language.ENGLISH
    """Of the sheet."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What came of it; ``objects`` are the DICOM objects to export."""

    words: str
    is_planned: bool
    objects: tuple[WrittenObject, ...]


def work_on(job: CaseJob) -> CaseOutcome:
    """Segment always; plan what was asked for."""
    watch = Stopwatch(telling(job.out))
    with watch("reading"):
        series = open_series(job.folder, job.series_uid)
    tools = site_tools(
        job.out,
        watch,
        job.opened_at,
        Beside(lambda one: signed_before(job.out.parent, one, job.out), job.language),
        bring=job.bringing.bring,
    )
    if job.request is None:
        anatomy = tools.segment(series, job.anchor)
        return CaseOutcome(f"segmented, {len(anatomy.vertebrae)} vertebrae", is_planned=False, objects=())
    site = PLAIN if job.site_file is None else read_site(job.site_file)
    planned = plan_case(series, job.request, tools, site=site)
    paths = sum(len(target.trajectories) for target in planned.plan.targets)
    words = f"{job.request}: {paths} paths" if planned.plan.has_path else f"{job.request}: no safe path"
    return CaseOutcome(words, is_planned=True, objects=planned.written.objects)
