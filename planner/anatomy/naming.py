"""Names for the counted vertebrae, from what anchors them: the sacrum, the last rib, or a person.

In: discs, the pelvis and the ribs. Out: a ``Naming``. Counting is solid, naming is not: without an anchor the
vertebrae stay unnamed; where two anchors disagree, or a number of lumbar vertebrae other than five shows, that is said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from planner.anatomy.pelvis import Pelvis
from planner.anatomy.ribs import Ribs
from planner.anatomy.stages import DiscLevel, Naming
from planner.errors import LevelNotFoundError
from planner.geometry import FloatArray
from planner.structures import LevelName, SpineLevel, Unnamed

_FROM_BELOW: list[SpineLevel] = [
    level for level in reversed(SpineLevel) if level not in (SpineLevel.L6, SpineLevel.T13)
]
"""S5 to C1 as most people have them."""

_FIRST_RIBBED = 6
"""Counted from the sacrum, which is 0: with five lumbar vertebrae this is T12."""

_FURTHEST_MM = 15.0
"""From the place a person points at to the middle of a vertebra, along z (as for every @Z)."""

_ONE_ANCHOR, _LUMBAR_ONLY = 0.85, 0.8
"""Confidence that one anchor alone leaves, assumed: 4 to 30 % of people have a lumbosacral transitional vertebra (review,
AJNR, PMC7964015), most of them with an enlarged process only, so that the count is less often wrong than that."""


_DISPUTED = 0.4
"""Of the sacrum's confidence, where what the image shows speaks for another count: every name may be off by one (assumed)."""


class LevelAnchor(Protocol):
    """A person's word: the vertebra at this LPS z is this one."""

    @property
    def level(self) -> SpineLevel:
        """The vertebra's name."""

    @property
    def z_mm(self) -> float:
        """A place in its body."""


def name_levels(
    discs: tuple[DiscLevel, ...],
    bodies_mm: FloatArray,
    pelvis: Pelvis,
    ribs: Ribs,
    anchor: LevelAnchor | None = None,
) -> Naming:
    """Names of the vertebra below the first disc and of those above each disc.

    ``bodies_mm`` (len(discs) + 1, 3): the middles of these vertebrae, the one below the first disc first. ``discs`` holds
    no sacral disc any more: where ``pelvis`` shows a lumbosacral one, it is the first.
    """
    count = len(discs) + 1
    if anchor is not None:
        return _by_person(bodies_mm, anchor, _by_image(count, pelvis, ribs))
    return _by_image(count, pelvis, ribs)


def confidence_of_names(naming: Naming, discs: tuple[DiscLevel, ...]) -> tuple[float, ...]:
    """(len(discs) + 1,) how sure each name is: between two anchors as sure as they are, since their count agrees; beyond an
    anchor no surer than the least sure disc that was counted, for a streak taken for a disc moves every name behind it.
    """
    if not naming.counted_from:
        return (naming.confidence,) * (len(discs) + 1)
    low, high = min(naming.counted_from), max(naming.counted_from)
    return tuple(
        min([naming.confidence, *(disc.confidence for disc in (*discs[n:low], *discs[high:n]))])
        for n in range(len(discs) + 1)
    )


def last_rib(ribs: Ribs) -> tuple[int, float] | None:
    """The lowest vertebra that carries a rib, and how sure: two vertebrae below it must be seen to carry none."""
    if not ribs.found:
        return None
    lowest = min(rib.vertebra for rib in ribs.found)
    below = sum(1 for n in (lowest - 1, lowest - 2) if n in ribs.ribless)
    if lowest - 1 not in ribs.ribless:
        return None
    both = len(set(ribs.sides_of(lowest))) == 2
    above = bool(ribs.sides_of(lowest + 1))
    return lowest, 0.4 + 0.15 * below + (0.2 if both else 0.0) + (0.1 if above else 0.0)


def _by_image(count: int, pelvis: Pelvis, ribs: Ribs) -> Naming:
    rib = last_rib(ribs)
    sacrum = pelvis.lumbosacral is not None
    if sacrum and rib is not None:
        return _by_both(count, pelvis.confidence, *rib)
    if sacrum and _FIRST_RIBBED in ribs.ribless:
        return _six_without_rib(count, pelvis.confidence)
    if sacrum:
        said = "the sacrum alone: L5 is the vertebra above it, if there are five lumbar vertebrae"
        names = _counted_up(count, 0, SpineLevel.S1)
        return Naming(names[0], names[1:], round(min(pelvis.confidence, _LUMBAR_ONLY), 3), said, counted_from=(0,))
    if rib is not None:
        said = "the last rib alone: the vertebra that carries it is T12, if it is not a lumbar rib"
        names = _counted_up(count, rib[0], SpineLevel.T12)
        return Naming(names[0], names[1:], round(min(rib[1], _ONE_ANCHOR), 3), said, counted_from=(rib[0],))
    unnamed = tuple(Unnamed(n + 1) for n in range(count))
    advice = "no level is named: neither the sacrum nor the last rib shows; name one level with its z"
    return Naming(unnamed[0], unnamed[1:], 0.0, "", (advice,))


