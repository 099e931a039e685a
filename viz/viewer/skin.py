"""The skin access map: where one may enter, by the room left; elsewhere why not. Colours that colour-blind people tell apart.

In: points of the skin with room or the rule that forbids them. Out: coloured points in a renderer, and a legend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from planner.geometry import FloatArray, IntArray
from viz.window import Renderer

FULL_ROOM_MM = 5.0
"""From here on room is drawn as plenty; assumed."""

TIGHT, AMPLE = (0, 70, 150), (150, 240, 255)
"""Allowed: dark to bright blue as room grows; brightness alone tells it."""

_WHY: tuple[tuple[tuple[str, ...], tuple[int, int, int]], ...] = (
    (("clearance: bone", "clearance: metal"), (168, 132, 96)),
    (("clearance: nerve", "tip: "), (240, 200, 40)),
    (("clearance: canal", "clearance: thecal", "clearance: spinal"), (204, 121, 167)),
    (
        ("clearance: aorta", "clearance: inferior", "clearance: artery", "clearance: vein", "clearance: iliac"),
        (213, 94, 0),
    ),
    (("clearance: lung", "clearance: pleura"), (130, 90, 200)),
    (("clearance: ",), (140, 150, 60)),
)
"""By the rule's first words; hues after Okabe and Ito 2008, darker than any allowed place with ample room."""

_OTHER = (88, 90, 98)
"""Window, length, image, gantry: no structure is in the way."""

_POINT_PX = 5.0
_MOST_POINTS = 40_000


@dataclass(frozen=True, slots=True, eq=False)
class SkinMap:
    """n entries (n, 3) LPS mm with the room left [mm]; ``broken`` is the place of a rule in ``rules``, or beyond them: none."""

    entries_mm: FloatArray
    room_mm: FloatArray
    broken: IntArray
    rules: tuple[str, ...]

    @property
    def allowed(self) -> npt.NDArray[np.bool_]:
        """(n,) no rule is broken."""
        found: npt.NDArray[np.bool_] = self.broken >= len(self.rules)
        return found

    @property
    def colours(self) -> npt.NDArray[np.uint8]:
        """(n, 3) RGB."""
        table = np.array([*(colour_of(name) for name in self.rules), _OTHER], dtype=np.float64)
        painted = table[np.minimum(self.broken, len(self.rules))]
        share = np.clip(self.room_mm[self.allowed] / FULL_ROOM_MM, 0.0, 1.0)[:, None]
        painted[self.allowed] = (1 - share) * np.array(TIGHT) + share * np.array(AMPLE)
        rounded: npt.NDArray[np.uint8] = painted.round().astype(np.uint8)
        return rounded

    def legend(self) -> list[dict[str, Any]]:
        """What each colour means and how much of the skin in reach it covers, most first."""
        total = max(len(self.broken), 1)
        counts = np.bincount(self.broken[~self.allowed], minlength=len(self.rules))
        rows = [
            {"colour": _css(colour_of(name)), "name": name, "share": f"{100 * count / total:.0f}"}
            for name, count in sorted(zip(self.rules, counts.tolist(), strict=False), key=lambda one: -one[1])
            if count
        ]
        free = {"colour": "", "name": "", "share": f"{100 * int(self.allowed.sum()) / total:.0f}"}
        return [free, *rows]


def colour_of(rule: str) -> tuple[int, int, int]:
    """Of a rule that forbids an entry."""
    return next((colour for starts, colour in _WHY if rule.startswith(starts)), _OTHER)


class SkinPoints:
    """The map as points in the 3D pane."""

    def __init__(self, renderer: Renderer) -> None:
        self._data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        mapper.SetResolveCoincidentTopologyToPolygonOffset()
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        style = self._actor.GetProperty()
        style.SetPointSize(_POINT_PX)
        style.LightingOff()
        self._actor.VisibilityOff()
        renderer.AddActor(self._actor)

    def enlarge(self, factor: float) -> None:
        """Dots that touch each other on a large pane too."""
        self._actor.GetProperty().SetPointSize(_POINT_PX * factor)

    def show(self, skin: SkinMap | None) -> None:
        """None hides it; allowed places are drawn last, over the others."""
        self._actor.SetVisibility(int(skin is not None and len(skin.broken) > 0))
        if skin is None:
            return
        step = max(1, len(skin.broken) // _MOST_POINTS)
        order = np.argsort(skin.allowed, kind="stable")[::step]
        points, vertices = vtkPoints(), vtkCellArray()
        points.SetData(numpy_to_vtk(np.ascontiguousarray(skin.entries_mm[order]), deep=1))
        ids = np.arange(len(order), dtype=np.int64)
        offsets = np.arange(len(order) + 1, dtype=np.int64)
        vertices.SetData(numpy_to_vtkIdTypeArray(offsets, deep=1), numpy_to_vtkIdTypeArray(ids, deep=1))
        self._data.SetPoints(points)
        self._data.SetVerts(vertices)
        self._data.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(skin.colours[order]), deep=1))
        self._data.Modified()


def _css(colour: tuple[int, int, int]) -> str:
    return f"rgb({colour[0]},{colour[1]},{colour[2]})"
