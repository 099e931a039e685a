"""How far found landmarks are from the truth: canal, discs, names, joints, foramina, ganglia, sacral foramina.

In: a ``Case`` and the ``Anatomy`` found in it, on one grid. Out: rows of plain numbers; lengths in mm, points LPS.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from accuracy_cases import Case
from accuracy_overlaps import levels_of, selection, signed_mm

from planner.anatomy.model import Anatomy
from planner.geometry import BoolArray, FloatArray
from planner.structures import LevelName, Part, SpineLevel, Structure
from planner.volume import linear

_CERTAIN = 0.8
"""As the planner asks it of a name before a release (`planner.aims.places.SURE_NAME`)."""
_MATCH_MM = 15.0
_AROUND_MM = 12.0
_SAME_GAP_MM, _PLANE_MM = 5.0, 7.0
"""Columns of labelled bodies that show one disc between them; and what they must cover both ways to show its tilt."""


def _true_canal(case: Case) -> FloatArray:
    """(n, 3) middles above the sacrum: closed form, or the sac's label slice by slice."""
    if case.landmarks is not None:
        line = case.landmarks.canal_centreline_mm
        lowest = min(disc.center_mm[2] for disc in case.landmarks.discs)
        return line[case.volume.geometry.contains(line) & (line[:, 2] >= lowest)]
    sac = case.truth.mask(Structure.THECAL_SAC)
    slices = [k for k in range(len(sac)) if sac[k].sum() * case.volume.geometry.spacing_mm[1:].prod() > 20.0]
    middles = [(k, *np.argwhere(sac[k]).mean(axis=0)) for k in slices]
    points = case.volume.geometry.points_mm(np.array(middles).reshape(-1, 3))
    sacral = [centre[2] for name, centre, _ in _true_discs(case) if name.endswith("/S1")]
    return points[points[:, 2] >= min(sacral, default=-np.inf)]


def canal_of(case: Case, anatomy: Anatomy) -> dict[str, Any]:
    """How far the true middles lie from the found line, where both are."""
    truth, found = _true_canal(case), anatomy.canal_centreline_mm
    if len(truth) < 3:
        return {}
    away = np.array([_to_line_mm(point, found) for point in truth])
    low, high = found[:, 2].min() - 3.0, found[:, 2].max() + 3.0
    covered = (truth[:, 2] >= low) & (truth[:, 2] <= high)
    inner = (truth[:, 2] > truth[:, 2].min() + 10.0) & (truth[:, 2] < truth[:, 2].max() - 10.0)
    return {
        "n": int(covered.sum()),
        "mean_mm": float(away[covered].mean()),
        "p95_mm": float(np.percentile(away[covered], 95)),
        "max_mm": float(away[covered].max()),
        "missed": float((~covered[inner]).mean()) if inner.any() else 0.0,
    }


def _to_line_mm(point: FloatArray, line: FloatArray) -> float:
    starts, steps = line[:-1], np.diff(line, axis=0)
    along = np.clip(((point - starts) * steps).sum(axis=1) / np.maximum((steps**2).sum(axis=1), 1e-9), 0.0, 1.0)
    return float(np.linalg.norm(starts + along[:, None] * steps - point, axis=1).min())


def _true_discs(case: Case) -> list[tuple[str, FloatArray, FloatArray]]:
    """(name, centre, normal) of each disc that is in the image with both its neighbours."""
    if case.landmarks is not None:
        inside = [d for d in case.landmarks.discs if _well_inside(case, d.center_mm)]
        return [(str(d.between), d.center_mm, d.normal) for d in inside]
    return [disc for pair in pairwise(_true_bodies(case)) for disc in _disc_between(case, *pair)]


def _well_inside(case: Case, point_mm: FloatArray) -> bool:
    indices = case.volume.geometry.indices(point_mm)
    room = _AROUND_MM / case.volume.geometry.spacing_mm
    return bool(((indices >= room) & (indices <= np.array(case.volume.geometry.shape) - 1 - room)).all())


def _true_bodies(case: Case) -> list[tuple[LevelName, BoolArray]]:
    """Vertebrae cranial to caudal, what lies in front of the sac alone; S1 last where it is labelled."""
    levels = sorted((v for v in levels_of(case.truth) if isinstance(v, SpineLevel)), key=lambda level: level.order)
    masks = [(level, selection(case.truth, Structure.VERTEBRA, level=level)) for level in levels]
    first = selection(case.truth, Structure.SACRUM, level=SpineLevel.S1)
    if first.any() and levels and levels[-1] is SpineLevel.L5:
        masks.append((SpineLevel.S1, first))
    has_parts = any(e.part is Part.BODY for e in case.truth.entries.values())
    if has_parts:
        return [(v, selection(case.truth, Structure.VERTEBRA, level=v, part=Part.BODY)) for v in levels]
    return [(level, mask & _in_front(case, mask)) for level, mask in masks]


