"""A slice picture with needle, letters and words on it, as a renderer in pixel coordinates.

In: an RGB slice, its plane, marks in LPS mm. Out: a renderer whose world is the picture: x right, y up, one unit a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkImageActor,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkTextActor,
)

from planner.geometry import FloatArray
from viz.palette import NEEDLE, TARGET, WARNING, WHITE
from viz.planes import Plane
from viz.subject import Caption
from viz.window import Renderer

NEAR_PLANE_MM = 1.5
"""A needle point within this distance of the plane is drawn solid: half of a thick slice."""

_MARGIN_PX = 10
_LETTER_PX, _TEXT_PX, _BANNER_PX = 26, 15, 18
_LINE_PX = 18
"""From one line of notes to the next."""

_SHORT_SCALE_BELOW_MM = 120.0

_ACROSS = {"left": 0, "middle": 1, "right": 2}
_UPRIGHT = {"bottom": 0, "middle": 1, "top": 2}
"""VTK_TEXT_LEFT, _CENTERED, _RIGHT and VTK_TEXT_BOTTOM, _CENTERED, _TOP."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A pixel, and which side of the text stands on it."""

    x_px: int
    y_px: int
    across: str
    upright: str


@dataclass(frozen=True, slots=True, eq=False)
class Needle:
    """A straight path drawn into a slice."""

    entry_mm: FloatArray
    target_mm: FloatArray


def annotated(
    picture: npt.NDArray[np.uint8], plane: Plane, pixel_mm: float, needle: Needle, caption: Caption
) -> Renderer:
    """The slice with needle, letters, a scale bar and the caption."""
    renderer = _backdrop(picture)
    height, width = picture.shape[:2]
    _draw_needle(renderer, _Pixels(plane, pixel_mm, width, height), needle)
    _draw_scale(renderer, width, pixel_mm)
    write_letters(renderer, plane.letters, width, height, caption)
    write_caption(renderer, caption, height)
    return renderer


def captioned(picture: npt.NDArray[np.uint8], caption: Caption) -> Renderer:
    """A picture with words alone."""
    renderer = _backdrop(picture)
    write_caption(renderer, caption, picture.shape[0])
    return renderer


def write_caption(renderer: Renderer, caption: Caption, height: int) -> None:
    """Banner and identity at the top left, notes at the bottom left."""
    _write(renderer, caption.banner, _Anchor(_MARGIN_PX, height - _MARGIN_PX, "left", "top"), _BANNER_PX, WARNING)
    below = height - _MARGIN_PX - _BANNER_PX * (1 + caption.banner.count("\n")) - 8
    _write(renderer, "\n".join(caption.identity), _Anchor(_MARGIN_PX, below, "left", "top"), _TEXT_PX, WHITE)
    _write(renderer, "\n".join(caption.notes), _Anchor(_MARGIN_PX, _MARGIN_PX, "left", "bottom"), _TEXT_PX, WHITE)


