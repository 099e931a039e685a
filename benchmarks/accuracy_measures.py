"""How far found anatomy is from the truth: volumes, surfaces, landmarks, names.

In: a ``Case`` and the ``Anatomy`` found in it, on one grid. Out: plain numbers for the report; lengths in mm, points LPS.
What may be missed is judged as a needle would: how much of a structure at risk is held by any obstacle (`recall_any`), and the margin that
would hold what its own label misses (`under_mm`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from accuracy_cases import Case

from planner.anatomy.model import Anatomy, Surroundings
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.structures import LevelName, Part, Side, SpineLevel, Structure
from planner.volume import LabelMap, linear

AT_RISK = (
    Structure.THECAL_SAC,
    Structure.AORTA,
    Structure.INFERIOR_VENA_CAVA,
    Structure.ARTERY,
    Structure.VEIN,
    Structure.KIDNEY,
    Structure.LUNG,
    Structure.BOWEL,
    Structure.LIVER,
    Structure.SPLEEN,
)
OBSTACLES = (
    *AT_RISK,
    Structure.CANAL,
    Structure.NERVE_ROOT,
    Structure.PLEURAL_ZONE,
    Structure.GAS,
    Structure.URETER,
    Structure.VERTEBRA,
    Structure.SACRUM,
    Structure.ILIUM,
    Structure.RIB,
    Structure.BONE,
    Structure.METAL,
    Structure.DISC,
)
HELD_BY = {
    Structure.THECAL_SAC: (Structure.THECAL_SAC, Structure.CANAL, Structure.NERVE_ROOT),
    Structure.LUNG: (Structure.LUNG, Structure.PLEURAL_ZONE),
    Structure.BOWEL: (Structure.BOWEL, Structure.GAS),
}
"""Labels that say the same to a needle; else a structure's own label."""

_SIDED = (Structure.KIDNEY, Structure.ILIUM, Structure.RIB, Structure.ARTERY, Structure.VEIN, Structure.PSOAS)
_WHOLE = (Structure.SACRUM, Structure.AORTA, Structure.INFERIOR_VENA_CAVA, Structure.LUNG, Structure.LIVER,
          Structure.SPLEEN, Structure.BOWEL)  # fmt: skip
_CERTAIN = 0.8
"""As the planner asks it of a name before a release (`planner.aims.places.SURE_NAME`)."""
_MATCH_MM = 15.0
_GAS_HU = -400
_AROUND_MM = 12.0
_LEAST_VOXELS = 30


def selection(labels: LabelMap, structure: Structure, **wanted: object) -> BoolArray:
    """Voxels of a structure whose label has the given level, side or part."""
    values = [
        v
        for v, e in labels.entries.items()
        if e.structure is structure and all(getattr(e, name) == value for name, value in wanted.items())
    ]
    return np.isin(labels.labels, values)


def _box(mask: BoolArray, geometry: VolumeGeometry, around_mm: float) -> tuple[slice, ...]:
    box = []
    for axis, spacing in enumerate(geometry.spacing_mm):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        pad = int(np.ceil(around_mm / float(spacing)))
        box.append(slice(max(0, int(used[0]) - pad), int(used[-1]) + pad + 1))
    return tuple(box)


