"""The phantom's sacral foramina: the ways left between its alae, pedicles and lateral masses.

In: the placed spine and the sacrum's solids. Out: ``SacralForamen`` values as built. Each opening is the middle of the largest
ball that fits in a plane across S1's depth: found on the closed form to a quarter of a millimetre.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.anatomy.model import SacralForamen
from planner.geometry import FloatArray, frozen
from planner.structures import Interspace, Side, SpineLevel, Structure
from sample_data.scene import Solid
from sample_data.shapes import union_distance
from sample_data.spine import Spine

_STEP_MM = 0.25
_PLACES = (
    (Interspace(SpineLevel.S1, SpineLevel.S2), (-19.0, -5.0), 22.0, -8.0),
    (Interspace(SpineLevel.S2, SpineLevel.S3), (-48.0, -33.0), 22.0, -4.0),
)
"""In S1's frame: heights between two segments' alae; the plane through the pedicles' middle, behind which the way opens out;
and the one in front, beside the bodies."""

_OUT_MM = (14.0, 34.0)


def sacral_foramina(spine: Spine, solids: Sequence[Solid]) -> tuple[SacralForamen, ...]:
    """Of S1 and S2 on both sides; nothing in them is estimated."""
    bones = [s for s in solids if s.entry is not None and s.entry.structure in (Structure.SACRUM, Structure.ILIUM)]
    found = []
    for between, heights, back, front in _PLACES:
        for side in Side:
            posterior, room = _roomiest(spine, bones, side, heights, back)
            anterior, _ = _roomiest(spine, bones, side, heights, front)
            found.append(SacralForamen(between, side, posterior, anterior, 2.0 * room, 0.0, 1.0))
    return tuple(found)


def _roomiest(
    spine: Spine, bones: Sequence[Solid], side: Side, heights_mm: tuple[float, float], y_mm: float
) -> tuple[FloatArray, float]:
    """The point of a plane furthest from bone, and how far."""
    x, z = np.meshgrid(side.sign * np.arange(*_OUT_MM, _STEP_MM), np.arange(*heights_mm, _STEP_MM), indexing="ij")
    local = np.stack([x, np.full_like(x, y_mm), z], axis=-1).reshape(-1, 3)
    points = spine.vertebrae[-1].frame.points(local)
    axes = [points[:, axis] for axis in range(3)]
    room = np.min([union_distance(bone.shapes, axes) for bone in bones], axis=0)
    best = int(room.argmax())
    return frozen(points[best]), float(room[best])
