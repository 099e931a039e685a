"""One case, line by line: a volume in, a plan in the site's hands out.

In: an open series, a request, and the tools to work with. Out: the plan and what was written. Each step is a plain
function of frozen values; a hospital that brings its own segmentation changes one tool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from planner.anatomy.model import Anatomy, StageWatch, unwatched
from planner.anatomy.region import Region
from planner.plan import Plan
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.procedures.on_mr import on_modality, site_on
from planner.release.gate_answers import gate_answers
from planner.release.gates import Checklist, open_gates
from planner.site import PLAIN, Site
from planner.targets import TargetRequest, find_all_targets
from service.checklist import for_site
from service.errors import RequestError
from service.opening import OpenSeries
from service.request import NamedAnchor, NamedRoot, PlanRequest
from service.results import Written
from service.series_facts import NO_CHECKLIST
from service.versions import versions_with

UNANSWERED = Checklist()


class Segment(Protocol):
    """Finds the anatomy: in the whole scan, or what one plan needs of it."""

    def __call__(self, series: OpenSeries, anchor: NamedAnchor | None, region: Region | None = None) -> Anatomy:
        """``anchor`` names a level where the scan cannot."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a case is worked on with."""

    segment: Segment
    publish: Callable[[Plan, Anatomy, OpenSeries], Written]
    watch: StageWatch = unwatched


@dataclass(frozen=True, slots=True, eq=False)
class PlannedCase:
    """A plan and what was written of it."""

    plan: Plan
    anatomy: Anatomy
    written: Written


def plan_case(
    series: OpenSeries,
    request: PlanRequest,
    tools: Tools,
    checklist: Checklist = UNANSWERED,
    site: Site = PLAIN,
) -> PlannedCase:
    """From an open series to a published plan; gates that the checklist leaves open keep it from release.

    ``site`` holds what a site adds: guidance, reach, entry keep-outs, hardening; the plan says what is not applied.
    """
    modality = series.volume.modality
    procedure = on_modality(site.own(procedure_named(request.procedure)), modality)
    site, of_site = site_on(site, modality)
    answers = for_site(checklist, site)
    anatomy = tools.segment(series, request.anchor, _region(request, procedure))
    scan = reconcile(series.patient_position, anatomy.lie)
    with tools.watch("planning"):
        targets = find_all_targets(anatomy, procedure, _target_requests(request))
        plan = plan_trajectories(anatomy, targets, procedure, scan, versions_with(anatomy), site)
    of_images = (sentence for sentence in series.facts.release_blockers if sentence != NO_CHECKLIST)
    blockers = (*plan.release_blockers, *of_images, *open_gates(procedure, answers, targets))
    gates = gate_answers(procedure, answers, targets)
    plan = replace(plan, release_blockers=blockers, gates=gates, volume_ml=procedure.volume_ml)
    plan = replace(plan, warnings=(*plan.warnings, *of_site))
    return PlannedCase(plan, anatomy, tools.publish(plan, anatomy, series))


def procedure_named(key: str) -> Procedure:
    """The procedure, or a refusal that lists those there are."""
    if key not in PROCEDURES:
        raise RequestError(f"procedure {key!r} is not known; valid: {', '.join(sorted(PROCEDURES))}")
    return PROCEDURES[key]


def _region(request: PlanRequest, procedure: Procedure) -> Region:
    """Around all places of the request, with all that the procedure may require anywhere."""
    at_levels = [structure for structures in procedure.required_at.values() for structure in structures]
    return Region(tuple(_target_requests(request)), tuple(dict.fromkeys((*procedure.required, *at_levels))))


def _target_requests(request: PlanRequest) -> list[TargetRequest]:
    return [
        TargetRequest(side, root=where.root) if isinstance(where, NamedRoot) else TargetRequest(side, level=str(where))
        for where, side in request.places
    ]
