"""What pointer and wheel do to a desk: scroll, zoom, pan, window, crosshair, entry and target, measuring.

In: events in pixels from the bottom left. Out: the panes that changed, the first one at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from planner.geometry import FloatArray, frozen
from planner.plan import PlannedTrajectory
from planner.structures import Structure
from viz.planes import Plane
from viz.viewer import looks as places
from viz.viewer.correction import Change, Correction
from viz.viewer.looks import DOWN, NEEDLE, OBLIQUE, PANES, SCENE, Looks
from viz.viewer.opencase import OpenCase
from viz.viewer.panes import Grip, SlicePane
from viz.viewer.pointer import Button, Pointer
from viz.viewer.ruler import Ruler, Tool
from viz.viewer.session import Judged, Session
from viz.viewer.solid import ScenePane

_ZOOM_PER_NOTCH = 1.15
_MOST_ANNOUNCED = 32
_SLICES = tuple(name for name in PANES if name != SCENE)


class HeldDesk(Protocol):
    """What a hand needs of the desk."""

    case: OpenCase
    session: Session | None
    looks: Looks
    panes: dict[str, SlicePane]
    preview: Judged | None
    frozen: dict[str, tuple[Plane, float]]
    home_mm: FloatArray
    wants_replan: bool
    rulers: tuple[Ruler, ...]
    stroke_mm: tuple[FloatArray, ...]
    brush_mm: float
    brushed: Structure | None
    wanted: Correction | None

    @property
    def scene(self) -> ScenePane:
        """The 3D pane."""

    @property
    def path(self) -> PlannedTrajectory | None:
        """The path that is drawn."""

    def shows(self, name: str) -> bool:
        """Whether a pane has shown a plane."""

    def plane(self, name: str) -> tuple[Plane, float] | None:
        """The plane a pane shows, and millimetres for each pixel."""

    def judge(self, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        """The path from the skin towards a wish."""

    def look_along(self, depth_mm: float) -> tuple[str, ...]:
        """A depth along the needle."""

    def look_at_tip(self) -> tuple[str, ...]:
        """The crosshair at the tip."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drag:
    name: str
    start: Pointer
    last: Pointer
    grip: Grip
    start_mm: FloatArray
    entry_mm: FloatArray
    target_mm: FloatArray