def signed_mm(mask: BoolArray, geometry: VolumeGeometry) -> np.ndarray:
    """Distance to a mask, negative inside, on its own grid."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing([float(mm) for mm in geometry.spacing_mm[::-1]])
    return sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True))


def agreement(found: BoolArray, truth: BoolArray, geometry: VolumeGeometry) -> dict[str, Any]:
    """Dice, recall, surface distances (both ways together), and the margin that would hold all truth."""
    if not truth.any():
        return {}
    if not found.any():
        return {"dice": 0.0, "recall": 0.0, "truth_ml": _ml(truth, geometry)}
    box = _box(found | truth, geometry, 2.0)
    f, t = found[box], truth[box]
    both = float((f & t).sum())
    to_found, to_truth = signed_mm(f, geometry), signed_mm(t, geometry)
    apart = np.abs(np.concatenate([to_truth[_rim(f)], to_found[_rim(t)]]))
    missed = t & ~f
    return {
        "dice": 2 * both / float(f.sum() + t.sum()),
        "recall": both / float(t.sum()),
        "surface_mean_mm": float(apart.mean()),
        "surface_p95_mm": float(np.percentile(apart, 95)),
        "under_mm": float(to_found[missed].max()) if missed.any() else 0.0,
        "truth_ml": _ml(truth, geometry),
    }


def _ml(mask: BoolArray, geometry: VolumeGeometry) -> float:
    return float(mask.sum() * geometry.spacing_mm.prod() / 1000.0)


def _rim(mask: BoolArray) -> BoolArray:
    inner = sitk.BinaryErode(sitk.GetImageFromArray(mask.astype(np.uint8)), [1, 1, 1], sitk.sitkCross)
    return mask & (sitk.GetArrayFromImage(inner) == 0)


def _is_cut(mask: BoolArray) -> bool:
    """Reaches the first or last slice: only a part of it is in the image."""
    return bool(mask[0].any() or mask[-1].any())


def measure(case: Case, anatomy: Anatomy) -> dict[str, Any]:
    """All that is known of one case."""
    rows = [*_hull(case, anatomy), *_structures(case, anatomy), *_vertebrae(case, anatomy)]
    return {
        "structures": rows,
        "at_risk": list(_risks(case, anatomy)),
        "gas": _gas(case, anatomy),
        "canal": _canal(case, anatomy),
        "discs": _discs(case, anatomy),
        "names": list(_names(case, anatomy)),
        "facets": list(_facets(case, anatomy)),
        "landmarks": list(_landmarks(case, anatomy)),
        "warnings": list(anatomy.warnings),
        "naming": anatomy.naming,
        "confidence": {str(k): v for k, v in anatomy.confidence.items()},
        "uncertainty_mm": {str(k): v for k, v in anatomy.uncertainty_mm.items()},
    }


def _row(name: str, found: BoolArray, truth: BoolArray, geometry: VolumeGeometry) -> Iterable[dict[str, Any]]:
    if int(truth.sum()) >= _LEAST_VOXELS:
        yield {"structure": name, "cut": _is_cut(truth)} | agreement(found, truth, geometry)


def _hull(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    if case.skin_is_known:
        body = anatomy.surroundings.labels == Surroundings.BODY
        yield from _row("skin", np.asarray(body), case.truth.labels > 0, case.volume.geometry)


def _structures(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    geometry = case.volume.geometry
    for structure in _WHOLE:
        found = anatomy.labels.mask(
            *({Structure.LUNG: (structure,)}.get(structure) or HELD_BY.get(structure, (structure,)))
        )
        yield from _row(str(structure), found, case.truth.mask(structure), geometry)
    for structure in _SIDED:
        for side in Side:
            found = selection(anatomy.labels, structure, side=side)
            yield from _row(f"{structure} {side}", found, selection(case.truth, structure, side=side), geometry)


def _levels(labels: LabelMap) -> list[LevelName]:
    found = {e.level for e in labels.entries.values() if e.structure is Structure.VERTEBRA and e.level is not None}
    return sorted(found, key=str)


def _vertebrae(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """Each true vertebra against the one found that shares most voxels with it, whatever its name."""
    geometry = case.volume.geometry
    has_parts = any(e.part is Part.BODY for e in case.truth.entries.values())
    for level in _levels(case.truth):
        truth = selection(case.truth, Structure.VERTEBRA, level=level)
        best = _best_level(anatomy.labels, truth)
        kind = {"kind": "whole vertebra", "level": str(level), "named": str(best)}
        found = selection(anatomy.labels, Structure.VERTEBRA, level=best)
        for row in _row(f"vertebra {level}", found, truth, geometry):
            yield row | kind
        for part in Part if has_parts else ():
            true_part = selection(case.truth, Structure.VERTEBRA, level=level, part=part)
            found_part = selection(anatomy.labels, Structure.VERTEBRA, level=best, part=part)
            for row in _row(f"{part} {level}", found_part, true_part, geometry):
                yield row | kind | {"kind": str(part), "cut": _is_cut(truth)}


def _best_level(labels: LabelMap, truth: BoolArray) -> LevelName | None:
    values, counts = np.unique(labels.labels[truth], return_counts=True)
    shared: dict[LevelName, int] = {}
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        entry = labels.entries.get(value)
        if entry is not None and entry.structure is Structure.VERTEBRA and entry.level is not None:
            shared[entry.level] = shared.get(entry.level, 0) + count
    return max(shared, key=lambda level: shared[level]) if shared else None


def _risks(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """Recall of forbidden voxels: by own label, grown by its own uncertainty, and by any obstacle."""
    geometry = case.volume.geometry
    obstacle = anatomy.labels.mask(*OBSTACLES)
    for structure in AT_RISK:
        truth = case.truth.mask(structure)
        if int(truth.sum()) < _LEAST_VOXELS:
            continue
        own = anatomy.labels.mask(*HELD_BY.get(structure, (structure,)))
        any_ = obstacle | own
        row = {"structure": str(structure), "voxels": int(truth.sum()), "recall_any": float(any_[truth].mean())}
        row["under_any_mm"] = _margin_mm(any_, truth, geometry)
        row["recall_own"] = float(own[truth].mean())
        if own.any():
            box = _box(own | truth, geometry, 2.0)
            away = signed_mm(own[box], geometry)[truth[box]]
            grown = max((anatomy.uncertainty_mm.get(s, 0.0) for s in HELD_BY.get(structure, (structure,))), default=0.0)
            row |= {"recall_grown": float((away <= grown).mean()), "under_mm": max(0.0, float(away.max()))}
            row["confidence"] = anatomy.confidence.get(structure)
        yield row


def _margin_mm(held: BoolArray, truth: BoolArray, geometry: VolumeGeometry) -> float:
    if not (truth & ~held).any():
        return 0.0
    box = _box(truth, geometry, _AROUND_MM)
    if not held[box].any():
        return float("inf")
    return max(0.0, float(signed_mm(held[box], geometry)[truth[box]].max()))


def _gas(case: Case, anatomy: Anatomy) -> dict[str, Any]:
    gas = np.isin(case.truth.labels, case.hollow) & (case.volume.voxels < _GAS_HU)
    if int(gas.sum()) < _LEAST_VOXELS:
        return {}
    return {"voxels": int(gas.sum()), "recall": float(anatomy.labels.mask(Structure.GAS, Structure.BOWEL)[gas].mean())}


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


def _canal(case: Case, anatomy: Anatomy) -> dict[str, Any]:
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
    levels = sorted((v for v in _levels(case.truth) if isinstance(v, SpineLevel)), key=lambda level: level.order)
    masks = [(level, selection(case.truth, Structure.VERTEBRA, level=level)) for level in levels]
    first = selection(case.truth, Structure.SACRUM, level=SpineLevel.S1)
    if first.any() and levels and levels[-1] is SpineLevel.L5:
        masks.append((SpineLevel.S1, first))
    has_parts = any(e.part is Part.BODY for e in case.truth.entries.values())
    if has_parts:
        return [(v, selection(case.truth, Structure.VERTEBRA, level=v, part=Part.BODY)) for v in levels]
    return [(level, mask & _in_front(case, mask)) for level, mask in masks]


def _in_front(case: Case, mask: BoolArray) -> BoolArray:
    sac = case.truth.mask(Structure.THECAL_SAC)
    k = np.flatnonzero(mask.any(axis=(1, 2)))
    near = sac[k[0] : k[-1] + 1]
    rows = np.flatnonzero(near.any(axis=(0, 2)))
    columns = np.flatnonzero(near.any(axis=(0, 1)))
    front = np.zeros(case.volume.geometry.shape, dtype=bool)
    if len(rows):
        wide = round(12.0 / float(case.volume.geometry.spacing_mm[2]))
        middle = int(columns.mean())
        front[
            :, : max(0, rows[0] - round(3.0 / float(case.volume.geometry.spacing_mm[1]))), middle - wide : middle + wide
        ] = True
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
    centre = np.median(points, axis=0)
    slope = np.linalg.lstsq(
        np.column_stack([points[:, :2] - centre[:2], np.ones(len(points))]), points[:, 2], rcond=None
    )[0]
    normal = np.array([-slope[0], -slope[1], 1.0])
    yield f"{upper[0]}/{lower[0]}", np.array([*centre[:2], slope[2]]), normal / np.linalg.norm(normal)


def _discs(case: Case, anatomy: Anatomy) -> dict[str, Any]:
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


def _names(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
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


def _facets(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """How far each joint's point lies from the surface half-way between the two labelled bones of its own side."""
    geometry = case.volume.geometry
    maps: dict[str, np.ndarray | None] = {}

    def distance(level: LevelName, point_mm: FloatArray) -> float:
        if str(level) not in maps:
            mask = selection(case.truth, Structure.VERTEBRA, level=level)
            if level is SpineLevel.S1:
                mask = case.truth.mask(Structure.SACRUM)
            maps[str(level)] = signed_mm(mask, geometry) if mask.any() else None
        grid = maps[str(level)]
        return float("nan") if grid is None else float(linear(grid, geometry.indices(point_mm[None]), 99.0)[0])

    true = {row["name"]: SpineLevel(row["true"]) for row in _names(case, anatomy)}
    for facet in anatomy.facets:
        above, below = (true.get(str(name)) for name in (facet.between.upper, facet.between.lower))
        if above is None or below is None:
            continue
        upper, lower = distance(above, facet.point_mm), distance(below, facet.point_mm)
        if np.isnan(upper) or np.isnan(lower):
            continue
        error = max(abs(upper - lower) / 2.0, (upper + lower) / 2.0 - 1.5)
        x = np.interp(facet.point_mm[2], *_by_height(anatomy.canal_centreline_mm))
        beside = bool((facet.point_mm[0] - x) * facet.side.sign > 0)
        yield {
            "between": str(facet.between),
            "side": str(facet.side),
            "error_mm": error,
            "right_side": beside,
            "confidence": facet.confidence,
        }


def _by_height(line: FloatArray) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(line[:, 2])
    return line[order, 2], line[order, 0]


def _landmarks(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """Foramina, joints and ganglia of phantoms: the nearest found of the same side, and whether its name is right."""
    if case.landmarks is None:
        return
    truth = case.landmarks
    kinds = (
        ("foramen", truth.foramina, anatomy.foramina, "center_mm"),
        ("facet point", truth.facets, anatomy.facets, "point_mm"),
        ("ganglion", truth.nerve_roots, anatomy.nerve_roots, "ganglion_mm"),
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
