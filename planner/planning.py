"""The straight line from anatomy and targets to a plan.

In: an anatomy, targets, a procedure, the scan's position. Out: a draft plan with ranked paths for each target, and everything
that keeps it from release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.advice import told
from planner.anatomy.model import Anatomy
from planner.costs import WEIGHTS
from planner.errors import LevelNotFoundError
from planner.geometry import unit
from planner.held_back import not_checked, notes_of, release_gates, warnings_of
from planner.hosts import without_hosts
from planner.joint import Searched, together, with_shared_punctures, without_copies
from planner.landmarks import spinous_processes_mm
from planner.measure import measured
from planner.missing_length import for_shortest, missing_length
from planner.obstacles import ROOM_MM, find_obstacles, ordered, with_roots
from planner.plan import Plan, PlannedTrajectory, PlanState, ScanPosition, TargetPlan
from planner.prepared import Prepared
from planner.procedure import Approach, Needle, Procedure
from planner.refining import converged, refined
from planner.relaxation import Asked, Plans, relaxations
from planner.search import Screened, distinct, ranked, screen, sweep
from planner.site import PLAIN, Site
from planner.sitting.several import Together, placing_words
from planner.situation import Situation
from planner.structures import Side
from planner.sweep.fan import faces_for
from planner.sweep.reach import Reach
from planner.targets import Target, TargetRequest, find_targets
from planner.trajectories import Trajectories
from planner.volume import LabelMap

TOO_CLOSE = "too close to tell apart"
"""Counted where the sweep could not refuse a direction, and the best ``MOST_MEASURED`` of these broke a limit when measured."""

MOST_ALTERNATIVES = 5
MOST_MEASURED = 100
"""Candidates measured exactly before the search gives up; each costs some ten milliseconds."""

MOST_TURNS = 3
"""From a path that is found to the best one beside it; each turn is measured."""


def plan_trajectories(
    anatomy: Anatomy,
    targets: tuple[Target, ...],
    procedure: Procedure,
    scan: ScanPosition,
    versions: Mapping[str, str],
    site: Site = PLAIN,
) -> Plan:
    """A draft plan: for each target at least three different paths where they exist, or none, why, and what would open one."""
    is_rehearsal = scan.pose is not procedure.treatment_pose
    anatomy = ordered(anatomy)
    setting = Setting(anatomy, with_roots(anatomy), procedure, is_rehearsal, site)
    found, choice = _together([planned(setting, target) for target in targets])
    plans = tuple(_told(setting, target, one) for target, one in zip(targets, found, strict=True))
    missing = not_checked(anatomy, procedure, targets)
    gates = release_gates(anatomy, procedure, targets, scan, missing)
    own_values = (*procedure.site_values, *site.values)
    return Plan(
        procedure=procedure.key,
        title=procedure.title,
        state=PlanState.DRAFT,
        targets=plans,
        not_checked=missing,
        scan_position=scan,
        treatment_pose=procedure.treatment_pose,
        is_rehearsal=is_rehearsal,
        release_blockers=tuple(gate.sentence for gate in gates),
        looks={gate.sentence: gate.look for gate in gates if gate.look is not None},
        warnings=(
            *warnings_of(anatomy, procedure, plans, scan),
            *notes_of(procedure, targets, own_values),
            *site.not_applied,
        ),
        versions=dict(versions),
        placing=placing_words([plan.words for plan in plans if plan.trajectories], choice) if choice else (),
        together=_ranks(plans, choice),
        site_values=own_values,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What all targets of one plan share; ``labels`` are the anatomy's, in patient axes, with its roots drawn."""

    anatomy: Anatomy
    labels: LabelMap
    procedure: Procedure
    is_rehearsal: bool
    site: Site = PLAIN


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """One target's plan, and the search it came from; without tip points there was none."""

    plan: TargetPlan
    prepared: Prepared | None = None
    searched: Searched | None = None


