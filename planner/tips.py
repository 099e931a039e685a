"""Tip points in one foramen's fat, dorsal of the exiting root.

In: an anatomy, a foramen, the modelled root. Out: at most 16 points, the best first, LPS mm, and why others were left out.
Lumbar target: below the pedicle, lateral of its mid-line, dorsal of the exiting root (pijn.com, lumbar transforaminal), out of
the antero-superior quadrant; postero-superior fat is the safer default. Thoracic target: low in the foramen, behind or below
the root.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.anatomy.model import Anatomy, Foramen, NerveRoot, Surroundings
from planner.geometry import BoolArray, FloatArray, IntArray, frozen, unit
from planner.obstacles import BONES, Obstacle, find_obstacles, with_roots
from planner.procedure import Procedure
from planner.structures import Side, SpineLevel
from planner.sweep.fields import DistanceField, Lattice
from planner.target import ForamenFrame, has_arterial_quadrant
from planner.volume import LabelMap

__all__ = ["ForamenFrame", "has_arterial_quadrant"]

MOST_TIPS = 16
TIP_GRID_MM = 0.5
TIP_SPACING_MM = 1.2
"""Between tip points of one target: fewer than the needle's own scatter apart would be one point."""

PEDICLE_HALF_WIDTH_MM = (3.5, 7.0)
"""Tips lie between the pedicle's mid-line ("dura medial to pedicle mid-line") and the "line through lateral pedicle edges"
(pijn.com). The half width is measured, and held to this range where a transverse process hides the edge: lumbar pedicles
are 7 to 18 mm wide (Zindrick 1987, Spine 12:160)."""

LEAST_ACROSS, LEAST_CRANIAL = 0.77, 0.34
"""Cosines: a line between two foramina more than 40 degrees off the patient's left, or between two pedicles more than 70
degrees off cranial, is no spine but a landmark that went wrong (L5/S1 leans by 45 degrees); assumed."""

BEYOND_EDGE_MM = 2.0
"""How far lateral of the pedicle's edge a tip may lie, at the foramen's exit; assumed."""

ABOVE_ROOF_MM = (3.0, 4.0, 5.0, 6.0)
"""Where the pedicle's lateral edge is looked for, above the roof of the foramen; a lumbar pedicle is 14 mm high or more."""

NEAR_ROOT_MM = 6.0
"""From tip to the root's surface: a tip further away is at another place; assumed (mean 4.4 mm at CT-guided dorsal cervical
blocks, PMC7964002)."""

LOWEST_FORAMEN_MM = 4.0
"""Between the pedicles: less is no opening, or a landmark that went wrong (lumbar foramina are 11 to 23 mm high, assumed)."""

IDEAL_LATERAL_MM, IDEAL_GAP_MM = 2.0, 2.0
"""Lateral of the pedicle's mid-line, and between root and needle axis; assumed (root distance at CT-guided dorsal cervical
blocks: 4.4 mm, PMC7964002)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a foramen may hold a tip; shares of its height are counted from the upper pedicle down."""

    height_share: tuple[float, float]
    ideal_share: float
    below_root: bool
    """Caudal of the root as well as dorsal of it; the best place is then in the foramen's middle, not close behind the root."""


SUBPEDICULAR = Window((0.05, 0.6), 0.3, below_root=False)
"""Lumbar: below the pedicle, above the disc's level; assumed."""

LOW_IN_THE_FORAMEN = Window((0.05, 0.95), 0.8, below_root=True)
"""Thoracic: infraneural, "low in the hole", in the foramen's lower third (radiologykey, thoracic transforaminal); the whole
opening between facet joint, pedicle, transverse process and rib is the window (alpfmedical, thoracic selective epidural)."""


def window_of(upper: object) -> Window:
    """Of the foramen below a vertebra; without a name it counts as lumbar."""
    is_thoracic = isinstance(upper, SpineLevel) and upper.region == "T"
    return LOW_IN_THE_FORAMEN if is_thoracic else SUBPEDICULAR


TOUCH_MM = 0.3
"""Kept between needle and drawn root at the tip, so that the exact measurement confirms it; assumed."""

FIELD_STEP_MM = 0.45

ENOUGH_MM, TOLD_APART_MM = 1.5, 2.0
"""More room at a tip makes no tip better, assumed; and how much is looked for."""


