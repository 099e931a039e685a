"""The desk a radiologist sits at: six panes, one session, what the pointer and the keys do to them.

In: a case, the planner's answers (handed in), pointer events and keys. Out: pictures, and the names of the panes that changed.
No web toolkit: any host that has pixels and keys can drive it. One thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.geometry import FloatArray, frozen
from planner.plan import PlannedTrajectory
from viz.palette import Window
from viz.planes import Plane
from viz.viewer import looks as places
from viz.viewer.looks import CT_WINDOWS, DOWN, NEEDLE, OBLIQUE, PANES, SCENE, SLABS, Looks, mr_windows
from viz.viewer.marking import Shown, marks_of
from viz.viewer.offer import Offer, nearest
from viz.viewer.opencase import OpenCase, Planning
from viz.viewer.panes import Grip, SlicePane, View
from viz.viewer.pointer import Button, Pointer
from viz.viewer.scan import ScanImage
from viz.viewer.screen import Screen
from viz.viewer.session import Judged, Session, along
from viz.viewer.solid import ScenePane

FIRST_SIZE = (420, 300)
_ZOOM_PER_NOTCH = 1.15


@dataclass(frozen=True, slots=True, eq=False)
class _Drag:
    name: str
    start: Pointer
    last: Pointer
    grip: Grip
    start_mm: FloatArray
    entry_mm: FloatArray
    target_mm: FloatArray


class Desk:
    """One person's view of one case."""

    def __init__(self, case: OpenCase, session: Session | None, planning: Planning) -> None:
        self.case, self.session, self._planning = case, session, planning
        self.message = ""
        self.offers: tuple[Offer, ...] = ()
        self.picked = -1
        self._scan = ScanImage(case.volume, case.anatomy.labels)
        self._preview: Judged | None = None
        self._drag: _Drag | None = None
        self._frozen: dict[str, tuple[Plane, float]] = {}
        self.pointer_at: tuple[str, Pointer] | None = None
        self._home_mm = self._first_home_mm()
        self.looks = Looks(self._home_mm, self.windows[2])
        self._panes = {name: SlicePane(self._scan, Screen(*FIRST_SIZE)) for name in PANES if name != SCENE}
        self._scene = self._new_scene(Screen(*FIRST_SIZE))
        self.look_at_tip()

    @property
    def judged(self) -> Judged | None:
        """The path as it is drawn now, a drag in progress included."""
        return self._preview or (None if self.session is None else self.session.now.judged)

    @property
    def path(self) -> PlannedTrajectory | None:
        """The path that is drawn."""
        return None if self.judged is None else self.judged.path

    @property
    def windows(self) -> tuple[Window, ...]:
        """On keys 1 to 4: Hounsfield units for CT, by percentile for MR."""
        return CT_WINDOWS if self._scan.is_ct else mr_windows(self._scan.percentiles)

    @property
    def is_dragging(self) -> bool:
        """Entry or target is held now."""
        return self._preview is not None

    def picture(self, name: str, *, is_final: bool = True) -> npt.NDArray[np.uint8]:
        """What a pane shows now; a picture that will be sent lossy says so."""
        path = self.path
        lossy = "" if is_final else "JPEG"
        if name == SCENE:
            if path is not None:
                self._scene.show(path.entry_mm, path.target_mm, path.needle.length_mm)
            return self._scene.picture(lossy)
        pane = self._panes[name]
        found = self._frozen.get(name) or self._plane(name)
        if found is None:
            width, height = pane.screen.size
            return np.zeros((height, width, 3), np.uint8)
        plane, pixel = found
        pane.show(
            View(plane, pixel, self.looks.window, SLABS[self.looks.slab]),
            marks_of(self.case, self.looks, path, Shown(name, plane, lossy, self._spots())),
        )
        return pane.picture()

    def offer(self, offers: tuple[Offer, ...]) -> tuple[str, ...]:
        """Places to choose from; none is chosen yet."""
        self.offers, self.picked = offers, -1
        return PANES

    def pick(self, index: int) -> tuple[str, ...]:
        """One place chosen: every plane goes there."""
        if not 0 <= index < len(self.offers):
            return ()
        self.picked = index
        self.looks = self.looks.at(self.offers[index].point_mm)
        return PANES

    @property
    def near(self) -> int:
        """Which place lies near the crosshair; -1: none."""
        return nearest(self.offers, self.looks.cross_mm)

    def _spots(self) -> tuple[tuple[str, FloatArray, bool], ...]:
        if self.session is not None:
            return ()
        return tuple((one.words, one.point_mm, n == self.picked) for n, one in enumerate(self.offers))

    def resize(self, name: str, width: int, height: int) -> None:
        """A pane's new size [pixels]."""
        self._screen(name).resize(width, height)

    def size(self, name: str) -> tuple[int, int]:
        """A pane's size [pixels]."""
        return self._screen(name).size

    def wheel(self, name: str, notches: float, pointer: Pointer) -> tuple[str, ...]:
        """Scroll along the pane's own normal; with ctrl, zoom."""
        if name == SCENE:
            self._scene.zoom(notches)
            return (SCENE,)
        if pointer.ctrl:
            self.looks = self.looks.zoomed(name, _ZOOM_PER_NOTCH**-notches)
            return (name,)
        if name == DOWN and self.path is not None:
            return self.look_along(self.looks.depth_mm + notches)
        if name == NEEDLE:
            self.looks = replace(self.looks, needle_offset_mm=self.looks.needle_offset_mm + notches)
            return (name,)
        plane = places.orthogonal(name, self._home_mm, self.case.pose, anterior_up=self.looks.anterior_up)
        step = places.slice_step(self.case.volume.geometry, plane)
        self.looks = self.looks.at(self.looks.cross_mm + notches * step)
        return (name, *(other for other in PANES if other not in (name, SCENE)))

    def press(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        """Take hold of what lies under the pointer."""
        path = self.path
        nothing = np.full(3, np.nan)
        grip, start_mm = Grip.PLANE, nothing
        if name != SCENE and self._shows(name):
            start_mm = self._panes[name].point_mm(pointer.x_px, pointer.y_px)
            grip = self._panes[name].hit_test(pointer.x_px, pointer.y_px) if self.case.may_edit else Grip.PLANE
        ends = (nothing, nothing) if path is None else (path.entry_mm, path.target_mm)
        self._drag = _Drag(name, pointer, pointer, grip, start_mm, *ends)
        if grip is not Grip.PLANE and pointer.button is Button.LEFT:
            self._frozen = {one: found for one in OBLIQUE if (found := self._plane(one)) is not None}
        return (
            self.move(name, pointer)
            if grip is Grip.PLANE and pointer.button is Button.LEFT and not pointer.shift
            else ()
        )

    def move(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        """Drag what is held: entry, target, crosshair, window, picture or the 3D view."""
        self.pointer_at = (name, pointer)
        drag = self._drag
        if drag is None or drag.name != name:
            return ()
        self._drag = replace(drag, last=pointer)
        if name == SCENE:
            self._scene.turn(pointer.x_px - drag.last.x_px, pointer.y_px - drag.last.y_px)
            return (SCENE,)
        return self._drag_in_slice(drag, pointer) if self._shows(name) else ()

    def _drag_in_slice(self, drag: _Drag, pointer: Pointer) -> tuple[str, ...]:
        name, pane = drag.name, self._panes[drag.name]
        linked = (name, *(other for other in PANES if other not in (name, SCENE)))
        if drag.start.button is Button.RIGHT:
            self.looks = self.looks.widened(pointer.x_px - drag.last.x_px, pointer.y_px - drag.last.y_px)
            return linked
        point = pane.point_mm(pointer.x_px, pointer.y_px)
        if drag.start.button is Button.MIDDLE or drag.start.shift:
            self.looks = self.looks.panned(name, pane.point_mm(drag.last.x_px, drag.last.y_px) - point)
            return (name,)
        if drag.grip is Grip.PLANE:
            self.looks = self.looks.at(point)
            return linked
        return self._drag_needle(drag, point)

    def release(self) -> tuple[str, ...]:
        """Let go: an edit becomes a step that undo takes back; oblique planes follow the needle again."""
        drag, self._drag, self._frozen = self._drag, None, {}
        preview, self._preview = self._preview, None
        if drag is None or preview is None or self.session is None:
            return ()
        old_mm = float(np.linalg.norm(drag.target_mm - drag.entry_mm))
        self.session = self.session.edit(preview)
        if drag.grip is Grip.TARGET:
            return self.look_at_tip()
        self.looks = replace(self.looks, depth_mm=self.looks.depth_mm / old_mm * preview.path.length_mm)
        return PANES

    def set_entry(self, wish_mm: FloatArray) -> tuple[str, ...]:
        """The entry towards a point, snapped to the skin."""
        tip = self._tip_mm()
        return self._edit(wish_mm, tip) if tip is not None else ()

    def set_target(self, wish_mm: FloatArray) -> tuple[str, ...]:
        """The tip at a point, the entry where it was."""
        path = self.path
        return () if path is None else self._edit(path.entry_mm, wish_mm)

    def under_pointer_mm(self) -> FloatArray | None:
        """The point under the pointer; on 3D the skin there."""
        if self.pointer_at is None:
            return None
        name, at = self.pointer_at
        if name == SCENE:
            return self._scene.skin_mm(at.x_px, at.y_px)
        return self._panes[name].point_mm(at.x_px, at.y_px) if self._shows(name) else None

    def look_along(self, depth_mm: float) -> tuple[str, ...]:
        """A depth along the needle: the bull's-eye and the crosshair go there."""
        path = self.path
        if path is None:
            return ()
        depth = float(np.clip(depth_mm, 0.0, path.length_mm))
        self.looks = replace(self.looks, depth_mm=depth).at(along(path, depth))
        return (DOWN, *(other for other in PANES if other not in (DOWN, SCENE)))

    def look_at_tip(self) -> tuple[str, ...]:
        """The crosshair at the tip, every plane through it."""
        path = self.path
        if path is not None:
            self.looks = replace(self.looks, depth_mm=path.length_mm, needle_offset_mm=0.0).at(path.target_mm)
        return PANES

    def reset(self) -> tuple[str, ...]:
        """Zoom, pan and planes as at the start."""
        self._home_mm = self._first_home_mm()
        keep = self.looks
        self.looks = replace(
            Looks(self._home_mm, keep.window), shows_outlines=keep.shows_outlines, anterior_up=keep.anterior_up
        )
        if self.path is not None:
            self._scene.aim(self.path.entry_mm, self.path.target_mm)
        return self.look_at_tip()

    def change(self, session: Session) -> tuple[str, ...]:
        """Another step of the session: everything follows."""
        self.session, self._preview = session, None
        return self.look_at_tip()

    def start(self, session: Session) -> tuple[str, ...]:
        """The first plan of a case that waited: the 3D view moves to its needle."""
        self.session = session
        size = self._scene.screen.size
        self._scene.screen.close()
        self._home_mm = self._first_home_mm()
        self._scene = self._new_scene(Screen(*size))
        return self.reset()

    def _new_scene(self, screen: Screen) -> ScenePane:
        path = self.path
        ends = (self._home_mm, self._home_mm) if path is None else (path.entry_mm, path.target_mm)
        return ScenePane(self.case.anatomy, screen, *ends)

    def close(self) -> None:
        """Give the graphics memory back."""
        for name in PANES:
            self._screen(name).close()

    def _edit(self, entry_mm: FloatArray, target_mm: FloatArray) -> tuple[str, ...]:
        judged = self._judge(entry_mm, target_mm)
        if judged is None or self.session is None:
            return ()
        self.session = self.session.edit(judged)
        return self.look_at_tip()

    def _judge(self, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        if self.session is None or not self.case.may_edit:
            return None
        now = self.session.now
        judged = self._planning.judge(now.plan, now.target_index, entry_mm, target_mm)
        self.message = "" if judged is not None else "no_skin"
        return judged

    def _drag_needle(self, drag: _Drag, point_mm: FloatArray) -> tuple[str, ...]:
        by = point_mm - drag.start_mm
        is_entry = drag.grip is Grip.ENTRY
        entry, target = (drag.entry_mm + by, drag.target_mm) if is_entry else (drag.entry_mm, drag.target_mm + by)
        judged = self._judge(entry, target)
        if judged is not None:
            self._preview = judged
        return (drag.name, *(other for other in PANES if other != drag.name))

    def _tip_mm(self) -> FloatArray | None:
        if self.path is not None:
            return self.path.target_mm
        return None if self.session is None else self.session.now.target.point_mm

    def _first_home_mm(self) -> FloatArray:
        tip = self._tip_mm()
        if tip is not None and self.path is not None:
            return frozen(tip + 0.3 * (self.path.entry_mm - tip))
        geometry = self.case.volume.geometry
        return frozen(geometry.points_mm((np.array(geometry.shape) - 1) / 2) if tip is None else tip)

    def _plane(self, name: str) -> tuple[Plane, float] | None:
        plane = places.plane_of(name, self.looks, self.path, self.case.pose, self._home_mm)
        return None if plane is None else (plane, places.pixel_mm(name, self.looks, self.path, self._screen(name).size))

    def _shows(self, name: str) -> bool:
        return self._panes[name].view is not None

    def _screen(self, name: str) -> Screen:
        return self._scene.screen if name == SCENE else self._panes[name].screen
