"""One path, measured exactly, as it is shown to a person.

In: a tip, a direction, the obstacles' voxels. Out: a planned trajectory, or None where the exact measurement breaks a limit
that the sweep's estimate kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from planner.clearance import Closest, Surface
from planner.costs import WEIGHTS, costs, weighted
from planner.geometry import FloatArray, frozen, obliquity_deg, tilt_deg
from planner.hand.entry_shift import entry_tolerance_mm
from planner.hand.robustness import tolerance_deg
from planner.obstacles import NOTHING, Obstacle
from planner.plan import Clearance, PlannedTrajectory
from planner.rules import first_broken, hard_limits
from planner.search import Screened
from planner.sentences import explanation, floor_angle_deg
from planner.situation import Candidates, Feasible, Situation
from planner.skin import exact_exit
from planner.sweep.fan import STEP, Exit
from planner.sweep.reach import Reach
from planner.trajectories import Trajectories

Rows: TypeAlias = list[tuple[int, Clearance]]
"""Index of an obstacle, and what is left to it."""


def measured(
    situation: Situation, reach: Reach, screened: Screened, tip: int, outward: FloatArray, suspect: int = NOTHING
) -> PlannedTrajectory | None:
    """The path from its exact skin entry, or None where it breaks a limit.

    ``suspect`` is the obstacle that the sweep found to bind: where the path breaks its limit, the others are not measured.
    """
    point = situation.target.tips_mm[tip]
    longest = situation.usable_length_mm + 1.0
    depth, kind = exact_exit(
        situation.anatomy.surroundings, point, outward, longest, table_is_air=situation.is_rehearsal
    )
    entry = point + depth * outward
    if suspect < len(reach.surfaces):
        first = _of_one(situation, reach.surfaces, suspect, entry, point)
        if _breaks(_candidate(situation, tip, entry, kind, first)):
            return None
    clearances = clearances_of(situation, reach.surfaces, entry, point)
    candidate = _candidate(situation, tip, entry, kind, clearances)
    if _breaks(candidate):
        return None
    tolerance = tolerance_deg(outward[None], screened.borders[tip], STEP)
    planned = _planned(situation, Feasible(candidate, tolerance), [row for _, row in clearances])
    return replace(planned, entry_tolerance_mm=float(entry_tolerance_mm(entry[None], screened.rims[tip])[0]))


def _candidate(situation: Situation, tip: int, entry_mm: FloatArray, kind: Exit, rows: Rows) -> Candidates:
    """One path with its exact clearances: the one that leaves least binds."""
    index, clearance = min(rows, key=lambda row: row[1].spare_mm, default=(-1, None))
    return Candidates(
        situation,
        Trajectories(entry_mm[None], situation.target.tips_mm[tip][None]),
        np.array([tip]),
        np.array([int(kind)]),
        np.array([np.inf if clearance is None else clearance.spare_mm]),
        np.array([index]),
    )


def _breaks(candidate: Candidates) -> bool:
    rules = hard_limits(candidate.situation.obstacles, candidate.situation.site)
    return bool(first_broken(candidate, rules)[0] < len(rules))


def _planned(situation: Situation, feasible: Feasible, clearances: list[Clearance]) -> PlannedTrajectory:
    path = feasible.candidates.paths
    length, direction = float(path.lengths_mm[0]), path.directions[0]
    own_units = costs(feasible)
    midline = float(situation.midline_x_mm(path.entries_mm[:, 2])[0])
    planned = PlannedTrajectory(
        rank=0,
        entry_mm=frozen(path.entries_mm[0]),
        target_mm=frozen(path.targets_mm[0]),
        length_mm=length,
        obliquity_deg=float(obliquity_deg(direction)),
        tilt_deg=float(tilt_deg(direction)),
        needle=next(n for n in situation.needles if n.length_mm >= length + situation.procedure.hub_reserve_mm),
        clearances=tuple(sorted(clearances, key=lambda row: (not row.is_hard, row.spare_mm))),
        tolerance_deg=float(feasible.tolerance_deg[0]),
        costs={cost.name: float(value) for (cost, _), value in zip(WEIGHTS, own_units[0], strict=True)},
        cost=float(weighted(own_units, situation.site)[0]),
        entry_from_midline_mm=None if np.isnan(midline) else float(path.entries_mm[0, 0]) - midline,
        floor_angle_deg=None
        if situation.is_rehearsal
        else floor_angle_deg(direction, situation.procedure.treatment_pose),
        sentence="",
    )
    return replace(planned, sentence=explanation(planned, situation.target))


def clearances_of(
    situation: Situation, surfaces: tuple[Surface, ...], entry_mm: FloatArray, tip_mm: FloatArray
) -> Rows:
    """Obstacle index and clearance, for every obstacle within reach; the target's own nerve twice, shaft and tip."""
    return [row for index in range(len(surfaces)) for row in _of_one(situation, surfaces, index, entry_mm, tip_mm)]


def _of_one(
    situation: Situation, surfaces: tuple[Surface, ...], index: int, entry_mm: FloatArray, tip_mm: FloatArray
) -> Rows:
    obstacle, surface = situation.obstacles[index], surfaces[index]
    length = float(np.linalg.norm(tip_mm - entry_mm))
    zone = min(obstacle.tip_zone_mm, length)
    change = tip_mm + (entry_mm - tip_mm) * (zone / length)
    rows = []
    shaft = surface.closest(entry_mm, change, obstacle.growth)
    if shaft is not None:
        rows.append((index, _row(situation, obstacle, shaft, 0.0)))
    near_tip = surface.closest(change, tip_mm) if zone else None
    if near_tip is not None:
        row = _row(situation, obstacle, near_tip, length - zone)
        rows.append((index, replace(row, margin_mm=0.0, exempt_mm=0.0)))
    return rows


def _row(situation: Situation, obstacle: Obstacle, closest: Closest, from_mm: float) -> Clearance:
    labels, anatomy = situation.labels, situation.anatomy
    k, j, i = closest.voxel.astype(int)
    entry = labels.entries[int(labels.labels[k, j, i])]
    return Clearance(
        structure=entry.structure,
        clearance_mm=closest.distance_mm - situation.radius_mm,
        margin_mm=float(obstacle.margin_at_mm(from_mm + closest.along_mm)),
        depth_mm=from_mm + closest.along_mm,
        on_path_mm=frozen(closest.on_path_mm),
        on_structure_mm=frozen(closest.on_structure_mm),
        uncertainty_mm=obstacle.uncertainty_mm,
        confidence=min(entry.confidence, float(anatomy.confidence.get(entry.structure, entry.confidence))),
        part=entry.part,
        level=entry.level,
        side=entry.side,
        exempt_mm=obstacle.tip_zone_mm,
    )