def planned(setting: Setting, target: Target, before: Prepared | None = None) -> Planned:
    """The target's ranked paths, or none and how many directions each rule refused; with fields kept from before."""
    if not len(target.tips_mm):
        return Planned(_target_plan(target, (), target.rejected_tips, sum(target.rejected_tips.values())))
    return plan_prepared(prepare(setting, target, before))


def prepare(setting: Setting, target: Target, before: Prepared | None = None) -> Prepared:
    """Fields and entries around a target: what stays when its tip or a margin is changed; refused without tip points."""
    anatomy, procedure = setting.anatomy, setting.procedure
    labels = without_hosts(setting.labels, target)
    approach = approach_for(procedure, target)
    midline = spinous_processes_mm(anatomy, float(target.point_mm[2]))
    found = find_obstacles(anatomy, labels, procedure, target.between, target.side)
    situations = tuple(
        Situation(
            target, procedure, approach, group, found, midline, setting.is_rehearsal, anatomy, labels, setting.site
        )
        for group in needle_groups(procedure)
    )
    return Prepared.of(situations, faces_for(approach, target.side, labels.geometry.axes), before)


def plan_prepared(prepared: Prepared) -> Planned:
    """Sweep, screen and measure with the first needle diameter that has a path."""
    swept = sweep(prepared.situations[0], prepared.reach, prepared.faces)
    for situation in prepared.situations:
        screened = screen(situation, swept)
        paths = _alternatives(situation, prepared.reach, screened)
        if paths:
            break
    left = 0 if paths else screened.examined - sum(screened.rejected.values())
    rejected = {**screened.rejected, **({TOO_CLOSE: left} if left else {})}
    plan = _target_plan(situation.target, paths, rejected, screened.examined)
    return Planned(plan, prepared, Searched(situation, prepared.reach, screened, paths))


def _together(found: list[Planned]) -> tuple[list[Planned], Together | None]:
    """Of several targets those with paths, with paths that go together; a single one stays as it is."""
    searched = {n: one.searched for n, one in enumerate(found) if one.searched is not None and one.searched.paths}
    if len(searched) < 2:
        return found, None
    joint = with_shared_punctures(tuple(searched.values()))
    joint, choice = without_copies(joint, together(joint))
    again = list(found)
    for n, more in zip(searched, joint, strict=True):
        again[n] = replace(found[n], searched=more, plan=replace(found[n].plan, trajectories=more.paths))
    return again, choice


def _ranks(plans: tuple[TargetPlan, ...], choice: Together | None) -> tuple[int, ...]:
    """The rank of each target's path in the choice, 0 for a target without path; empty where nothing goes together."""
    if choice is None or not choice.chosen:
        return ()
    ranks = iter(choice.chosen)
    return tuple(next(ranks) + 1 if plan.trajectories else 0 for plan in plans)


def _told(setting: Setting, target: Target, found: Planned) -> TargetPlan:
    """The plan with what is told of each path, or with what would open one."""
    if found.prepared is None or found.searched is None or not found.plan.trajectories:
        return _without_path(setting, target, found)
    situation, kept = found.searched.situation, found.prepared.kept
    return replace(found.plan, trajectories=told(found.plan.trajectories, situation, kept))


def _without_path(setting: Setting, target: Target, found: Planned) -> TargetPlan:
    """What refused most, the needle's missing millimetres, and smaller asks, each planned from tip points found anew."""

    def plans_in(wanted: Setting) -> Plans:
        def plans(procedure: Procedure, side: Side, *, is_rehearsal: bool) -> TargetPlan:
            changed = replace(wanted, procedure=procedure, is_rehearsal=is_rehearsal)
            try:
                again = _found_again(wanted.anatomy, procedure, target, side)
                return planned(changed, again, found.prepared).plan
            except LevelNotFoundError:
                return replace(found.plan, trajectories=())

        return plans

    asked = Asked(setting.procedure, target.side, setting.is_rehearsal, found.plan)
    would_help = relaxations(asked, plans_in(setting))
    shortest = replace(setting, site=for_shortest(setting.site, tuple(cost.name for cost, _ in WEIGHTS)))
    sentences = (*missing_length(asked, plans_in(shortest)), *would_help.sentences)
    return replace(found.plan, binding=would_help.binding, relaxations=sentences)