def write_letters(
    renderer: Renderer, letters: tuple[str, str, str, str], width: int, height: int, caption: Caption
) -> None:
    """What lies at the left, right, top and bottom edge; the last stands above the caption's notes."""
    left, right, top, bottom = letters
    middle_x, middle_y = width // 2, height // 2
    _write(renderer, left, _Anchor(_MARGIN_PX, middle_y, "left", "middle"), _LETTER_PX, WHITE)
    _write(renderer, right, _Anchor(width - _MARGIN_PX, middle_y, "right", "middle"), _LETTER_PX, WHITE)
    _write(renderer, top, _Anchor(middle_x, height - _MARGIN_PX, "middle", "top"), _LETTER_PX, WHITE)
    _write(
        renderer,
        bottom,
        _Anchor(middle_x, _MARGIN_PX + _LINE_PX * len(caption.notes), "middle", "bottom"),
        _LETTER_PX,
        WHITE,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pixels:
    plane: Plane
    pixel_mm: float
    width: int
    height: int

    def of(self, points_mm: FloatArray) -> FloatArray:
        """(..., 2) pixel coordinates, and the distance from the plane as third value [mm]."""
        placed = self.plane.in_plane_mm(points_mm)
        scale = np.array([1 / self.pixel_mm, 1 / self.pixel_mm, 1.0])
        centre = np.array([self.width / 2 - 0.5, self.height / 2 - 0.5, 0.0])
        pixels: FloatArray = placed * scale + centre
        return pixels


def _backdrop(picture: npt.NDArray[np.uint8]) -> Renderer:
    height, width = picture.shape[:2]
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    pixels = np.ascontiguousarray(picture[::-1]).reshape(-1, 3)
    image.GetPointData().SetScalars(numpy_to_vtk(pixels, deep=1))
    actor = vtkImageActor()
    actor.SetInputData(image)
    actor.InterpolateOff()
    renderer = vtkRenderer()
    renderer.AddActor(actor)
    camera = renderer.GetActiveCamera()
    camera.ParallelProjectionOn()
    camera.SetFocalPoint((width - 1) / 2, (height - 1) / 2, 0.0)
    camera.SetPosition((width - 1) / 2, (height - 1) / 2, 1000.0)
    camera.SetParallelScale(height / 2)
    camera.SetClippingRange(1.0, 2000.0)
    return renderer


def _draw_needle(renderer: Renderer, pixels: _Pixels, needle: Needle) -> None:
    shares = np.linspace(0.0, 1.0, 121)[:, None]
    course = pixels.of(needle.entry_mm + shares * (needle.target_mm - needle.entry_mm))
    near = np.abs(course[:, 2]) <= NEAR_PLANE_MM
    _lines(renderer, course[:, :2], np.ones(len(course) - 1, dtype=bool), NEEDLE, 1.0)
    _lines(renderer, course[:, :2], near[:-1] & near[1:], NEEDLE, 3.0)
    _ring(renderer, course[-1, :2], 6.0, TARGET)
    _ring(renderer, course[0, :2], 5.0, NEEDLE)


def _draw_scale(renderer: Renderer, width: int, pixel_mm: float) -> None:
    length_mm = 50 if width * pixel_mm > _SHORT_SCALE_BELOW_MM else 10
    right, y = width - 40.0, 14.0
    ends = np.array([[right - length_mm / pixel_mm, y], [right, y]])
    _lines(renderer, ends, np.array([True]), WHITE, 2.0)
    anchor = _Anchor(int(ends[:, 0].mean()), int(y) + 4, "middle", "bottom")
    _write(renderer, f"{length_mm} mm", anchor, _TEXT_PX, WHITE)


def _ring(renderer: Renderer, centre: FloatArray, radius_px: float, colour: Colour) -> None:
    angle = np.linspace(0.0, 2 * np.pi, 33)
    circle = centre + radius_px * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    _lines(renderer, circle, np.ones(32, dtype=bool), colour, 2.0)


def _lines(
    renderer: Renderer, course_px: FloatArray, drawn: npt.NDArray[np.bool_], colour: Colour, width_px: float
) -> None:
    points = vtkPoints()
    for x, y in course_px:
        points.InsertNextPoint(float(x), float(y), 1.0)
    cells = vtkCellArray()
    for first in np.flatnonzero(drawn):
        cells.InsertNextCell(2)
        cells.InsertCellPoint(int(first))
        cells.InsertCellPoint(int(first) + 1)
    lines = vtkPolyData()
    lines.SetPoints(points)
    lines.SetLines(cells)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(lines)
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*_shares(colour))
    actor.GetProperty().SetLineWidth(width_px)
    actor.GetProperty().LightingOff()
    renderer.AddActor(actor)


def _write(renderer: Renderer, text: str, anchor: _Anchor, size_px: int, colour: Colour) -> None:
    actor = vtkTextActor()
    actor.SetInput(text)
    actor.SetPosition(anchor.x_px, anchor.y_px)
    style = actor.GetTextProperty()
    style.SetFontSize(size_px)
    style.SetColor(*_shares(colour))
    style.ShadowOn()
    style.SetJustification(_ACROSS[anchor.across])
    style.SetVerticalJustification(_UPRIGHT[anchor.upright])
    renderer.AddActor(actor)


def _shares(colour: Colour) -> Sequence[float]:
    return [value / 255 for value in colour]
