"""One stage of the anatomy as a picture: three slices through a point, what was found drawn over them, and one sentence.

In: a volume, masks on its grid, points in LPS mm. Out: (rows, columns, 3) uint8, top row first. Axial as at the console with the
ceiling up for a body on its back, then sagittal (anterior to the left), then coronal (the patient's left to the right).
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import numpy.typing as npt

from planner.geometry import BoolArray, FloatArray
from planner.structures import Pose
from planner.volume import LabelMap, Volume, nearest
from viz.annotate import captioned
from viz.palette import SPINE, Window
from viz.planes import Plane, axial, coronal, sagittal
from viz.slices import outlines, windowed
from viz.subject import Caption
from viz.window import photograph

_PIXEL_MM, _SIZE_PX = 0.75, 480
_BAND_PX, _LINE_LETTERS = 110, 150
_TINT, _EDGE = 0.25, 0.9
_NEAR_MM, _DOT_PX = 5.0, 2
"""Points this near to a plane are drawn in it: half a foramen's height."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Voxels of the volume's grid in one colour."""

    mask: BoolArray
    colour: Colour


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """(n, 3) LPS mm in one colour."""

    points_mm: FloatArray
    colour: Colour


@dataclass(frozen=True, slots=True, eq=False)
class StageView:
    """What is to be seen of one stage: around ``centre_mm``, with a sentence that says how sure it is."""

    stage: str
    sentence: str
    centre_mm: FloatArray
    layers: tuple[Layer, ...] = ()
    points: tuple[Points, ...] = ()
    labels: LabelMap | None = None
    window: Window = SPINE


def draw_stage(volume: Volume, view: StageView, pose: Pose) -> npt.NDArray[np.uint8]:
    """The picture of one stage."""
    size_mm = _SIZE_PX * _PIXEL_MM
    planes = (axial(view.centre_mm, pose, size_mm), sagittal(view.centre_mm, size_mm), coronal(view.centre_mm, size_mm))
    slices = np.hstack([_slice(volume, view, plane) for plane in planes])
    band = np.zeros((_BAND_PX, slices.shape[1], 3), dtype=np.uint8)
    picture = np.vstack([slices, band])
    caption = Caption(view.stage, (), tuple(wrap(view.sentence, _LINE_LETTERS)))
    return photograph(captioned(picture, caption), picture.shape[1], picture.shape[0])


def _slice(volume: Volume, view: StageView, plane: Plane) -> npt.NDArray[np.uint8]:
    points_mm = plane.grid_mm(_PIXEL_MM)
    grey = windowed(volume.linear(points_mm), view.window)
    picture = np.repeat(grey[..., None], 3, axis=-1).astype(np.float64)
    for layer in view.layers:
        seen = nearest(layer.mask.view(np.uint8), volume.geometry.indices(points_mm), 0) > 0
        _paint(picture, seen, layer.colour, _TINT)
        _paint(picture, seen & ~_inner(seen), layer.colour, _EDGE)
    if view.labels is not None:
        colours, edge = outlines(view.labels, points_mm)
        picture[edge] = colours[edge]
    for points in view.points:
        _dot(picture, plane, points)
    return np.rint(picture).astype(np.uint8)


def _paint(picture: npt.NDArray[np.float64], where: BoolArray, colour: Colour, share: float) -> None:
    picture[where] += share * (np.array(colour, dtype=np.float64) - picture[where])


def _inner(seen: BoolArray) -> BoolArray:
    inner = seen.copy()
    for axis in (0, 1):
        for shift in (-1, 1):
            inner &= np.roll(seen, shift, axis=axis)
    return inner


def _dot(picture: npt.NDArray[np.float64], plane: Plane, points: Points) -> None:
    placed = plane.in_plane_mm(points.points_mm.reshape(-1, 3))
    near = np.abs(placed[:, 2]) <= _NEAR_MM
    rows, columns = picture.shape[:2]
    for right, up in placed[near, :2] / _PIXEL_MM:
        row, column = round(rows / 2 - up), round(columns / 2 + right)
        top, left = max(0, row - _DOT_PX), max(0, column - _DOT_PX)
        picture[top : max(0, row + _DOT_PX + 1), left : max(0, column + _DOT_PX + 1)] = points.colour
