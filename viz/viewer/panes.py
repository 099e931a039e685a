"""One slice pane: a plane through the scan with needle, crosshair, levels, letters and scale; and what lies under a pixel.

In: a ``View`` (plane, zoom, window, slab) and ``Marks`` in LPS mm. Out: an RGB picture, top row first, and points in LPS mm.
Pixels are counted from the bottom left, as VTK and the page's pointer do. No web toolkit, no interactor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from vtkmodules.vtkRenderingCore import vtkRenderer

from planner.geometry import FloatArray
from planner.injectate import Injectate
from planner.structures import Structure
from viz.palette import NEEDLE, TARGET, WARNING, WHITE, Window
from viz.planes import Plane
from viz.viewer.backdrop import Backdrop, Cut
from viz.viewer.marks import Lines, Words, circle, dashed_section, polyline
from viz.viewer.ruler import Ruler
from viz.viewer.scan import ScanImage, Slab
from viz.viewer.screen import Screen, enlarged

NEAR_PLANE_MM = 1.5
"""A needle point within this distance of the plane is drawn solid: half of a thick slice."""

GRIP_PX = 10.0
"""How near the pointer must be to take hold of entry or target."""

LEVEL_REACH_MM = 60.0
"""A vertebra's name is shown in planes that pass its centre within this distance, fainter things are left out; assumed."""

SPOT_REACH_MM = 6.0
"""A place to choose is ringed in planes this near: about half a foramen's height; assumed."""

_MARGIN_PX, _LETTER_PX, _TEXT_PX = 8, 20, 13
_NAME_PX = 20
"""The pane's own name, which the page writes into the corner above the title."""

_NAME_EDGE_PX = 14
"""Half a level's name: at the edge it is moved inwards, not cut."""

_NOTE_HIGH_PX = 40
"""Room for the words in the lower left corner."""

_LETTERS_WIDE_PX = 56
"""Room for two letters of orientation in the middle of an edge."""

