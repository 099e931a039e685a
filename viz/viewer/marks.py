"""Lines and words on a pane, made once and moved: a new actor for every picture would cost more than the picture.

In: points in the pane's own mm, words with places in pixels. Out: actors in a renderer.
"""

from __future__ import annotations

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkTextActor

from planner.geometry import FloatArray
from planner.injectate import Injectate
from viz.planes import Plane
from viz.window import Renderer

Colour = tuple[int, int, int]

_ACROSS = {"left": 0, "middle": 1, "right": 2}
_UPRIGHT = {"bottom": 0, "middle": 1, "top": 2}
_DASHES = 24


_NOTHING = np.empty((0, 2))


class Lines:
    """Pieces of straight line of one colour."""

    def __init__(self, renderer: Renderer, colour: Colour, width_px: float) -> None:
        self._data, self._shown = vtkPolyData(), _NOTHING
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._width_px = width_px
        style = self._actor.GetProperty()
        style.SetColor(*(value / 255 for value in colour))
        style.SetLineWidth(width_px)
        style.LightingOff()
        self._actor.VisibilityOff()
        renderer.AddActor(self._actor)

    def enlarge(self, factor: float) -> None:
        """On a large pane, lines that are as easily seen as on a small one."""
        self._actor.GetProperty().SetLineWidth(self._width_px * factor)

    def show(self, pieces_mm: FloatArray) -> None:
        """(n, 2, 2) ends of n pieces, x right and y up; none hides the lines."""
        flat = np.asarray(pieces_mm, dtype=np.float64).reshape(-1, 2)
        if np.array_equal(flat, self._shown):
            return
        self._shown = flat
        self._actor.SetVisibility(int(len(flat) > 0))
        if not len(flat):
            return
        places = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
        points = vtkPoints()
        points.SetData(numpy_to_vtk(np.ascontiguousarray(places), deep=1))
        cells = vtkCellArray()
        offsets = np.arange(0, len(flat) + 1, 2, dtype=np.int64)
        cells.SetData(
            numpy_to_vtkIdTypeArray(offsets, deep=1),
            numpy_to_vtkIdTypeArray(np.arange(len(flat), dtype=np.int64), deep=1),
        )
        self._data.SetPoints(points)
        self._data.SetLines(cells)
        self._data.Modified()


class Words:
    """One text at a pixel."""

    def __init__(self, renderer: Renderer, size_px: int, colour: Colour, across: str, upright: str) -> None:
        self._actor, self._size_px = vtkTextActor(), size_px
        style = self._actor.GetTextProperty()
        style.SetFontSize(size_px)
        style.SetColor(*(value / 255 for value in colour))
        style.ShadowOn()
        style.SetJustification(_ACROSS[across])
        style.SetVerticalJustification(_UPRIGHT[upright])
        renderer.AddActor(self._actor)

    def enlarge(self, factor: float) -> None:
        """On a large pane, letters that can be read from the same chair."""
        self._actor.GetTextProperty().SetFontSize(round(self._size_px * factor))

    def show(self, text: str, x_px: float, y_px: float) -> None:
        """Empty text hides it."""
        self._actor.SetVisibility(int(bool(text)))
        if text and text != self._actor.GetInput():
            self._actor.SetInput(text)
        self._actor.SetPosition(float(x_px), float(y_px))


def circle(centre_mm: FloatArray, radius_mm: float) -> FloatArray:
    """(n, 2, 2) pieces of a circle."""
    angle = np.linspace(0.0, 2 * np.pi, 33)
    round_mm = centre_mm[:2] + radius_mm * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.stack([round_mm[:-1], round_mm[1:]], axis=1)


def polyline(course_mm: FloatArray) -> FloatArray:
    """(n, 2, 2) pieces of a course."""
    return np.stack([course_mm[:-1, :2], course_mm[1:, :2]], axis=1)


def dashed_section(region: Injectate, plane: Plane) -> FloatArray:
    """(n, 2, 2) dashes of the ellipse in which a plane cuts an injectate's ellipsoid; none where it does not."""
    scaled = region.axes / region.half_axes_mm[:, None]
    sides = scaled @ np.stack([plane.right, plane.up], axis=1)  # (3, 2): |sides @ x + offset| = 1 on the border
    offset = scaled @ (plane.center_mm - region.center_mm)
    middle = -np.linalg.lstsq(sides, offset, rcond=None)[0]
    left = 1.0 - float(np.sum((sides @ middle + offset) ** 2))
    if left <= 0:
        return np.empty((0, 2, 2))
    angle = np.linspace(0.0, 2 * np.pi, 2 * _DASHES + 1)
    ring = np.sqrt(left) * np.stack([np.cos(angle), np.sin(angle)])
    border = np.asarray(middle + np.linalg.solve(np.linalg.qr(sides)[1], ring).T, dtype=np.float64)
    return np.stack([border[:-1], border[1:]], axis=1)[::2]
