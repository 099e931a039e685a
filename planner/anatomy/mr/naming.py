"""Names on an MR: the sacrum, where the network sees one below the lowest disc, or a person's word; ribs are not looked for.

In: the spine that the network saw, its discs. Out: a ``Pelvis`` whose anchor is the lumbosacral disc, and the discs from it upwards.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy import itk
from planner.anatomy.mr.painted import PaintedSpine
from planner.anatomy.network.session import Share
from planner.anatomy.network.spine_on_mr import MrSpine
from planner.anatomy.pelvis import Pelvis
from planner.anatomy.ribs import Ribs
from planner.anatomy.stages import DiscLevel
from planner.geometry import FloatArray
from planner.structures import Side

_CANDIDATES = 3
"""Discs that may be the lumbosacral one, from below: S1/S2 may be counted as a disc."""

_BELOW_MM = (3.0, 26.0)
"""Of a disc's middle plane: where the body below it lies, S1's or a lumbar one's."""

_ASIDE_MM = 22.0
_SACRAL, _LUMBAR = 0.6, 0.4
"""Share of sacrum in what is sacrum or body there: above the first it is one, below the second none (assumed)."""

_LEAST_VOXELS = 400
"""Of 1.5 mm cubes: 1.4 mL, a tenth of a body; less is the image's end."""

_ANCHOR = 0.8
"""What a sacrum that the network sees is worth at most: transitional vertebrae (PMC7964015), and a network that was never shown one."""


def find_sacrum(spine: MrSpine) -> tuple[int | None, float]:
    """The place of the lumbosacral disc among the discs, and how sure; None where no sacrum shows."""
    shares = [_sacral_share(spine, disc) for disc in spine.discs[: _CANDIDATES + 1]]
    places = [n for n, share in enumerate(shares[:_CANDIDATES]) if share is not None and share >= _SACRAL]
    if not places:
        return None, 0.0
    place = places[-1]
    above = shares[place + 1] if place + 1 < len(shares) else None
    if above is not None and above > _LUMBAR:
        return None, 0.0
    own = shares[place] or 0.0
    step = own - (above if above is not None else _LUMBAR)
    return place, round(_ANCHOR * float(np.clip(step / (_SACRAL - 0.1), 0.0, 1.0)) * spine.discs[place].confidence, 3)


def _sacral_share(spine: MrSpine, disc: DiscLevel) -> float | None:
    """How much of the vertebra below a disc is sacrum; None where hardly any vertebra is seen there."""
    sacrum, body = (spine.opinion.mask(share) for share in (Share.SACRUM, Share.BODY))
    index = np.argwhere(sacrum | body)
    off = spine.geometry.points_mm(index) - disc.center_mm
    below = -(off @ disc.normal)
    aside = np.linalg.norm(off + below[:, None] * disc.normal, axis=1)
    near = (below > _BELOW_MM[0]) & (below < _BELOW_MM[1]) & (aside < _ASIDE_MM)
    if near.sum() < _LEAST_VOXELS:
        return None
    return float(sacrum[tuple(index[near].T)].mean())


def pelvis_on(spine: MrSpine, ground: PaintedSpine, place: int | None, sure: float) -> Pelvis:
    """The sacrum as the network draws it, below the lumbosacral disc; no iliac bones."""
    grid = ground.volume.geometry
    none = np.zeros(grid.shape, dtype=bool)
    if place is None:
        return Pelvis(None, 0.0, none, dict.fromkeys(Side, none))
    share = itk.linear_on(spine.opinion.shares[Share.SACRUM], spine.opinion.box, grid)
    return Pelvis(0, sure, np.asarray(share > 0.5) & ~ground.canal.mask, dict.fromkeys(Side, none), sure)


def no_ribs(shape: tuple[int, ...]) -> Ribs:
    """Ribs are not sought on MR."""
    return Ribs((), (), np.zeros(shape, dtype=bool))


def middles_of_bodies(spine: MrSpine, numbers: range) -> FloatArray:
    """(n, 3) LPS middles of the counted bodies."""
    return np.array([spine.geometry.points_mm(np.argwhere(spine.body == n + 1)).mean(axis=0) for n in numbers])
