"""A moved target: everything swept again, the fields kept. Whole faces on two cores, and the product's own plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from speed_cases import FOUR, REACH_MM, Case, face_of, fastest_s, fused

from planner.geometry import BoolArray, FloatArray
from planner.obstacles import ordered, with_roots
from planner.planning import Setting, prepare
from planner.procedures import PROCEDURES
from planner.replanning import replanned
from planner.side_by_side import side_by_side
from planner.sweep.fan import Exit, Face, Swept, surroundings_nodes, sweep_exit
from planner.sweep.least import sweep_least
from planner.sweep.reach import FAR_STEP_MM
from planner.targets import Target, TargetRequest, find_targets

_FULL = np.full((), 255, dtype=np.uint8)
FREE_LEVEL = 40  # no room, in levels
MOVED_MM = np.array([1.0, -0.7, 0.4])


def whole_faces(case: Case) -> tuple[dict[str, float], list[Swept]]:
    """Eight structures in three fields, four faces of 1000 x 1000: entries, least room of each field, what passes."""
    lattice, around = case.lattice(), case.lattice(FAR_STEP_MM)
    fields_s = fastest_s(lambda: fused(case, lattice), 1)
    fields = fused(case, lattice)
    surroundings = Swept.of(around, surroundings_nodes(around, case.anatomy.surroundings.labels))
    faces = [face_of(half_axis, 1000, case.anatomy.labels.geometry.axes) for half_axis in FOUR]
    tip = case.tip_mm + MOVED_MM

    def passing(face: Face) -> BoolArray:
        return _passing(face, tip, surroundings, fields)

    replan_s = fastest_s(lambda: side_by_side(passing, faces))
    return {"fields_s": fields_s, "replan_s": replan_s, "replan_directions": 4e6, "replan_fields": 3.0}, fields


def _passing(face: Face, tip_mm: FloatArray, surroundings: Swept, fields: list[Swept]) -> BoolArray:
    exits = sweep_exit(surroundings, face, tip_mm, REACH_MM, table_is_air=True)
    ends = np.zeros(()), exits.depth_mm / face.norms
    hard = [sweep_least(_FULL, field, face, tip_mm, ends) for field in fields]
    return (exits.kind == Exit.SKIN) & (hard[0] >= FREE_LEVEL) & (hard[1] >= FREE_LEVEL) & (hard[2] > 0)


def nerve_root(case: Case) -> tuple[Setting, Target]:
    """What the planner is asked for a nerve root on the left, at the middle foramen or the next one down that can hold a tip."""
    procedure, anatomy = PROCEDURES["prt"], ordered(case.anatomy)
    places = (foramen for foramen in case.left_foramina if foramen.center_mm[2] <= case.tip_mm[2])
    found = (
        find_targets(anatomy, procedure, TargetRequest(place.side, level=f"@{float(place.center_mm[2])}"))[0]
        for place in places
    )
    target = next(one for one in found if len(one.tips_mm))
    return Setting(anatomy, with_roots(anatomy), procedure, is_rehearsal=True), target


def product(case: Case) -> dict[str, float]:
    """The planner's own line for a nerve root: fields made once, then a moved tip and a changed margin, measured exactly."""
    setting, target = nerve_root(case)
    prepared_s = fastest_s(lambda: prepare(setting, target), 1)
    prepared = prepare(setting, target)
    obstacles, tips = prepared.situations[0].obstacles, target.tips_mm
    wider = tuple(replace(one, reserve_mm=one.reserve_mm + 0.5) for one in obstacles)
    return {
        "product_tips": len(tips),
        "product_obstacles": len(obstacles),
        "product_fields_s": prepared_s,
        "product_moved_s": fastest_s(lambda: replanned(prepared, tips[:1] + 0.5 * MOVED_MM, obstacles), 3),
        "product_margin_s": fastest_s(lambda: replanned(prepared, tips[:1], wider), 3),
    }