def _in_front(case: Case, mask: BoolArray) -> BoolArray:
    """Slice by slice what lies in front of the sac, as wide as a body: in kyphosis one slice's front is another's back."""
    sac = case.truth.mask(Structure.THECAL_SAC)
    front = np.zeros(case.volume.geometry.shape, dtype=bool)
    with_sac = np.flatnonzero(sac.any(axis=(1, 2)))
    if len(with_sac) == 0:
        return front
    _, row_mm, column_mm = case.volume.geometry.spacing_mm
    wide, margin = round(12.0 / column_mm), round(3.0 / row_mm)
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        rows, columns = np.nonzero(sac[with_sac[np.abs(with_sac - k).argmin()]])
        middle = int(columns.mean())
        front[k, : max(0, rows.min() - margin), middle - wide : middle + wide] = True
    return front


def _disc_between(
    case: Case, upper: tuple[LevelName, BoolArray], lower: tuple[LevelName, BoolArray]
) -> Iterable[tuple[str, FloatArray, FloatArray]]:
    """Half-way between the end-plates of two labelled bodies, column by column of voxels, and the plane through it."""
    both = upper[1].any(axis=0) & lower[1].any(axis=0)
    if int(both.sum()) < 10:
        return
    bottom = np.argmax(upper[1], axis=0)[both]
    top = len(lower[1]) - 1 - np.argmax(lower[1][::-1], axis=0)[both]
    points = case.volume.geometry.points_mm(np.column_stack([(bottom + top) / 2.0, np.argwhere(both)]))
    gap_mm = (bottom - top) * float(case.volume.geometry.spacing_mm[0])
    if not 0.0 < np.median(gap_mm) < 16.0 or np.subtract(*np.percentile(gap_mm, [75, 25])) > 5.0:
        return  # labels that overlap or lean over each other do not show where the disc is
    points = points[np.abs(gap_mm - np.median(gap_mm)) <= _SAME_GAP_MM]
    if np.ptp(points[:, :2], axis=0).min() < _PLANE_MM:
        return  # a strip tells no plane: a tilt read from it puts the disc elsewhere
    centre = np.median(points, axis=0)
    slope = np.linalg.lstsq(
        np.column_stack([points[:, :2] - centre[:2], np.ones(len(points))]), points[:, 2], rcond=None
    )[0]
    normal = np.array([-slope[0], -slope[1], 1.0])
    yield f"{upper[0]}/{lower[0]}", np.array([*centre[:2], slope[2]]), normal / np.linalg.norm(normal)


def discs_of(case: Case, anatomy: Anatomy) -> dict[str, Any]:
    """Each true disc against the nearest found one, along its normal; what was found between two of them besides."""
    truth = _true_discs(case)
    if not truth:
        return {}
    rows, used = [], set()
    for name, centre, normal in truth:
        away = [np.linalg.norm(disc.center_mm - centre) for disc in anatomy.discs]
        nearest = int(np.argmin(away)) if away else -1
        if nearest < 0 or away[nearest] > _MATCH_MM:
            rows.append({"name": name, "found": False})
            continue
        used.add(nearest)
        error = float(abs((anatomy.discs[nearest].center_mm - centre) @ normal))
        rows.append({"name": name, "found": True, "error_mm": error, "confidence": anatomy.discs[nearest].confidence})
    extra = [n for n, d in enumerate(anatomy.discs) if n not in used and _is_between_neighbours(d.center_mm, truth)]
    return {"rows": rows, "extra": len(extra)}


def _is_between_neighbours(point_mm: FloatArray, truth: list[tuple[str, FloatArray, FloatArray]]) -> bool:
    """Between two true discs of one vertebra: there is no third."""
    return any(
        upper.split("/")[1] == lower.split("/")[0] and low[2] < point_mm[2] < high[2]
        for (upper, high, _), (lower, low, _) in pairwise(sorted(truth, key=lambda one: -one[1][2]))
    )


