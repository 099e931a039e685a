"""The straight line from anatomy and targets to a plan.

In: an anatomy, targets, a procedure, the scan's position. Out: a draft plan with ranked paths for each target, and everything
that keeps it from release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.anatomy.model import Anatomy
from planner.fan import faces_for
from planner.landmarks import spinous_processes_mm
from planner.measure import measured
from planner.obstacles import find_obstacles, ordered, with_roots
from planner.plan import Plan, PlannedTrajectory, PlanState, ScanPosition, TargetPlan
from planner.procedure import Approach, Needle, Procedure
from planner.reach import Reach, entries_of, reach_of
from planner.release import not_checked, release_blockers, warnings_of
from planner.search import Screened, distinct, ranked, refined, screen, sweep
from planner.situation import Situation
from planner.targets import Target
from planner.trajectories import Trajectories
from planner.volume import LabelMap

TOO_CLOSE = "too close to tell apart"
"""Counted where the sweep could not refuse a direction, and the best ``MOST_MEASURED`` of these broke a limit when measured."""

MOST_ALTERNATIVES = 5
MOST_MEASURED = 100
"""Candidates measured exactly before the search gives up; each costs some ten milliseconds."""


def plan_trajectories(
    anatomy: Anatomy,
    targets: tuple[Target, ...],
    procedure: Procedure,
    scan: ScanPosition,
    versions: Mapping[str, str],
) -> Plan:
    """A draft plan: for each target at least three different paths where they exist, or none and why."""
    is_rehearsal = scan.pose is not procedure.treatment_pose
    anatomy = ordered(anatomy)
    labels = with_roots(anatomy)
    planned = tuple(_plan_target(anatomy, labels, target, procedure, is_rehearsal=is_rehearsal) for target in targets)
    missing = not_checked(anatomy, procedure)
    return Plan(
        procedure=procedure.key,
        title=procedure.title,
        state=PlanState.DRAFT,
        targets=planned,
        not_checked=missing,
        scan_position=scan,
        treatment_pose=procedure.treatment_pose,
        is_rehearsal=is_rehearsal,
        release_blockers=release_blockers(anatomy, procedure, targets, scan, missing),
        warnings=warnings_of(anatomy, procedure, planned, scan),
        versions=dict(versions),
    )


def _plan_target(
    anatomy: Anatomy, labels: LabelMap, target: Target, procedure: Procedure, *, is_rehearsal: bool
) -> TargetPlan:
    if not len(target.tips_mm):
        return _target_plan(target, (), target.rejected_tips, sum(target.rejected_tips.values()))
    approach = approach_for(procedure, target)
    groups = needle_groups(procedure)
    midline = spinous_processes_mm(anatomy, float(target.point_mm[2]))
    obstacles = find_obstacles(anatomy, labels, procedure, target.between, target.side)
    faces = faces_for(approach, target.side, labels.geometry.axes)
    situations = [
        Situation(target, procedure, approach, g, obstacles, midline, is_rehearsal, anatomy, labels) for g in groups
    ]
    longest = max(s.usable_length_mm for s in situations) + 1.0
    entries = entries_of(anatomy.surroundings, target.tips_mm, faces, longest, table_is_air=is_rehearsal)
    reach = reach_of(labels, obstacles, target.tips_mm, faces, entries)
    swept = sweep(situations[0], reach, faces)
    for situation in situations:
        screened = screen(situation, swept)
        paths = _alternatives(situation, reach, screened)
        if paths:
            break
    left = 0 if paths else screened.examined - sum(screened.rejected.values())
    rejected = {**screened.rejected, **({TOO_CLOSE: left} if left else {})}
    return _target_plan(target, paths, rejected, screened.examined)


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
        path = measured(situation, reach, screened, tip, outward)
        measurements += 1
        if path is not None and _is_new(_as_paths(path), found):
            found.append(path)
    found.sort(key=lambda path: path.cost)
    return tuple(replace(path, rank=rank) for rank, path in enumerate(found, start=1))


def _is_new(path: Trajectories, found: list[PlannedTrajectory]) -> bool:
    return all(distinct(path, _as_paths(other)) for other in found)


def _as_paths(path: PlannedTrajectory) -> Trajectories:
    return Trajectories(path.entry_mm[None], path.target_mm[None])