def _found_again(anatomy: Anatomy, procedure: Procedure, target: Target, side: Side) -> Target:
    """The same level under another procedure or on the other side, with its tip points found anew."""
    level = str(target.between) if target.between.is_named else f"@{float(target.point_mm[2])}"
    return find_targets(anatomy, procedure, TargetRequest(side, level=level))[0]


def _target_plan(
    target: Target, paths: tuple[PlannedTrajectory, ...], rejected: Mapping[str, int], examined: int
) -> TargetPlan:
    return TargetPlan(
        target.root,
        target.between,
        target.side,
        target.point_mm,
        paths,
        dict(rejected),
        examined,
        target.name_is_certain,
        target.chosen_by,
        what=target.what,
        binding=target.tip_binding,
        injectate=target.injectate,
    )


def approach_for(procedure: Procedure, target: Target) -> Approach:
    """The first approach made for this level; the procedure's first where the level has no name."""
    fitting = (a for a in procedure.approaches if not a.below or target.between.upper in a.below)
    return next(fitting, procedure.approaches[0])


def needle_groups(procedure: Procedure) -> tuple[tuple[Needle, ...], ...]:
    """Needles of one outer diameter, shortest first; diameters in the procedure's order of preference."""
    diameters = dict.fromkeys(needle.outer_diameter_mm for needle in procedure.needles)
    return tuple(
        tuple(sorted((n for n in procedure.needles if n.outer_diameter_mm == d), key=lambda n: n.length_mm))
        for d in diameters
    )


def _alternatives(situation: Situation, reach: Reach, screened: Screened) -> tuple[PlannedTrajectory, ...]:
    """Measured, distinct paths, the best first."""
    found: list[PlannedTrajectory] = []
    measurements = 0
    for index in ranked(screened.feasible).tolist():
        if len(found) == MOST_ALTERNATIVES or measurements == MOST_MEASURED:
            break
        if not _is_new(screened.feasible.candidates.only(np.array([index])).paths, found):
            continue
        tip, outward = refined(screened, reach, index)
        suspect = int(screened.feasible.candidates.binding[index])
        path = measured(situation, reach, screened, tip, outward, suspect)
        measurements += 1
        if path is not None and _is_new(_as_paths(path), found):
            found.append(_at_its_best(reach, screened, tip, path, found))
    found.sort(key=lambda path: path.cost)
    return tuple(replace(path, rank=rank) for rank, path in enumerate(found, start=1))


def _at_its_best(
    reach: Reach, screened: Screened, tip: int, path: PlannedTrajectory, others: list[PlannedTrajectory]
) -> PlannedTrajectory:
    """The path turned on to where it is best, as long as it keeps every limit there and stays different from the others."""
    situation = screened.feasible.candidates.situation
    for _ in range(MOST_TURNS):
        spare_mm = path.binding.spare_mm if path.binding is not None else ROOM_MM
        outward = converged(screened, reach, tip, unit(path.entry_mm - path.target_mm), spare_mm)
        turned = measured(situation, reach, screened, tip, outward)
        if turned is None or turned.cost >= path.cost or not _is_new(_as_paths(turned), others):
            break
        path = turned
    return path


def _is_new(path: Trajectories, found: list[PlannedTrajectory]) -> bool:
    return all(distinct(path, _as_paths(other)) for other in found)


def _as_paths(path: PlannedTrajectory) -> Trajectories:
    return Trajectories(path.entry_mm[None], path.target_mm[None])