def names_of(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """What each found vertebra is called and what it is; vertebrae where nothing is labelled are left out."""
    for vertebra in anatomy.vertebrae:
        true = _true_name(case, anatomy, vertebra.name, vertebra.body_center_mm)
        if true is None:
            continue
        yield {
            "name": str(vertebra.name),
            "true": true,
            "right": str(vertebra.name) == true,
            "named": isinstance(vertebra.name, SpineLevel),
            "certain": vertebra.name_confidence >= _CERTAIN,
            "confidence": vertebra.name_confidence,
        }


def _true_name(case: Case, anatomy: Anatomy, name: LevelName, centre_mm: FloatArray) -> str | None:
    if case.landmarks is not None:
        near = [(float(np.linalg.norm(v.body_center_mm - centre_mm)), str(v.name)) for v in case.landmarks.vertebrae]
        away, true = min(near)
        return true if away < _MATCH_MM else None
    found = selection(anatomy.labels, Structure.VERTEBRA, level=name)
    here = case.truth.labels[found] if found.any() else case.truth.nearest(centre_mm).reshape(-1)
    counts = np.bincount(here)
    best, share = None, 0
    totals: dict[str, int] = {}
    for value, entry in case.truth.entries.items():
        if entry.structure in (Structure.VERTEBRA, Structure.SACRUM) and value < len(counts):
            key = str(entry.level) if entry.structure is Structure.VERTEBRA else "S1"
            totals[key] = totals.get(key, 0) + int(counts[value])
    for key, count in totals.items():
        if count > share:
            best, share = key, count
    return best if share > 0.2 * len(here) else None


def facets_of(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """How far each joint's point, and its surface, lie from the surface half-way between the two labelled bones of its side."""
    distances = _Distances(case)
    true = {row["name"]: SpineLevel(row["true"]) for row in names_of(case, anatomy)}
    for facet in anatomy.facets:
        above, below = (true.get(str(name)) for name in (facet.between.upper, facet.between.lower))
        error = None if above is None or below is None else distances.off_joint_mm(above, below, facet.point_mm[None])
        if error is None or above is None or below is None:
            continue
        x = np.interp(facet.point_mm[2], *_by_height(anatomy.canal_centreline_mm))
        row = {"between": str(facet.between), "side": str(facet.side), "error_mm": float(error[0])}
        row |= {"right_side": bool((facet.point_mm[0] - x) * facet.side.sign > 0), "confidence": facet.confidence}
        surface = distances.off_joint_mm(above, below, facet.surface_mm) if len(facet.surface_mm) else None
        if surface is not None:
            row |= {"surface_median_mm": float(np.median(surface)), "surface_p95_mm": float(np.percentile(surface, 95))}
        yield row


class _Distances:
    """To each labelled vertebra, measured when first asked for."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.maps: dict[SpineLevel, np.ndarray | None] = {}

    def off_joint_mm(self, above: SpineLevel, below: SpineLevel, points_mm: FloatArray) -> FloatArray | None:
        """(n,) distance from half-way between two bones, and from touching both; None where one is not labelled."""
        upper, lower = self._of(above, points_mm), self._of(below, points_mm)
        if upper is None or lower is None:
            return None
        return np.maximum(np.abs(upper - lower) / 2.0, (upper + lower) / 2.0 - 1.5)

    def _of(self, level: SpineLevel, points_mm: FloatArray) -> FloatArray | None:
        geometry = self.case.volume.geometry
        if level not in self.maps:
            mask = selection(self.case.truth, Structure.VERTEBRA, level=level)
            if level is SpineLevel.S1:
                mask = self.case.truth.mask(Structure.SACRUM)
            self.maps[level] = signed_mm(mask, geometry) if mask.any() else None
        grid = self.maps[level]
        return None if grid is None else linear(grid, geometry.indices(points_mm), 99.0)


def _by_height(line: FloatArray) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(line[:, 2])
    return line[order, 2], line[order, 0]


def landmarks_of(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """Foramina, joints and ganglia of phantoms: the nearest found of the same side, and whether its name is right."""
    if case.landmarks is None:
        return
    truth = case.landmarks
    kinds = (
        ("foramen", truth.foramina, anatomy.foramina, "center_mm"),
        ("facet point", truth.facets, anatomy.facets, "point_mm"),
        ("ganglion", truth.nerve_roots, anatomy.nerve_roots, "ganglion_mm"),
        ("sacral foramen", truth.sacral_foramina, anatomy.sacral_foramina, "posterior_mm"),
    )
    for kind, true_ones, found_ones, point in kinds:
        for one in true_ones:
            if _well_inside(case, getattr(one, point)):
                yield {"kind": kind} | _nearest(one, found_ones, point)


def _nearest(one: Any, found: Iterable[Any], point: str) -> dict[str, Any]:  # noqa: ANN401 - any kind of landmark
    row = {"between": str(one.between), "side": str(one.side), "found": False}
    same = [(float(np.linalg.norm(getattr(f, point) - getattr(one, point))), n, f) for n, f in enumerate(found)]
    away, _, best = min(same, default=(np.inf, 0, None))
    if best is None or away > _MATCH_MM:
        return row
    row |= {"found": True, "error_mm": away, "right_side": best.side is one.side, "confidence": best.confidence}
    row["right_level"] = str(best.between) == str(one.between)
    if hasattr(best, "uncertainty_mm"):
        row["uncertainty_mm"] = best.uncertainty_mm
    return row
