"""Organs, vessels and other bones that somebody brings, drawn into an anatomy on the scan's own grid.

In: an anatomy of our own stages and the given masks on the scan's grid. Out: the label map with the given structures, confidence,
uncertainty and origin of each. A given organ replaces ours in the slices it reaches, ours stays beyond them; what is only a part
of a structure (a colon, one artery) is added to ours and never replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.anatomy.compose import PAINTED
from planner.anatomy.model import Anatomy
from planner.anatomy.outside.given import Given, GivenMask
from planner.anatomy.outside.names import TRUST
from planner.structures import Side, Structure
from planner.volume import LabelEntry, LabelMap

IN_STAGES = (Structure.VERTEBRA, Structure.CANAL, Structure.THECAL_SAC, Structure.DISC)
"""What our own stages take up before anything is derived from it; not drawn here."""

_NEVER = (Structure.SKIN, Structure.BODY)
"""The image's own: an entry is where the needle meets the scan's skin."""

_REPLACED = (
    Structure.AORTA, Structure.INFERIOR_VENA_CAVA, Structure.KIDNEY, Structure.LIVER, Structure.SPLEEN, Structure.PSOAS,
    Structure.SACRUM, Structure.ILIUM,
)  # fmt: skip
_BENEATH = {Structure.SACRUM: Structure.BONE, Structure.ILIUM: Structure.BONE}
"""What a voxel of ours becomes where the given structure is not: bone stays bone, an organ becomes body."""

_A_REST = 0.05
"""Of a given structure: less of ours than this beyond it is the rest of its end, and no second opinion (assumed)."""

_ONLY_A_PART = 0.45
"""Of a structure of which we found nothing and only a part is given: a person must look (assumed)."""


def fused(anatomy: Anatomy, given: Given, ours_first: tuple[Structure, ...] = ()) -> Anatomy:
    """The anatomy with the given structures drawn; ``ours_first`` are drawn only where we found none."""
    labels = anatomy.labels.labels.copy()
    entries = dict(anatomy.labels.entries)
    confidence, uncertainty = dict(anatomy.confidence), dict(anatomy.uncertainty_mm)
    origin = dict(anatomy.origin)
    for structure in PAINTED:
        masks = given.of(structure)
        if not masks or structure in (*IN_STAGES, *_NEVER):
            continue
        if structure in ours_first and structure in anatomy.confidence:
            continue
        keeps_ours = _drawn_in(labels, entries, structure, masks, given)
        found = structure in anatomy.confidence
        confidence[structure] = _confidence(structure, anatomy.confidence.get(structure), keeps_ours=keeps_ours)
        uncertainty[structure] = max(
            *(one.uncertainty_mm for one in masks), anatomy.uncertainty_mm.get(structure, 0.0) if keeps_ours else 0.0
        )
        origin[structure] = _origin(masks, has_ours=keeps_ours and found)
    fused_labels = LabelMap(anatomy.labels.geometry, labels, _visible(labels, entries))
    return replace(anatomy, labels=fused_labels, confidence=confidence, uncertainty_mm=uncertainty, origin=origin)


def _drawn_in(
    labels: npt.NDArray[np.uint16],
    entries: dict[int, LabelEntry],
    structure: Structure,
    masks: tuple[GivenMask, ...],
    given: Given,
) -> bool:
    """Draw one structure in place; whether a part worth speaking of stays ours."""
    if structure in _REPLACED:
        for side in {_side(one) for one in masks}:
            own = [
                v for v, e in entries.items() if e.structure is structure and (side is None or e.side in (side, None))
            ]
            _erase(labels, entries, own, [one for one in masks if _side(one) is side], _BENEATH.get(structure), given)
    kept = [v for v, e in entries.items() if e.structure is structure]
    ours = int(np.isin(labels, kept).sum()) if kept else 0
    rank = _ranks(entries)
    for entry in dict.fromkeys(_entry(one, structure) for one in masks):
        value = max(entries, default=0) + 1
        entries[value] = entry
        for one in (one for one in masks if _entry(one, structure) == entry):
            part = labels[one.box]
            part[one.mask & (part > 0) & (rank[part] <= PAINTED.index(structure))] = value
    return ours > _A_REST * sum(int(one.mask.sum()) for one in masks)


def _entry(one: GivenMask, structure: Structure) -> LabelEntry:
    """One value a side; a nerve root keeps its level, so that the target's own is not kept clear of as another's."""
    if structure is Structure.NERVE_ROOT and one.entry is not None:
        return LabelEntry(structure, one.entry.part, one.entry.level, one.entry.side, TRUST)
    return LabelEntry(structure, None, None, _side(one), TRUST)


def _side(one: GivenMask) -> Side | None:
    return None if one.entry is None else one.entry.side


def _erase(
    labels: npt.NDArray[np.uint16],
    entries: Mapping[int, LabelEntry],
    values: list[int],
    masks: list[GivenMask],
    beneath: Structure | None,
    given: Given,
) -> None:
    """Our voxels in the slices that the given masks reach become what lies beneath them."""
    below = next((v for v, e in entries.items() if e.structure is (beneath or Structure.BODY)), 0)
    axis = int(np.argmax(np.abs(given.geometry.axes[2])))
    span = [slice(None)] * 3
    span[axis] = slice(min(one.box[axis].start for one in masks), max(one.box[axis].stop for one in masks))
    part = labels[tuple(span)]
    part[np.isin(part, values)] = below


def _ranks(entries: Mapping[int, LabelEntry]) -> npt.NDArray[np.intp]:
    rank = np.zeros(np.iinfo(np.uint16).max + 1, dtype=np.intp)
    for value, entry in entries.items():
        rank[value] = PAINTED.index(entry.structure)
    return rank


def _confidence(structure: Structure, ours: float | None, *, keeps_ours: bool) -> float:
    if structure in _REPLACED or structure in (Structure.LUNG, Structure.RIB):
        return min(TRUST, ours) if keeps_ours and ours is not None and structure in _REPLACED else TRUST
    return _ONLY_A_PART if ours is None else ours


def _origin(masks: tuple[GivenMask, ...], *, has_ours: bool) -> str:
    sources = dict.fromkeys(one.source.words for one in masks)
    return " and ".join((*sources, *(("needleplan",) if has_ours else ())))


def _visible(labels: npt.NDArray[np.uint16], entries: Mapping[int, LabelEntry]) -> dict[int, LabelEntry]:
    seen = set(np.flatnonzero(np.bincount(labels.ravel())).tolist())
    return {value: entry for value, entry in entries.items() if value in seen}
