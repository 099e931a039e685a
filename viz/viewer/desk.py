"""The desk a radiologist sits at: six panes, one session, what the pointer and the keys do to them.

In: a case, the planner's answers (handed in), pointer events and keys. Out: pictures, and the names of the panes that changed.
No web toolkit: any host that has pixels and keys can drive it. One thread.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, frozen
from planner.injectate import Injectate
from planner.plan import PlannedTrajectory
from planner.structures import Structure
from viz.palette import Window
from viz.planes import Plane
from viz.viewer import looks as places
from viz.viewer.correction import Correction
from viz.viewer.hand import Hand
from viz.viewer.looks import CT_WINDOWS, DOWN, PANES, SCENE, SLABS, Looks, mr_windows
from viz.viewer.marking import Shown, marks_of
from viz.viewer.offer import Choosing
from viz.viewer.opencase import OpenCase, Planning
from viz.viewer.panes import SlicePane, View
from viz.viewer.pointer import Pointer
from viz.viewer.ruler import Ruler, Tool
from viz.viewer.scan import ScanImage
from viz.viewer.screen import Canvas, Screen
from viz.viewer.session import Judged, Session, along
from viz.viewer.skin import SkinMap
from viz.viewer.solid import ScenePane

FIRST_SIZE = (420, 300)
BRUSH_MM = 3.0
"""The brush's radius at first: about a vessel's or a root's."""

LOSSY = "JPEG (lossy)"