_MOST_NAMES, _MOST_RULERS = 26, 8
_RULER = (255, 150, 220)
_GREEN = (120, 220, 160)
_CROSS = (110, 140, 190)
_FAR = (NEEDLE[0] * 4 // 5, NEEDLE[1] * 4 // 5, NEEDLE[2] * 4 // 5)
"""Opaque: one translucent line costs as much as the picture."""


class Grip(StrEnum):
    """What lies under the pointer."""

    ENTRY = "entry"
    TARGET = "target"
    PLANE = "plane"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Where a pane looks and how."""

    plane: Plane
    pixel_mm: float
    window: Window
    slab: Slab
    blend: float = 0.0
    """Share of the earlier scan."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What is drawn over the scan; ``names`` are level names at their vertebra's centre."""

    needle: tuple[FloatArray, FloatArray] | None
    cross_mm: FloatArray
    names: tuple[tuple[str, FloatArray], ...] = ()
    title: str = ""
    note: str = ""
    shows_outlines: bool = True
    colours: Mapping[Structure, tuple[int, int, int]] | None = None
    """Of the outlines that are shown; None: all in their own."""
    closest: tuple[FloatArray, FloatArray] | None = None
    """Closest approach: on the path and on the structure."""
    spots: tuple[tuple[str, FloatArray, bool], ...] = ()
    """Places a person may choose: words, where, and whether it is the chosen one."""
    rulers: tuple[Ruler, ...] = ()
    injectate: Injectate | None = None
    """Where an injected volume may spread: a warning, drawn dashed."""
    balls: tuple[tuple[FloatArray, float], ...] = ()
    """A brush stroke while it is made: centres and radius."""


class SlicePane:
    """One pane's picture and hit-test."""

    def __init__(self, scan: ScanImage, screen: Screen) -> None:
        self._scan, self.screen = scan, screen
        self.view: View | None = None
        self._marks: Marks | None = None
        renderer = vtkRenderer()
        self._backdrop = Backdrop(renderer)
        self._camera = renderer.GetActiveCamera()
        self._camera.ParallelProjectionOn()
        self._camera.SetPosition(0.0, 0.0, 1000.0)
        self._camera.SetClippingRange(1.0, 2000.0)
        self._drawing = _Drawing(renderer)
        screen.add(renderer)

    def take(self, scan: ScanImage) -> None:
        """Another scan image of the same geometry."""
        self._scan = scan
        self._backdrop.forget()

    def show(self, view: View, marks: Marks) -> None:
        """Cut the scan and place the marks; ``picture`` draws."""
        width, height = self.screen.size
        plane = replace(view.plane, width_mm=width * view.pixel_mm, height_mm=height * view.pixel_mm)
        self.view, self._marks = replace(view, plane=plane), marks
        cut = Cut(plane, view.pixel_mm, view.slab, view.window, marks.shows_outlines, marks.colours, view.blend)
        self._backdrop.show(self._scan, cut)
        self._camera.SetParallelScale(plane.height_mm / 2)
        self._drawing.place(self.view, marks, (width, height))

    def picture(self) -> npt.NDArray[np.uint8]:
        """(height, width, 3) RGB, top row first."""
        return self.screen.picture()

    def point_mm(self, x_px: float, y_px: float) -> FloatArray:
        """LPS of the plane's point under a pixel."""
        view = self._shown()
        width, height = self.screen.size
        across, up = ((place + 0.5 - size / 2) * view.pixel_mm for place, size in ((x_px, width), (y_px, height)))
        point: FloatArray = view.plane.center_mm + across * view.plane.right + up * view.plane.up
        return point

    def pixel(self, point_mm: FloatArray) -> FloatArray:
        """(2,) pixel of a point's place in the plane."""
        view = self._shown()
        pixel: FloatArray = _pixels(view, self.screen.size, view.plane.in_plane_mm(point_mm)[None])[0]
        return pixel

    def hit_test(self, x_px: float, y_px: float) -> Grip:
        """The target wins over the entry where both are near."""
        marks = self._marks
        if marks is None or marks.needle is None:
            return Grip.PLANE
        entry_mm, target_mm = marks.needle
        for grip, point in ((Grip.TARGET, target_mm), (Grip.ENTRY, entry_mm)):
            if np.hypot(*(self.pixel(point) - (x_px, y_px))) <= GRIP_PX:
                return grip
        return Grip.PLANE

    def _shown(self) -> View:
        if self.view is None:
            raise RuntimeError("a pane is asked for a point before it shows anything")
        return self.view


class _Drawing:
    """Every line and word of one pane."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._sized_for = (0, 0)
        self._cross = Lines(renderer, _CROSS, 1.0)
        self._far, self._near = Lines(renderer, _FAR, 1.0), Lines(renderer, NEEDLE, 3.0)
        self._entry, self._target = Lines(renderer, NEEDLE, 2.0), Lines(renderer, TARGET, 2.0)
        self._gap = Lines(renderer, _GREEN, 2.0)
        self._scale = Lines(renderer, WHITE, 2.0)
        self._scale_words = Words(renderer, _TEXT_PX, WHITE, "right", "bottom")
        middle = ("middle", "middle")
        places = (("left", "middle"), ("right", "middle"), ("middle", "top"), ("middle", "bottom"))
        self._letters = [Words(renderer, _LETTER_PX, WHITE, *place) for place in places]
        self._title = Words(renderer, _TEXT_PX, WHITE, "left", "top")
        self._note = Words(renderer, _TEXT_PX, WHITE, "left", "bottom")
        self._names = [Words(renderer, _TEXT_PX, _GREEN, *middle) for _ in range(_MOST_NAMES)]
        self._spread = Lines(renderer, WARNING, 2.0)
        self._rules = Lines(renderer, _RULER, 2.0)
        self._rule_words = [Words(renderer, _TEXT_PX, _RULER, "left", "bottom") for _ in range(_MOST_RULERS)]
        self._spots, self._spot = Lines(renderer, TARGET, 1.5), Lines(renderer, TARGET, 4.0)

    def place(self, view: View, marks: Marks, size: tuple[int, int]) -> None:
        """Everything where it belongs."""
        width, height = size
        if size != self._sized_for:
            self._sized_for = size
            words = (*self._letters, self._title, self._note, self._scale_words, *self._names, *self._rule_words)
            lines = (self._cross, self._far, self._near, self._entry, self._target, self._gap, self._scale)
            for text in words:
                text.enlarge(enlarged(size))
            for line in (*lines, self._spread, self._rules, self._spots, self._spot):
                line.enlarge(enlarged(size))
        self._place_letters(view.plane.letters, width, height)
        self._title.show(marks.title, _MARGIN_PX, height - _MARGIN_PX - _NAME_PX * enlarged(size))
        self._note.show(marks.note, _MARGIN_PX, _MARGIN_PX)
        self._place_scale(view, width, height)
        self._place_cross(view, marks)
        self._place_needle(view, marks)
        self._place_gap(view, marks)
        self._spread.show(
            np.empty((0, 2, 2)) if marks.injectate is None else dashed_section(marks.injectate, view.plane)
        )
        self._place_names(view, marks, size)
        self._place_spots(view, marks)
        self._place_rulers(view, marks, size)

    def _place_rulers(self, view: View, marks: Marks, size: tuple[int, int]) -> None:
        """Measurements that lie in the plane; one that is half drawn shows its points."""
        shown = []
        for ruler in marks.rulers[-_MOST_RULERS:]:
            places = view.plane.in_plane_mm(ruler.points_mm)
            if (np.abs(places[:, 2]) <= NEAR_PLANE_MM).all():
                shown.append((ruler.words, places))
        ends = [circle(place, 3 * view.pixel_mm) for _, places in shown for place in places]
        ends += [circle(view.plane.in_plane_mm(centre), radius) for centre, radius in marks.balls]
        self._rules.show(np.concatenate([*(polyline(places) for _, places in shown), *ends, np.empty((0, 2, 2))]))
        blank = ("", np.zeros((1, 3)))
        for words, (text, places) in zip(self._rule_words, [*shown, *[blank] * _MOST_RULERS], strict=False):
            x, y = _pixels(view, size, places[-1:])[0]
            words.show(text, x + 6, y + 6)

    def _place_spots(self, view: View, marks: Marks) -> None:
        """A ring for each place near the plane; the chosen one thick."""
        rings: dict[bool, list[FloatArray]] = {True: [], False: []}
        for _, point, is_chosen in marks.spots:
            place = view.plane.in_plane_mm(point)
            if abs(place[2]) <= SPOT_REACH_MM:
                rings[is_chosen].append(circle(place, 7 * view.pixel_mm))
        for lines, found in ((self._spots, rings[False]), (self._spot, rings[True])):
            lines.show(np.concatenate(found) if found else np.empty((0, 2, 2)))

    def _place_letters(self, letters: tuple[str, str, str, str], width: int, height: int) -> None:
        x, y, edge = width / 2, height / 2, _MARGIN_PX
        places = ((edge, y), (width - edge, y), (x, height - edge), (x, edge))
        for words, letter, place in zip(self._letters, letters, places, strict=True):
            words.show(letter, *place)

    def _place_scale(self, view: View, width: int, height: int) -> None:
        length_mm = 50.0 if width * view.pixel_mm > 120.0 else 10.0
        right, low = (width / 2 - 12) * view.pixel_mm, (12 - height / 2) * view.pixel_mm
        self._scale.show(np.array([[[right - length_mm, low], [right, low]]]))
        self._scale_words.show(f"{length_mm:g} mm", width - 12, 16)

    def _place_cross(self, view: View, marks: Marks) -> None:
        x, y, _ = view.plane.in_plane_mm(marks.cross_mm)
        gap, far_x, far_y = 12 * view.pixel_mm, view.plane.width_mm, view.plane.height_mm
        arms = [[[x - far_x, y], [x - gap, y]], [[x + gap, y], [x + far_x, y]]]
        arms += [[[x, y - far_y], [x, y - gap]], [[x, y + gap], [x, y + far_y]]]
        self._cross.show(np.array(arms))

    def _place_needle(self, view: View, marks: Marks) -> None:
        if marks.needle is None:
            for lines in (self._far, self._near, self._entry, self._target):
                lines.show(np.empty((0, 2, 2)))
            return
        entry_mm, target_mm = marks.needle
        course = view.plane.in_plane_mm(entry_mm + np.linspace(0.0, 1.0, 121)[:, None] * (target_mm - entry_mm))
        near = np.abs(course[:, 2]) <= NEAR_PLANE_MM
        pieces = polyline(course)
        self._far.show(pieces)
        self._near.show(pieces[near[:-1] & near[1:]])
        self._entry.show(circle(course[0], 5 * view.pixel_mm))
        self._target.show(circle(course[-1], 6 * view.pixel_mm))

    def _place_gap(self, view: View, marks: Marks) -> None:
        ends = None if marks.closest is None else view.plane.in_plane_mm(np.stack(marks.closest))
        is_here = ends is not None and bool((np.abs(ends[:, 2]) <= NEAR_PLANE_MM).all())
        self._gap.show(ends[None, :, :2] if ends is not None and is_here else np.empty((0, 2, 2)))

    def _place_names(self, view: View, marks: Marks, size: tuple[int, int]) -> None:
        inside = [(name, view.plane.in_plane_mm(point)) for name, point in marks.names]
        spans = (
            abs(float(view.plane.toward_viewer[2])) > 0.7
        )  # an axial pane names the level it cuts, not its neighbours
        reach_mm = 16.0 if spans else LEVEL_REACH_MM
        places = [(name, *_pixels(view, size, place[None])[0]) for name, place in inside if abs(place[2]) <= reach_mm]
        shown = [one for one in places if 0 <= one[1] < size[0] and 0 <= one[2] < size[1]]
        edge = _NAME_EDGE_PX * enlarged(size)
        beside = _LETTERS_WIDE_PX * enlarged(size)
        for words, (name, x, y) in zip(self._names, [*shown, *[("", 0.0, 0.0)] * _MOST_NAMES], strict=False):
            inwards = beside if abs(y - size[1] / 2) < edge else edge
            lowest = _NOTE_HIGH_PX * enlarged(size) if x < size[0] / 2 else edge
            words.show(name, float(np.clip(x, inwards, size[0] - inwards)), float(np.clip(y, lowest, size[1] - edge)))


def _pixels(view: View, size: tuple[int, int], in_plane_mm: FloatArray) -> FloatArray:
    """(n, 2) pixels of in-plane places."""
    pixels: FloatArray = in_plane_mm[:, :2] / view.pixel_mm + np.array(size) / 2 - 0.5
    return pixels
