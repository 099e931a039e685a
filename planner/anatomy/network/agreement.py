"""What the classical anatomy of a CT is worth beside the network's opinion: where the two differ, nobody may be sure.

In: an ``Anatomy`` and a ``SpineOpinion`` of the same scan. Out: the same anatomy; its confidences may be lower, never higher,
and a warning says with a number what the two do not agree on. Nothing that is drawn changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.model import Anatomy
from planner.anatomy.network.opinion import SpineOpinion
from planner.anatomy.network.session import Share
from planner.geometry import BoolArray
from planner.structures import Structure

USUAL: Mapping[Structure, float] = {Structure.VERTEBRA: 0.80, Structure.CANAL: 0.90, Structure.DISC: 0.60}
"""Agreement at which no doubt is left: two good outlines of one vertebra differ by a voxel all around (assumed)."""

_SAID_BELOW = 0.8
"""Of the usual agreement: below it a person should look (assumed)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far both agree on one structure, 0 to 1: Dice, of the canal the share of its middle that both call canal."""

    structure: Structure
    share: float

    @property
    def worth(self) -> float:
        """Factor of the confidence."""
        return min(1.0, self.share / USUAL[self.structure])


def with_second_opinion(anatomy: Anatomy, opinion: SpineOpinion) -> Anatomy:
    """The anatomy with each confidence lowered by what the network does not agree on."""
    compared = agreements(anatomy, opinion)
    lowered = {
        one.structure: round(anatomy.confidence[one.structure] * one.worth, 3)
        for one in compared
        if one.structure in anatomy.confidence
    }
    said = tuple(
        f"the network agrees with the {one.structure.words} by {one.share:.0%} only: look at it"
        for one in compared
        if one.worth < _SAID_BELOW
    )
    return replace(anatomy, confidence={**anatomy.confidence, **lowered}, warnings=(*anatomy.warnings, *said))


def agreements(anatomy: Anatomy, opinion: SpineOpinion) -> tuple[Agreement, ...]:
    """Vertebrae, canal and discs, each where the network looked."""
    ours = itk.labels_on(anatomy.labels.labels, anatomy.labels.geometry, opinion.box)
    looked = opinion.shares.sum(axis=0) > 0.0
    pairs = (
        (Structure.VERTEBRA, (Share.BODY, Share.POSTERIOR, Share.SUPERIOR_PROCESS, Share.INFERIOR_PROCESS)),
        (Structure.DISC, (Share.DISC,)),
    )
    overlaps = [
        Agreement(
            structure,
            _dice(np.isin(ours, anatomy.labels.values_of(structure)) & looked, opinion.mask(*classes) & looked),
        )
        for structure, classes in pairs
    ]
    return (*overlaps, Agreement(Structure.CANAL, _canal_share(anatomy, opinion)))


def _dice(ours: BoolArray, theirs: BoolArray) -> float:
    sizes = int(ours.sum() + theirs.sum())
    return float(2.0 * (ours & theirs).sum() / sizes) if sizes else 1.0


def _canal_share(anatomy: Anatomy, opinion: SpineOpinion) -> float:
    """Of the canal's middle, as far as the network looked."""
    index = np.floor(opinion.box.indices(anatomy.canal_centreline_mm) + 0.5).astype(int)
    inside = np.asarray(((index >= 0) & (index < np.array(opinion.box.shape))).all(axis=1))
    if not inside.any():
        return 0.0
    k, j, i = index[inside].T
    return float(opinion.mask(Share.CANAL)[k, j, i].mean())
