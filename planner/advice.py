"""What a person is told beside a path's clearances: how likely the hand errs, where to scan, how to turn the bevel.

In: measured paths with what is kept around them. Out: the same paths with risk, bend, landmark, where each structure lies,
and what each path is best at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.clearance import MEASURED_TO_MM, STATED_BOUND_MM
from planner.geometry import FloatArray
from planner.hand.contact import Shaft
from planner.hand.control_scans import risk_of
from planner.hand.deflection import bend_of
from planner.landmarks import crests_z_mm, landmark_of, process_tips_mm
from planner.merits import with_merits
from planner.plan import Clearance, PlannedTrajectory
from planner.sentences import lies
from planner.side_by_side import side_by_side
from planner.situation import Situation
from planner.sweep.kept import Kept
from planner.volume import LabelEntry


def told(paths: tuple[PlannedTrajectory, ...], situation: Situation, kept: Kept) -> tuple[PlannedTrajectory, ...]:
    """Everything a person is told about the paths to one target."""
    tips = process_tips_mm(situation.anatomy, float(situation.target.point_mm[2]))
    upper, crests = situation.target.between.upper, crests_z_mm(situation.anatomy)

    def placed(path: PlannedTrajectory) -> PlannedTrajectory:
        return replace(advised(path, situation, kept), landmark=landmark_of(path.entry_mm, tips, upper, crests))

    return with_merits(tuple(side_by_side(placed, paths)))


def advised(path: PlannedTrajectory, situation: Situation, kept: Kept) -> PlannedTrajectory:
    """The path with its risk under the site's guidance, its needle's bend, and where each structure lies."""
    names = _obstacle_names(situation)
    rows = tuple(_placed(row, names, situation) for row in path.clearances)
    least = _least_mm(rows, names, path.length_mm, situation)
    shaft = Shaft(path.entry_mm, path.target_mm, situation.radius_mm, situation.obstacles, kept, least)
    rng = np.random.default_rng(case_seed(situation))
    risk = risk_of(shaft, situation.site.guidance, path.tolerance_deg, rng)
    return replace(path, risk=risk, bend=bend_of(shaft, path.needle), clearances=rows)


def case_seed(situation: Situation) -> list[int]:
    """From the frame of reference and the target's words: the same case draws the same needles."""
    frame = situation.labels.geometry.frame_of_reference_uid
    return list(f"{frame} {situation.target.words}".encode())


def _least_mm(
    rows: tuple[Clearance, ...], names: Mapping[tuple[object, ...], str], length_mm: float, situation: Situation
) -> FloatArray:
    """(obstacles,) how far the path's axis surely stays away from each, as it was measured; what is not listed is further.

    Where margins grow, the place was measured that leaves least, which may lie further away than the nearest.
    """
    entries, least = situation.labels.entries, []
    for obstacle in situation.obstacles:
        is_told_apart = all(names[_key(entries[int(value)])] == obstacle.name for value in obstacle.values)
        listed = [row.clearance_mm + situation.radius_mm for row in rows if row.obstacle == obstacle.name]
        least.append(min([MEASURED_TO_MM, *listed]) if is_told_apart else 0.0)
    known: FloatArray = np.array(least) - situation.growth * length_mm - STATED_BOUND_MM
    return known


def _placed(row: Clearance, names: dict[tuple[object, ...], str], situation: Situation) -> Clearance:
    name = names.get((row.structure, row.part, row.level, row.side), "")
    return replace(row, obstacle=name, lies=lies(row, situation.target))


def _key(entry: LabelEntry) -> tuple[object, ...]:
    return (entry.structure, entry.part, entry.level, entry.side)


def _obstacle_names(situation: Situation) -> dict[tuple[object, ...], str]:
    """The obstacle that each named thing in the label map is counted under."""
    entries = situation.labels.entries
    return {_key(entries[int(v)]): obstacle.name for obstacle in situation.obstacles for v in obstacle.values.tolist()}
