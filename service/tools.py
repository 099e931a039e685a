"""The tools a site works with: our own segmentation, results into one folder, every stage timed.

In: a folder, a watch, a date. Out: ``case.Tools``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from planner.anatomy.findings import Findings
from planner.anatomy.model import Anatomy
from planner.anatomy.mr.segment_mr import segment_mr
from planner.anatomy.outside.segment_with import segment_with
from planner.anatomy.region import Region
from planner.anatomy.segment import anatomy_of, find
from planner.plan import Plan
from planner.volume import Modality
from service.brought.reading import Bring, nothing_brought
from service.case import Tools
from service.documents import EarlierPlanDocument
from service.network import shipped_network
from service.opening import OpenSeries
from service.pictures import get_ready
from service.request import NamedAnchor
from service.results import PlannedSeries, Written, begin_segmentation, clear, write_anatomy, write_labels, write_plan
from service.scribe import Begin, Work, when_asked
from service.viewing.judging import targets_of
from service.viewing.keeping import KEPT, KeptCase, forget, keep, keep_plan, keep_targets
from service.watch import Stopwatch
from viz.viewer.words import Language

Earlier: TypeAlias = Callable[[OpenSeries], tuple[EarlierPlanDocument, ...]]
"""Finds plans of the same patient."""


def nothing_earlier(_series: OpenSeries) -> tuple[EarlierPlanDocument, ...]:
    """No earlier plan is looked for."""
    return ()


Judge: TypeAlias = Callable[[OpenSeries, Anatomy], Anatomy]
"""A second opinion on an anatomy: the same, with confidences that may be lower."""


def believed(_series: OpenSeries, anatomy: Anatomy) -> Anatomy:
    """No second opinion is asked for."""
    return anatomy


Serve: TypeAlias = Callable[[OpenSeries, Anatomy], Anatomy]
"""An earlier scan's word on an anatomy of today's whole scan: the same, with nerves and vessels that were seen there."""


def unserved(_series: OpenSeries, anatomy: Anatomy) -> Anatomy:
    """No earlier scan is given."""
    return anatomy


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a plan: earlier ones of the same patient, the language of its sheet, and who writes with us."""

    earlier: Earlier = nothing_earlier
    language: Language = Language.ENGLISH
    begin: Begin = when_asked
    """Begins what another process can write meanwhile."""
    judge: Judge = believed
    """Says how far our own anatomy is to be believed."""
    serve: Serve = unserved
    """Adds what an earlier scan shows; where one is given, the whole scan is segmented: it is laid over three vertebrae and more."""


ALONE = Beside()


Look: TypeAlias = Callable[[Findings, Anatomy], None]
"""Looks at what each stage found."""


def looked_away(_found: Findings, _anatomy: Anatomy) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What anatomy is wanted: of the whole series, or what one plan needs of it."""

    series: OpenSeries
    anchor: NamedAnchor | None
    region: Region | None


def _found(asked: Asked, watch: Stopwatch, beside: Beside, look: Look, bring: Bring) -> Anatomy:
    """By somebody else's segmentation, or our own; then with what an earlier scan adds."""
    if beside.serve is not unserved:
        asked = replace(asked, region=None)
    along = bring(asked.series)
    if along.sources:
        anatomy = segment_with(asked.series.volume, along.sources, along.choice, asked.anchor, watch)
        anatomy = replace(anatomy, warnings=(*_whose(anatomy), *anatomy.warnings, *along.notes))
    else:
        anatomy = _own(asked, watch, beside, look)
    return beside.serve(asked.series, anatomy)


def _whose(anatomy: Anatomy) -> Iterator[str]:
    """For each source what it drew: on the page, in the plan and its report."""
    drawn: dict[str, list[str]] = {}
    for structure, source in anatomy.origin.items():
        drawn.setdefault(source, []).append(structure.words)
    return (f"drawn by {source}: {', '.join(sorted(words))}" for source, words in drawn.items())


def _own(asked: Asked, watch: Stopwatch, beside: Beside, look: Look) -> Anatomy:
    volume = asked.series.volume
    if volume.modality is Modality.MR:
        return segment_mr(volume, shipped_network(), asked.anchor, watch, asked.series.stacks)
    with ThreadPoolExecutor(1) as pool:
        found = find(volume, asked.anchor, watch, asked.region, lambda work: pool.submit(work).result)
    anatomy = anatomy_of(found, watch)
    look(found, anatomy)
    return beside.judge(asked.series, anatomy)


def site_tools(
    out: Path,
    watch: Stopwatch,
    opened_at: datetime,
    beside: Beside = ALONE,
    look: Look = looked_away,
    bring: Bring = nothing_brought,
) -> Tools:
    """Results go to ``out``; ``opened_at`` dates the DICOM objects; ``beside`` finds what stands beside a plan.

    ``bring`` gives segmentations that others made; where it gives any, the whole scan is segmented with them.
    """

    @lru_cache(maxsize=1)
    def segmentation_of(anatomy: Anatomy, series: OpenSeries) -> Work:
        return begin_segmentation(anatomy, series, opened_at, beside.begin)

    def segment_and_keep(series: OpenSeries, anchor: NamedAnchor | None, region: Region | None = None) -> Anatomy:
        clear(out)
        forget(out / KEPT)
        if region is not None:  # a plan with its pictures follows
            get_ready()
        anatomy = _found(Asked(series, anchor, region), watch, beside, look, bring)
        with watch("writing labels"):
            write_labels(out, anatomy.labels)
        write_anatomy(out, anatomy, series, watch.seconds)
        if region is not None:
            segmentation_of(anatomy, series)  # written while the paths are planned
        keep(out / KEPT, KeptCase(series, anatomy, None))
        return anatomy

    def planned(plan: Plan, anatomy: Anatomy, series: OpenSeries) -> PlannedSeries:
        before = beside.earlier(series)
        return PlannedSeries(plan, anatomy, series, opened_at, before, language=beside.language)

    def publish(plan: Plan, anatomy: Anatomy, series: OpenSeries) -> Written:
        written = write_plan(out, planned(plan, anatomy, series), watch, beside.begin, segmentation_of(anatomy, series))
        keep_plan(out / KEPT, plan)
        keep_targets(out / KEPT, plan.procedure, targets_of(anatomy, plan))
        return write_anatomy(out, anatomy, series, watch.seconds) + written

    return Tools(segment_and_keep, publish, watch)