class Desk:
    """One person's view of one case."""

    def __init__(
        self, case: OpenCase, session: Session | None, planning: Planning, canvas: Canvas | None = None
    ) -> None:
        self.case, self.session, self._planning = case, session, planning
        self.message = ""
        self.choosing = Choosing()
        self.scan = ScanImage(case.volume, case.anatomy.labels, case.earlier)
        self.preview: Judged | None = None
        self.wants_replan = False
        """The tip was moved, and the hand rests: the list of paths is for another tip."""
        self.skin: SkinMap | None = None
        self.rulers: tuple[Ruler, ...] = ()
        self.stroke_mm: tuple[FloatArray, ...] = ()
        self.brush_mm = BRUSH_MM
        self.brushed: Structure | None = None
        self.wanted: Correction | None = None
        """A stroke that was made and is not applied yet."""
        self.frozen: dict[str, tuple[Plane, float]] = {}
        self.pointer_at: tuple[str, Pointer] | None = None
        self.home_mm = self._first_home_mm()
        self.looks = Looks(self.home_mm, self.windows[2])
        self._canvas = canvas or Canvas()
        self.panes = {n: SlicePane(self.scan, Screen(*FIRST_SIZE, self._canvas)) for n in PANES if n != SCENE}
        self._scene_screen = Screen(*FIRST_SIZE, self._canvas)
        self._scene: ScenePane | None = None
        self.hand = Hand(self)
        self.look_at_tip()

    @property
    def scene(self) -> ScenePane:
        """The 3D pane; its surfaces are made when it is first asked for, after the slices."""
        if self._scene is None:
            path = self.path
            ends = (self.home_mm, self.home_mm) if path is None else (path.entry_mm, path.target_mm)
            self._scene = ScenePane(self.case.anatomy, self._scene_screen, *ends)
            self._scene.show_skin(self.skin)
        return self._scene

    @property
    def judged(self) -> Judged | None:
        """The path as it is drawn now, a drag in progress included."""
        return self.preview or (None if self.session is None else self.session.now.judged)

    @property
    def path(self) -> PlannedTrajectory | None:
        """The path that is drawn."""
        return None if self.judged is None else self.judged.path

    @property
    def windows(self) -> tuple[Window, ...]:
        """On keys 1 to 4: Hounsfield units for CT, by percentile for MR."""
        return CT_WINDOWS if self.scan.is_ct else mr_windows(self.scan.percentiles)

    @property
    def is_dragging(self) -> bool:
        """Entry or target is held now."""
        return self.preview is not None

    def picture(self, name: str, *, is_final: bool = True) -> npt.NDArray[np.uint8]:
        """What a pane shows now; a picture that will be sent lossy says so."""
        path, lossy = self.path, "" if is_final else LOSSY
        if name == SCENE:
            if path is not None:
                self.scene.show(path.entry_mm, path.target_mm, path.needle.length_mm)
            return self.scene.picture(lossy)
        pane = self.panes[name]
        found = self.frozen.get(name) or self.plane(name)
        if found is None:
            width, height = pane.screen.size
            return np.zeros((height, width, 3), np.uint8)
        plane, pixel = found
        spots = () if self.session else self.choosing.spots
        shown = Shown(name, plane, lossy, spots, self.rulers, self._balls(), self._spread())
        view = View(plane, pixel, self.looks.window, SLABS[self.looks.slab], self.looks.blend)
        pane.show(view, marks_of(self.case, self.looks, path, shown))
        return pane.picture()

    def pick(self, index: int) -> tuple[str, ...]:
        """One place chosen: every plane goes there."""
        offer = self.choosing.pick(index)
        if offer is None:
            return ()
        self.looks = self.looks.at(offer.point_mm)
        return PANES

    def _spread(self) -> Injectate | None:
        """Of the tip that was planned; a tip put elsewhere by hand has none."""
        now = None if self.session is None or self.preview else self.session.now
        return None if now is None or now.path_index is None else now.target.injectate

    def _balls(self) -> tuple[tuple[FloatArray, float], ...]:
        radius = self.brush_mm if self.tool is not Tool.NUDGE else 1.0
        return tuple((point, radius) for point in self.stroke_mm)

    def resize(self, name: str, width: int, height: int) -> None:
        """A pane's new size [pixels]."""
        self.screen(name).resize(width, height)

    def wheel(self, name: str, notches: float, pointer: Pointer) -> tuple[str, ...]:
        """Scroll along the pane's own normal; with ctrl, zoom."""
        return self.hand.wheel(name, notches, pointer)

    def press(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        """Take hold of what lies under the pointer."""
        return self.hand.press(name, pointer)

    def move(self, name: str, pointer: Pointer) -> tuple[str, ...]:
        """Drag what is held: entry, target, crosshair, window, picture or the 3D view."""
        self.pointer_at = (name, pointer)
        return self.hand.move(name, pointer)

    def release(self) -> tuple[str, ...]:
        """Let go: an edit becomes a step that undo takes back; oblique planes follow the needle again."""
        return self.hand.release()

    @property
    def tool(self) -> Tool:
        """What the left button does in a slice."""
        return self.hand.tool

    def take(self, tool: Tool) -> None:
        """Another tool; the same again puts it away."""
        self.hand.tool = Tool.LOOK if tool is self.hand.tool else tool

    def rub_out(self) -> tuple[str, ...]:
        """The last measurement goes."""
        self.rulers = self.rulers[:-1]
        return PANES

    def show_skin(self, skin: SkinMap | None) -> tuple[str, ...]:
        """The access map on the body's surface, or none."""
        self.skin = skin
        if self._scene is not None:
            self._scene.show_skin(skin)
        return (SCENE,)

    def set_entry(self, wish_mm: FloatArray) -> tuple[str, ...]:
        """The entry towards a point, snapped to the skin."""
        tip = self._tip_mm()
        return self._edit(wish_mm, tip) if tip is not None else ()

    def set_target(self, wish_mm: FloatArray) -> tuple[str, ...]:
        """The tip at a point, the entry where it was."""
        path = self.path
        changed = () if path is None else self._edit(path.entry_mm, wish_mm)
        self.wants_replan = self.wants_replan or bool(changed)
        return changed

    def under_pointer_mm(self) -> FloatArray | None:
        """The point under the pointer; on 3D the skin there."""
        if self.pointer_at is None:
            return None
        name, at = self.pointer_at
        if name == SCENE:
            return self.scene.skin_mm(at.x_px, at.y_px)
        return self.panes[name].point_mm(at.x_px, at.y_px) if self.shows(name) else None

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
        self.home_mm = self._first_home_mm()
        self.looks = replace(self.looks, slab=0, zoom={}, pan_mm={})
        if self.path is not None and self._scene is not None:
            self._scene.aim(self.path.entry_mm, self.path.target_mm)
        return self.look_at_tip()

    def change(self, session: Session) -> tuple[str, ...]:
        """Another step of the session: everything follows."""
        self.session, self.preview = session, None
        if self.skin is not None:
            self.show_skin(None)
        return self.look_at_tip()

    def start(self, session: Session) -> tuple[str, ...]:
        """The first plan of a case that waited: the 3D view moves to its needle."""
        self.session = session
        self.home_mm = self._first_home_mm()
        self._forget_scene()
        return self.reset()

    def take_anatomy(self, anatomy: Anatomy) -> tuple[str, ...]:
        """A corrected anatomy: outlines and solids are drawn anew, the view stays."""
        self.case = replace(self.case, anatomy=anatomy)
        self.scan = ScanImage(self.case.volume, anatomy.labels, self.case.earlier)
        for pane in self.panes.values():
            pane.take(self.scan)
        self._forget_scene()
        return PANES

    def _forget_scene(self) -> None:
        self._scene_screen.close()
        self._scene_screen, self._scene = Screen(*self._scene_screen.size, self._canvas), None

    def close(self) -> None:
        """Give the graphics memory back."""
        for name in PANES:
            self.screen(name).close()
        self._canvas.close()

    def _edit(self, entry_mm: FloatArray, target_mm: FloatArray) -> tuple[str, ...]:
        judged = self.judge(entry_mm, target_mm)
        if judged is None or self.session is None:
            return ()
        self.session = self.session.edit(judged)
        return self.look_at_tip()

    def judge(self, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        """The path from the skin towards a wish; None where none may be drawn or no skin lies there."""
        if self.session is None or not self.case.may_edit:
            return None
        now = self.session.now
        judged = self._planning.judge(now.plan, now.target_index, entry_mm, target_mm)
        self.message = "" if judged is not None else "no_skin"
        return judged

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

    def plane(self, name: str) -> tuple[Plane, float] | None:
        """The plane a pane shows, and millimetres for each pixel."""
        plane = places.plane_of(name, self.looks, self.path, self.case.pose, self.home_mm)
        return None if plane is None else (plane, places.pixel_mm(name, self.looks, self.path, self.screen(name).size))

    def shows(self, name: str) -> bool:
        """Whether a pane has shown a plane."""
        return self.panes[name].view is not None

    def screen(self, name: str) -> Screen:
        """What a pane is drawn on."""
        return self._scene_screen if name == SCENE else self.panes[name].screen