def _six_without_rib(count: int, sacrum_confidence: float) -> Naming:
    names = _counted_up(count, 0, SpineLevel.S1)
    warning = (
        "the sixth vertebra above the sacrum carries no rib that could be traced: six lumbar vertebrae or a missing last rib; "
        "names are counted from the sacrum as if there were five, may be off by one, and must be confirmed"
    )
    said = "the sacrum alone, against six vertebrae without ribs"
    return Naming(names[0], names[1:], round(_DISPUTED * sacrum_confidence, 3), said, (warning,), (0,))


def _by_both(count: int, sacrum_confidence: float, rib_vertebra: int, rib_confidence: float) -> Naming:
    """Sacrum is 0, so the last rib's number is the number of lumbar vertebrae and one."""
    lumbar = rib_vertebra - 1
    if lumbar == 5:
        names = _counted_up(count, 0, SpineLevel.S1)
        sure = 1.0 - (1.0 - sacrum_confidence) * (1.0 - rib_confidence)
        said = "the sacrum and the last rib, with five lumbar vertebrae between them"
        return Naming(names[0], names[1:], round(min(0.98, sure), 3), said, counted_from=(0, rib_vertebra))
    if lumbar not in (4, 6):
        names = _counted_up(count, 0, SpineLevel.S1)
        warning = (
            f"{lumbar} vertebrae lie between the last rib and the sacrum, where 4 to 6 are possible: one of the two is "
            "not what it seems; names are counted from the sacrum and must be confirmed"
        )
        sure = round(_DISPUTED * sacrum_confidence, 3)
        return Naming(names[0], names[1:], sure, "the sacrum, against the ribs", (warning,), (0,))
    names = _from_both_ends(count, lumbar)
    warning = (
        f"{lumbar} lumbar vertebrae lie between the last rib and the sacrum: a transitional vertebra, a lumbar rib or a "
        "missing last rib; names are counted from the last rib (T12) and must be confirmed"
    )
    said = f"the sacrum and the last rib, with {lumbar} lumbar vertebrae between them"
    sure = round(0.6 * min(sacrum_confidence, rib_confidence), 3)
    return Naming(names[0], names[1:], sure, said, (warning,), (0, rib_vertebra))


def _from_both_ends(count: int, lumbar: int) -> tuple[LevelName, ...]:
    """S1, then L4 or L6 up to L1, then T12 and on."""
    lumbars = [SpineLevel(f"L{n}") for n in range(lumbar, 0, -1)]
    above = _FROM_BELOW[_FROM_BELOW.index(SpineLevel.T12) :]
    return tuple([SpineLevel.S1, *lumbars, *above][:count])


def _counted_up(count: int, place: int, level: SpineLevel) -> tuple[LevelName, ...]:
    """Names when vertebra ``place`` is ``level``; beyond S5 and C1 there are none."""
    first = _FROM_BELOW.index(level) - place
    ranks = range(first, first + count)
    return tuple(_FROM_BELOW[n] if 0 <= n < len(_FROM_BELOW) else Unnamed(m + 1) for m, n in enumerate(ranks))


def names_from_anchor(bodies_mm: FloatArray, anchor: LevelAnchor) -> tuple[tuple[LevelName, ...], int, float]:
    """Names of (n, 3) bodies, caudal first, when a person names one; which one, and how far its middle is from the z given.

    Raises
    ------
    LevelNotFoundError
        Where no body lies near that z, or the level is one that not all people have.
    """
    away = np.abs(bodies_mm[:, 2] - anchor.z_mm)
    place = int(np.argmin(away))
    if away[place] > _FURTHEST_MM:
        found = ", ".join(f"{z:.0f}" for z in bodies_mm[:, 2])
        raise LevelNotFoundError(
            f"a vertebra within {_FURTHEST_MM:.0f} mm of z = {anchor.z_mm:.1f} mm",
            f"vertebrae at z = {found} mm",
            "give the z of a vertebral body's middle",
        )
    if anchor.level not in _FROM_BELOW:
        raise LevelNotFoundError(f"anchor {anchor.level}", "levels that all people have", "anchor a neighbour instead")
    return _counted_up(len(bodies_mm), place, anchor.level), place, float(away[place])


def _by_person(bodies_mm: FloatArray, anchor: LevelAnchor, by_image: Naming) -> Naming:
    names, place, away_mm = names_from_anchor(bodies_mm, anchor)
    said = f"a person: {anchor.level} at z = {anchor.z_mm:.1f} mm, {away_mm:.1f} mm from the vertebra's middle"
    naming = Naming(names[0], names[1:], 0.95, said, counted_from=(place,))
    image_says = (by_image.below, *by_image.names)[place]
    if by_image.confidence > 0 and image_says != anchor.level:
        warning = f"the image names the vertebra {image_says} ({by_image.evidence}), the person {anchor.level}"
        return replace(naming, confidence=0.6, warnings=(warning,))
    return naming