class Hand:
    """One pointer over one desk."""

    def __init__(self, desk: HeldDesk) -> None:
        self._desk = desk
        self._drag: _Drag | None = None
        self.tool = Tool.LOOK
        self._brushed = ""
        self._announced: deque[Tool] = deque(maxlen=_MOST_ANNOUNCED)
        self._stroke_with = Tool.LOOK

    def wheel(self, name: str, notches: float, pointer: Pointer) -> tuple[str, ...]:
        """Scroll along the pane's own normal; with ctrl, zoom."""
        desk = self._desk
        if name == SCENE:
            desk.scene.zoom(notches)
            return (SCENE,)
        if pointer.ctrl:
            desk.looks = desk.looks.zoomed(name, _ZOOM_PER_NOTCH**-notches)
            return (name,)
        if name == DOWN and desk.path is not None:
            return desk.look_along(desk.looks.depth_mm + notches)
        if name == NEEDLE:
            desk.looks = replace(desk.looks, needle_offset_mm=desk.looks.needle_offset_mm + notches)
            return (name,)
        plane = places.orthogonal(name, desk.home_mm, desk.case.pose, anterior_up=desk.looks.anterior_up)
        step = places.slice_step(desk.case.volume.geometry, plane)
        desk.looks = desk.looks.at(desk.looks.cross_mm + notches * step)
        return _linked(name)

    def announce(self) -> None:
        """A press of the left button is on its way: it belongs to the tool of now, whenever it gets here.

        The page sends a pane's events one by one, each after the answer to the one before; a tool's button overtakes them.
        """
        self._announced.append(self.tool)

    def press(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        """Take hold of what lies under the pointer, or put down a point of a measurement."""
        is_left, now = pointer.button is Button.LEFT, self.tool
        self.tool = self._announced.popleft() if is_left and self._announced else now
        try:
            return self._press(name, pointer)
        finally:
            self.tool = now

    def _press(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        desk, path = self._desk, self._desk.path
        nothing = np.full(3, np.nan)
        grip, start_mm = Grip.PLANE, nothing
        is_slice = name != SCENE and desk.shows(name)
        if is_slice:
            start_mm = desk.panes[name].point_mm(pointer.x_px, pointer.y_px)
            if self.tool is not Tool.LOOK and pointer.button is Button.LEFT:
                return self._brush(name, start_mm) if self.tool.is_brush else self._measure(name, start_mm)
            grip = desk.panes[name].hit_test(pointer.x_px, pointer.y_px) if desk.case.may_edit else Grip.PLANE
        ends = (nothing, nothing) if path is None else (path.entry_mm, path.target_mm)
        self._drag = _Drag(name, pointer, pointer, grip, start_mm, *ends)
        is_left = pointer.button is Button.LEFT
        if grip is not Grip.PLANE and is_left:
            desk.frozen = {one: found for one in OBLIQUE if (found := desk.plane(one)) is not None}
        return self.move(name, pointer) if grip is Grip.PLANE and is_left and not pointer.shift else ()

    def move(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        """Drag what is held."""
        desk, drag = self._desk, self._drag
        if desk.stroke_mm and desk.shows(name) and name == self._brushed:
            return self._brush(name, desk.panes[name].point_mm(pointer.x_px, pointer.y_px))
        if drag is None or drag.name != name:
            return ()
        self._drag = replace(drag, last=pointer)
        if name == SCENE:
            desk.scene.turn(pointer.x_px - drag.last.x_px, pointer.y_px - drag.last.y_px)
            return (SCENE,)
        return self._drag_in_slice(drag, pointer) if desk.shows(name) else ()

    def release(self) -> tuple[str, ...]:
        """Let go: an edit becomes a step that undo takes back; oblique planes follow the needle again."""
        desk = self._desk
        if desk.stroke_mm:
            return self._end_stroke()
        drag, self._drag, desk.frozen = self._drag, None, {}
        preview, desk.preview = desk.preview, None
        if drag is None or preview is None or desk.session is None:
            return ()
        old_mm = float(np.linalg.norm(drag.target_mm - drag.entry_mm))
        desk.session = desk.session.edit(preview)
        if drag.grip is Grip.TARGET:
            desk.wants_replan = True
            return desk.look_at_tip()
        desk.looks = replace(desk.looks, depth_mm=desk.looks.depth_mm / old_mm * preview.path.length_mm)
        return PANES

    def _drag_in_slice(self, drag: _Drag, pointer: Pointer) -> tuple[str, ...]:
        desk, name, pane = self._desk, drag.name, self._desk.panes[drag.name]
        if drag.start.button is Button.RIGHT:
            desk.looks = desk.looks.widened(pointer.x_px - drag.last.x_px, pointer.y_px - drag.last.y_px)
            return _linked(name)
        point = pane.point_mm(pointer.x_px, pointer.y_px)
        if drag.start.button is Button.MIDDLE or drag.start.shift:
            desk.looks = desk.looks.panned(name, pane.point_mm(drag.last.x_px, drag.last.y_px) - point)
            return (name,)
        if drag.grip is Grip.PLANE:
            desk.looks = desk.looks.at(point)
            return _linked(name)
        return self._drag_needle(drag, point)

    def _drag_needle(self, drag: _Drag, point_mm: FloatArray) -> tuple[str, ...]:
        by = point_mm - drag.start_mm
        is_entry = drag.grip is Grip.ENTRY
        entry, target = (drag.entry_mm + by, drag.target_mm) if is_entry else (drag.entry_mm, drag.target_mm + by)
        judged = self._desk.judge(entry, target)
        if judged is not None:
            self._desk.preview = judged
        return (drag.name, *(other for other in PANES if other != drag.name))

    def _brush(self, name: str, point_mm: FloatArray) -> tuple[str, ...]:
        """A stroke goes on; a nudge keeps only where it began and where it is."""
        desk = self._desk
        if not desk.case.may_edit:
            return ()
        self._brushed = name
        tool = self.tool if not desk.stroke_mm else self._stroke_with
        self._stroke_with = tool
        if tool is Tool.NUDGE:
            desk.stroke_mm = (*desk.stroke_mm[:1], point_mm)
        elif not desk.stroke_mm or np.linalg.norm(desk.stroke_mm[-1] - point_mm) > desk.brush_mm / 2:
            desk.stroke_mm = (*desk.stroke_mm, point_mm)
        return (name,)

    def _end_stroke(self) -> tuple[str, ...]:
        desk, points = self._desk, np.stack(self._desk.stroke_mm)
        desk.stroke_mm, tool = (), self._stroke_with
        structure = Structure.NERVE_ROOT if tool is Tool.NUDGE else desk.brushed
        is_whole = tool is not Tool.NUDGE or len(points) > 1
        if structure is not None and is_whole:
            desk.wanted = Correction(Change(str(tool)), structure, frozen(points), desk.brush_mm)
        return PANES

    def _measure(self, name: str, point_mm: FloatArray) -> tuple[str, ...]:
        """A point more; a measurement that is whole stays, and the next begins."""
        desk = self._desk
        last = desk.rulers[-1] if desk.rulers else None
        if last is None or last.is_whole or last.tool is not self.tool:
            kept = tuple(ruler for ruler in desk.rulers if ruler.is_whole)
            desk.rulers = (*kept, Ruler(self.tool, point_mm[None]))
        else:
            desk.rulers = (*desk.rulers[:-1], Ruler(self.tool, np.concatenate([last.points_mm, point_mm[None]])))
        return _linked(name)


def _linked(name: str) -> tuple[str, ...]:
    """A pane, then every other slice."""
    return (name, *(other for other in _SLICES if other != name))
