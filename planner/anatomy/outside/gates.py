"""Whether a segmentation can be what it says: questions with a number and a limit, for any source.

In: masks with their levels, the canal, bone and foramina. Out: ``Gate`` answers. A gate that fails lowers its structure's
confidence below what a release needs, so that a person must look; it never repairs anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.anatomy import itk
from planner.anatomy.model import Foramen
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.structures import Side, SpineLevel, Structure

DOUBTFUL = 0.3
"""Confidence that a failed gate leaves at most: below what a release needs (assumed)."""

_SMALLEST, _LARGEST = 0.6, 1.6
"""Of a vertebra's volume to its neighbour's: L5 to L4 is 0.9 to 1.1, T1 to T2 0.9 (Panjabi 1992, Spine 17:299); a body
without its arch is 0.5 to 0.6 of it."""

_ONE = 0.9
"""Of a segment in its largest piece: specks are common, halves are not (assumed)."""

_IN_RING = 0.8
"""Of a canal's voxels within the ring that the scan's own bone draws: borders differ by a voxel (assumed)."""

_OVERLAP = 0.05
"""Of a canal in given bone: a shared layer of border voxels (assumed)."""

_AREA_RATIO = 2.0
"""Left to right foramen; stenosis of one side rarely halves it (assumed)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One question, its answer in words, and whose confidence it lowers; ``levels`` where it is some vertebrae alone."""

    structure: Structure
    question: str
    found: str
    is_passed: bool
    levels: tuple[SpineLevel, ...] = ()

    @property
    def words(self) -> str:
        """For a person."""
        return f"{'passed' if self.is_passed else 'GATE FAILED'}: {self.question}: {self.found}"


def ordered_levels(middles_s_mm: Mapping[SpineLevel, float]) -> Gate:
    """From below to above, each level is the next one up; nothing stands twice or upside down."""
    upwards = [level for level, _ in sorted(middles_s_mm.items(), key=lambda item: item[1])]
    wrong = tuple(
        dict.fromkeys(level for pair in pairwise(upwards) for level in pair if pair[0].order <= pair[1].order)
    )
    found = f"{upwards[0]} to {upwards[-1]}" if upwards else "none"
    found = f"{', '.join(wrong)} stand in the wrong order" if wrong else found
    return Gate(Structure.VERTEBRA, "the levels are in order", found, not wrong, wrong)


def alike_neighbours(volumes_ml: Mapping[SpineLevel, float]) -> Gate:
    """Each whole vertebra's volume against the next one's; those that the scan's end cuts are not asked."""
    ordered = sorted(volumes_ml, key=lambda level: level.order)
    ratios = {
        (a, b): volumes_ml[a] / max(volumes_ml[b], 1e-6)
        for a, b in pairwise(ordered)
        if b.order - a.order == 1 or (a, b) == (SpineLevel.T12, SpineLevel.L1)
    }
    bad = {pair: ratio for pair, ratio in ratios.items() if not _SMALLEST <= ratio <= _LARGEST}
    levels = tuple(dict.fromkeys(level for pair in bad for level in pair))
    shown = bad or ratios
    found = ", ".join(f"{a}/{b} {ratio:.2f}" for (a, b), ratio in shown.items()) or "no neighbours to compare"
    question = f"a vertebra's volume is {_SMALLEST:g} to {_LARGEST:g} of its neighbour's"
    return Gate(Structure.VERTEBRA, question, found, not bad, levels)


def one_piece(structure: Structure, name: str, mask: BoolArray, level: SpineLevel | None = None) -> Gate:
    """How much of a segment hangs together."""
    sizes = np.bincount(itk.components(np.ascontiguousarray(mask)).ravel())[1:]
    share = float(sizes.max() / sizes.sum()) if len(sizes) else 0.0
    levels = () if level is None else (level,)
    return Gate(structure, f"{name} is one piece", f"{share:.0%} in the largest of {len(sizes)}", share >= _ONE, levels)


def canal_in_ring(canal: BoolArray, ring: BoolArray) -> Gate:
    """How much of a given canal lies within the ring of bone that the scan shows."""
    share = float((canal & ring).sum() / max(1, canal.sum()))
    return Gate(Structure.CANAL, "the canal lies within the ring of bone", f"{share:.0%} of it", share >= _IN_RING)


def canal_apart(canal: BoolArray, bone: BoolArray) -> Gate:
    """How much of a given canal is given as bone too."""
    share = float((canal & bone).sum() / max(1, canal.sum()))
    question = "canal and bone do not overlap"
    return Gate(
        Structure.CANAL, question, f"{share:.1%} of the canal is bone, {_OVERLAP:.0%} may be", share <= _OVERLAP
    )


def alike_foramina(foramina: Iterable[Foramen]) -> Gate:
    """Left to right area of each foramen."""
    areas: dict[str, dict[Side, float]] = {}
    for one in foramina:
        areas.setdefault(str(one.between), {})[one.side] = one.area_mm2
    ratios = {n: max(a.values()) / max(1e-6, min(a.values())) for n, a in areas.items() if len(a) == len(Side)}
    bad = {name: ratio for name, ratio in ratios.items() if ratio >= _AREA_RATIO}
    found = ", ".join(f"{name} {ratio:.1f}" for name, ratio in (bad or ratios).items()) or "none on both sides"
    return Gate(Structure.NERVE_ROOT, f"left and right foramina differ less than {_AREA_RATIO:g}-fold", found, not bad)


def on_its_side(structure: Structure, side: Side, points_mm: FloatArray, frame: SpineFrame) -> Gate:
    """A left kidney lies left of the canal: names can be swapped, and images mirrored."""
    u = frame.from_lps(points_mm.mean(axis=0)[None])[0, 1] * side.sign
    question = f"the {side} {structure.words} lies to the patient's {side}"
    return Gate(structure, question, f"its middle is {u:.0f} mm to the {side} of the canal", bool(u > 0.0))


def volume_ml(mask: BoolArray, geometry: VolumeGeometry) -> float:
    """Volume of the voxels."""
    return float(mask.sum() * np.prod(geometry.spacing_mm) / 1000.0)