def foramen_frame(anatomy: Anatomy, foramen: Foramen) -> ForamenFrame:
    """Directions from the two foramina of a level, or from the patient's axes where only one was found."""
    cranial = unit(foramen.pedicle_above_mm - foramen.pedicle_below_mm)
    left = np.array([1.0, 0.0, 0.0])
    pair = {f.side: f.center_mm for f in anatomy.foramina if f.between == foramen.between}
    if len(pair) == 2:
        across = unit(pair[Side.LEFT] - pair[Side.RIGHT])
        left = across if across[0] >= LEAST_ACROSS else left
    left = unit(left - (left @ cranial) * cranial)
    lateral = foramen.side.sign * left
    return ForamenFrame(
        frozen(foramen.center_mm),
        frozen(lateral),
        frozen(np.cross(cranial, left)),
        frozen(cranial),
        float(np.linalg.norm(foramen.pedicle_above_mm - foramen.pedicle_below_mm)) * (cranial[2] >= LEAST_CRANIAL),
        float((foramen.pedicle_above_mm - foramen.center_mm) @ lateral),
        float((foramen.pedicle_above_mm - foramen.center_mm) @ cranial),
        float((foramen.pedicle_above_mm - foramen.center_mm) @ np.cross(cranial, left)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tips:
    """(m, 3) points for a tip, the best first, and how many candidates each reason left out, by the first that did."""

    points_mm: FloatArray
    rejected: Mapping[str, int]
    binding: str = ""
    """Where none is left: the reason that alone keeps out the most candidates; empty where none does so alone."""


def tip_points(
    anatomy: Anatomy, procedure: Procedure, foramen: Foramen, frame: ForamenFrame, root: NerveRoot | None
) -> Tips:
    """The candidates of one foramen that keep every limit."""
    if frame.height_mm < LOWEST_FORAMEN_MM:
        return Tips(np.empty((0, 3)), {f"tip: foramen lower than {LOWEST_FORAMEN_MM:g} mm": 1})
    window = window_of(foramen.between.upper)
    points = _grid(frame, pedicle_half_width_mm(anatomy, frame), window)
    radius_mm = procedure.needles[0].radius_mm
    reasons = outside_reasons(anatomy, points)
    if has_arterial_quadrant(foramen.between.upper):
        reasons["tip: arterial quadrant"] = frame.outside_quadrant_mm(points) < radius_mm
    if root is not None:
        away = points - _nearest_on(root.course_mm, points)
        beside = "dorsal or caudal" if window.below_root else "dorsal"
        reasons[f"tip: not {beside} of the root"] = ~_is_beside(away, frame, window)
        reasons["tip: far from the root"] = np.linalg.norm(away, axis=1) > root.radius_mm + NEAR_ROOT_MM
    labels = with_roots(anatomy)
    obstacles = find_obstacles(anatomy, labels, procedure, foramen.between, foramen.side)
    wished = np.linalg.norm(points - _ideal(frame, root, window), axis=1)
    return best_tips(points, wished, reasons, room_at(labels, obstacles, points, radius_mm))


def best_tips(
    points_mm: FloatArray,
    from_wished_mm: FloatArray,
    reasons: Mapping[str, BoolArray],
    room: list[tuple[str, FloatArray]],
    enough_mm: float = ENOUGH_MM,
) -> Tips:
    """What every reason and every obstacle leave; ``enough_mm`` of room are weighed against as much nearness to the place wished."""
    reasons = dict(reasons)
    least = np.full(len(points_mm), np.inf)
    for name, spare_mm in room:
        reasons[f"tip: {name}"] = spare_mm < 0
        least = np.minimum(least, spare_mm)
    rejected, left = _counted(reasons, len(points_mm))
    score = from_wished_mm - np.minimum(least, enough_mm)
    order = left[np.argsort(score[left], kind="stable")]
    return Tips(np.round(_thinned(points_mm[order]), 6), rejected, "" if len(left) else _binding(reasons))


def _binding(reasons: Mapping[str, BoolArray]) -> str:
    """The reason that most candidates break and no other; empty without such a candidate."""
    broken = np.sum(list(reasons.values()), axis=0)
    alone = {name: int((bad & (broken == 1)).sum()) for name, bad in reasons.items()}
    name = max(alone, key=lambda one: alone[one], default="")
    return name if name and alone[name] else ""


def pedicle_half_width_mm(anatomy: Anatomy, frame: ForamenFrame) -> float:
    """From the upper pedicle's mid-line to its lateral edge, held to ``PEDICLE_HALF_WIDTH_MM``."""
    lateral = np.arange(0.0, PEDICLE_HALF_WIDTH_MM[1] + 1.0, 0.25)
    cranial = frame.top_mm + np.array(ABOVE_ROOF_MM)
    local = np.stack(
        np.meshgrid(frame.midline_of_pedicle_mm + lateral, [frame.roof_mm], cranial, indexing="ij"), axis=-1
    )
    inside = np.isin(anatomy.labels.nearest(frame.lps(local[:, 0])), anatomy.labels.values_of(*BONES))
    edges = np.where(inside.all(axis=0), lateral[-1], lateral[np.argmin(inside, axis=0)])
    return float(np.clip(np.median(edges), *PEDICLE_HALF_WIDTH_MM))


def _grid(frame: ForamenFrame, half_width_mm: float, window: Window) -> FloatArray:
    lateral = frame.midline_of_pedicle_mm + np.arange(0.0, half_width_mm + BEYOND_EDGE_MM + 0.1, TIP_GRID_MM)
    dorsal = np.arange(-6.0, 12.1, TIP_GRID_MM)
    top = frame.top_mm
    cranial = top - np.arange(*window.height_share, TIP_GRID_MM / frame.height_mm) * frame.height_mm
    local = np.stack(np.meshgrid(lateral, dorsal, cranial, indexing="ij"), axis=-1).reshape(-1, 3)
    return frame.lps(local)


def _nearest_on(course_mm: FloatArray, points_mm: FloatArray) -> FloatArray:
    """(n, 3) nearest point of a polyline, sampled four times on each of its legs."""
    share = np.linspace(0, 1, 4, endpoint=False)[:, None, None]
    dense = ((1 - share) * course_mm[:-1] + share * course_mm[1:]).reshape(-1, 3)
    dense = np.concatenate([dense, course_mm[-1:]])
    distances = np.linalg.norm(points_mm[:, None, :] - dense[None, :, :], axis=-1)
    nearest: FloatArray = dense[np.argmin(distances, axis=1)]
    return nearest


def _is_beside(from_root_mm: FloatArray, frame: ForamenFrame, window: Window) -> BoolArray:
    """Points that lie behind the root, or below it where the window says so: at most 60 degrees off that side."""
    way = unit(from_root_mm)
    is_dorsal = np.asarray(way @ frame.dorsal >= 0.5)
    return is_dorsal | np.asarray(way @ frame.cranial <= -0.5) if window.below_root else is_dorsal


def _ideal(frame: ForamenFrame, root: NerveRoot | None, window: Window) -> FloatArray:
    place = np.array(
        [frame.midline_of_pedicle_mm + IDEAL_LATERAL_MM, 0.0, frame.top_mm - window.ideal_share * frame.height_mm]
    )
    if window.below_root:
        return frame.lps(place)
    behind = IDEAL_GAP_MM
    if root is not None:
        nearest = frame.local(_nearest_on(root.course_mm, frame.lps(place)[None]))[0]
        behind = float(nearest[1]) + root.radius_mm + IDEAL_GAP_MM
    place[1] = behind
    return frame.lps(place)


def room_at(
    labels: LabelMap, obstacles: tuple[Obstacle, ...], points_mm: FloatArray, radius_mm: float
) -> list[tuple[str, FloatArray]]:
    """Room at each point beyond each obstacle's margin; the target's own nerve may be near, not touched."""
    found = []
    for obstacle in obstacles:
        limit_mm = (TOUCH_MM if obstacle.tip_zone_mm else obstacle.margin_mm) + radius_mm
        known_mm = limit_mm + TOLD_APART_MM
        lattice = Lattice.around(labels.geometry, points_mm, known_mm, FIELD_STEP_MM)
        mask = np.isin(lattice.crop(labels.labels), obstacle.values, kind="table")
        if mask.any():
            field = DistanceField(lattice, lattice.distance_mm(mask, known_mm), known_mm)
            found.append((obstacle.name, field.at(points_mm) - limit_mm))
    return found


def outside_reasons(anatomy: Anatomy, points_mm: FloatArray) -> dict[str, BoolArray]:
    """Points that no needle can reach through skin."""
    return {
        "tip: outside the body": anatomy.surroundings.nearest(points_mm) != Surroundings.BODY,
        "tip: outside the image": ~anatomy.labels.geometry.contains(points_mm),
    }


def _counted(reasons: Mapping[str, BoolArray], count: int) -> tuple[Mapping[str, int], IntArray]:
    left = np.ones(count, bool)
    rejected = {}
    for name, bad in reasons.items():
        rejected[name] = int((left & bad).sum())
        left &= ~bad
    return {name: n for name, n in rejected.items() if n}, np.flatnonzero(left)


def _thinned(points_mm: FloatArray) -> FloatArray:
    """The first points that lie ``TIP_SPACING_MM`` apart, at most ``MOST_TIPS``."""
    kept = np.empty((0, 3))
    while len(points_mm) and len(kept) < MOST_TIPS:
        kept = np.concatenate([kept, points_mm[:1]])
        points_mm = points_mm[np.linalg.norm(points_mm - points_mm[0], axis=1) >= TIP_SPACING_MM]
    return kept
