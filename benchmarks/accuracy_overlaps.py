"""How much of the drawn structures is true: overlaps, surfaces, and what a needle would miss.

In: a ``Case`` and the ``Anatomy`` found in it, on one grid. Out: rows of plain numbers; lengths in mm, points LPS.
What may be missed is judged as a needle would: how much of a structure at risk is held by any obstacle (`recall_any`), and the margin that
would hold what its own label misses (`under_mm`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from accuracy_cases import Case

from planner.anatomy.model import Anatomy, Surroundings
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import LevelName, Part, Side, Structure
from planner.volume import LabelMap

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
_GAS_HU = -400
_AROUND_MM = 12.0
_LEAST_VOXELS = 30
_SETTLED, _ARCH = 20, 1.5
"""A section half as large again as every one of the slices below is where the arch begins."""


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


def _row(name: str, found: BoolArray, truth: BoolArray, geometry: VolumeGeometry) -> Iterable[dict[str, Any]]:
    if int(truth.sum()) >= _LEAST_VOXELS:
        yield {"structure": name, "cut": _is_cut(truth)} | agreement(found, truth, geometry)


def hull(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """The body against all that is labelled, where that is a whole body."""
    if case.skin_is_known:
        body = anatomy.surroundings.labels == Surroundings.BODY
        yield from _row("skin", np.asarray(body), case.truth.labels > 0, case.volume.geometry)


def structures(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """Each structure that is drawn as a whole, and each side of those that come in pairs."""
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


def levels_of(labels: LabelMap) -> list[LevelName]:
    """The levels that a label map holds vertebrae of."""
    found = {e.level for e in labels.entries.values() if e.structure is Structure.VERTEBRA and e.level is not None}
    return sorted(found, key=str)


def vertebrae(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """Each true vertebra against the one found that shares most voxels with it, whatever its name."""
    geometry = case.volume.geometry
    has_parts = any(e.part is Part.BODY for e in case.truth.entries.values())
    for level in levels_of(case.truth):
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


def below_the_arch(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
    """The descending aorta alone, found and true, as high as the slices in which it is a section of its own."""
    truth = case.truth.mask(Structure.AORTA)
    descending = _descending(truth)
    rows = np.flatnonzero(descending.any(axis=(1, 2)))
    if not len(rows) or not truth[rows[-1] + 1 :].any():
        return
    found = anatomy.labels.mask(Structure.AORTA)
    found[rows[-1] + 1 :] = False
    yield from _row("descending aorta", found, descending, case.volume.geometry)


def _descending(aorta: BoolArray) -> BoolArray:
    """From below: in each slice the parts that go on from the slice below, up to where they are much larger: the arch."""
    kept = np.zeros_like(aorta)
    areas: list[int] = []
    for k in np.flatnonzero(aorta.any(axis=(1, 2))):
        parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(aorta[k].astype(np.uint8))))
        going_on = np.unique(parts[kept[k - 1] & aorta[k]])
        own = np.isin(parts, going_on if len(going_on) else np.unique(parts)) & aorta[k]
        if len(areas) > _SETTLED and own.sum() > _ARCH * max(areas):
            break
        kept[k] = own
        areas.append(int(own.sum()))
    return kept


def _best_level(labels: LabelMap, truth: BoolArray) -> LevelName | None:
    values, counts = np.unique(labels.labels[truth], return_counts=True)
    shared: dict[LevelName, int] = {}
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        entry = labels.entries.get(value)
        if entry is not None and entry.structure is Structure.VERTEBRA and entry.level is not None:
            shared[entry.level] = shared.get(entry.level, 0) + count
    return max(shared, key=lambda level: shared[level]) if shared else None


def risks(case: Case, anatomy: Anatomy) -> Iterable[dict[str, Any]]:
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


def gas_held(case: Case, anatomy: Anatomy) -> dict[str, Any]:
    """How much of the gas in hollow organs is held."""
    gas = np.isin(case.truth.labels, case.hollow) & (case.volume.voxels < _GAS_HU)
    if int(gas.sum()) < _LEAST_VOXELS:
        return {}
    return {"voxels": int(gas.sum()), "recall": float(anatomy.labels.mask(Structure.GAS, Structure.BOWEL)[gas].mean())}
