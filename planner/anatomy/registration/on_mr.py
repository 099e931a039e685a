"""Landmarks of an MR as the network sees its spine; a person names one level, the rest are counted from it.

In: an ``MrSpine`` and the person's word. Out: landmarks in the MR's LPS mm, cranial first.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.naming import LevelAnchor, names_from_anchor
from planner.anatomy.network.spine_on_mr import MrSpine
from planner.anatomy.registration.landmarks import Landmark
from planner.geometry import frozen
from planner.structures import SpineLevel

_WHOLE_SHARE = 0.7
"""A body below this share of its fellows' usual volume is cut by the image's end, or not all of it was seen: its middle is elsewhere (assumed)."""


def landmarks_on_mr(spine: MrSpine, anchor: LevelAnchor) -> tuple[Landmark, ...]:
    """Of each body that is whole.

    Raises
    ------
    LevelNotFoundError
        Where no body lies at the z that the person named.
    """
    volumes = np.bincount(spine.body.ravel())[1:]
    usual = np.median(volumes[volumes > 0]) if volumes.any() else 0.0
    numbers = [number for number, voxels in enumerate(volumes, start=1) if voxels >= _WHOLE_SHARE * usual > 0.0]
    seen = [number for number, voxels in enumerate(volumes, start=1) if voxels > 0]
    middles = {number: spine.geometry.points_mm(np.argwhere(spine.body == number).mean(axis=0)) for number in seen}
    names, _, _ = names_from_anchor(np.array([middles[number] for number in seen]).reshape(-1, 3), anchor)
    line = spine.canal.frame.centres_mm
    marks = []
    for number, name in zip(seen, names, strict=True):
        if number in numbers and isinstance(name, SpineLevel):
            nearest = line[np.argmin(np.linalg.norm(line - middles[number], axis=1))]
            marks.append(Landmark(name, frozen(middles[number]), frozen(nearest)))
    return tuple(sorted(marks, key=lambda mark: mark.level.order))
