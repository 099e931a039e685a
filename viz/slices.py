"""A plane through the scan as a picture: grey values with the outlines of the structures at risk.

In: volume, label map, plane. Out: (rows, columns, 3) uint8, top row first. No graphics library is needed here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.plan import TargetPlan
from planner.volume import LabelMap, Volume
from viz.palette import CONTOURS, WARNING, Window
from viz.planes import Plane

_OUTLINE_OPACITY = 0.75
_DASH_PX = 9


def slice_picture(
    volume: Volume, labels: LabelMap, plane: Plane, window: Window, pixel_mm: float
) -> npt.NDArray[np.uint8]:
    """The windowed slice with coloured outlines."""
    points_mm = plane.grid_mm(pixel_mm)
    grey = windowed(volume.linear(points_mm), window)
    picture = np.repeat(grey[..., None], 3, axis=-1).astype(np.float64)
    colours, edge = outlines(labels, points_mm)
    picture[edge] += _OUTLINE_OPACITY * (colours[edge] - picture[edge])
    return np.rint(picture).astype(np.uint8)


def windowed(values: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.uint8]:
    """Values to 0..255 through a linear window (PS3.3 C.11.2.1.2, without the half-value shift)."""
    share = (values - window.center) / window.width + 0.5
    return np.rint(255 * np.clip(share, 0.0, 1.0)).astype(np.uint8)


def outlines(
    labels: LabelMap, points_mm: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(rows, columns, 3) colours and the pixels where a coloured structure borders another colour."""
    paint = np.zeros((np.iinfo(np.uint16).max + 1, 3), dtype=np.float64)
    for value, entry in labels.entries.items():
        paint[value] = CONTOURS.get(entry.structure, (0, 0, 0))
    colours = paint[labels.nearest(points_mm)]
    code = colours @ np.array([1.0, 256.0, 65536.0])
    edge = np.zeros(code.shape, dtype=bool)
    for axis in (0, 1):
        for shift in (-1, 1):
            edge |= code != np.roll(code, shift, axis=axis)
    return colours, edge & (code > 0)


def with_injectate(
    picture: npt.NDArray[np.uint8], plane: Plane, pixel_mm: float, target: TargetPlan
) -> npt.NDArray[np.uint8]:
    """The picture with the border of where an injected volume may spread, dashed: it is no structure that was seen."""
    region = target.injectate
    if region is None:
        return picture
    inside = region.contains(plane.grid_mm(pixel_mm))
    border = np.zeros_like(inside)
    for axis in (0, 1):
        border |= inside & ~np.roll(inside, 1, axis=axis)
        border |= inside & ~np.roll(inside, -1, axis=axis)
    rows, columns = np.indices(inside.shape)
    marked = picture.copy()
    marked[border & ((rows + columns) % _DASH_PX < _DASH_PX * 2 // 3)] = WARNING
    return marked
