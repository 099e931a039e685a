"""The 3D pane: structures around the needle, turned by hand; a click finds the skin.

In: an anatomy, a needle, drags in pixels. Out: an RGB picture, and the point of the body's surface under a pixel, LPS mm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Anatomy, Surroundings
from planner.geometry import FloatArray, unit
from viz.palette import WHITE
from viz.scene import NeedleSolid, aim, around_needle, seen_letters, structures_scene
from viz.viewer.marks import Words
from viz.viewer.screen import Screen, enlarged
from viz.viewer.skin import SkinMap, SkinPoints

_DEGREES_PER_PIXEL = 0.4
_ZOOM_PER_NOTCH = 1.1
_LETTER_PX, _NOTE_PX, _MARGIN_PX = 20, 13, 8
_STEEPEST_VIEW = 0.98
"""Cosine between the view and the long axis: head stays up."""

_VIEW_ANGLE_DEG = 22.0
_RAY_STEP_MM = 0.25


class ScenePane:
    """The 3D pane's picture and hit-test."""

    def __init__(self, anatomy: Anatomy, screen: Screen, entry_mm: FloatArray, target_mm: FloatArray) -> None:
        self._anatomy, self.screen = anatomy, screen
        self._renderer = structures_scene(around_needle(anatomy.labels, entry_mm, target_mm))
        self._needle = NeedleSolid(self._renderer)
        self._skin = SkinPoints(self._renderer)
        places = (("left", "middle"), ("right", "middle"), ("middle", "top"), ("middle", "bottom"))
        self._letters = [Words(self._renderer, _LETTER_PX, WHITE, *place) for place in places]
        self._note = Words(self._renderer, _NOTE_PX, WHITE, "left", "bottom")
        self.aim(entry_mm, target_mm)
        screen.add(self._renderer)

    def aim(self, entry_mm: FloatArray, target_mm: FloatArray) -> None:
        """Look at the entry from outside."""
        aim(self._renderer, entry_mm, target_mm)
        self._renderer.GetActiveCamera().SetViewAngle(_VIEW_ANGLE_DEG)

    def show(self, entry_mm: FloatArray, target_mm: FloatArray, needle_length_mm: float) -> None:
        """Move the needle."""
        self._needle.move(entry_mm, target_mm, needle_length_mm)

    def show_skin(self, skin: SkinMap | None) -> None:
        """The access map, or none."""
        self._skin.show(skin)

    def turn(self, right_px: float, up_px: float) -> None:
        """Turn the view about what it looks at; head stays up."""
        camera = self._renderer.GetActiveCamera()
        camera.Azimuth(-_DEGREES_PER_PIXEL * right_px)
        before = camera.GetPosition()
        camera.Elevation(-_DEGREES_PER_PIXEL * up_px)
        toward = unit(np.array(camera.GetPosition()) - np.array(camera.GetFocalPoint()))
        if abs(toward[2]) > _STEEPEST_VIEW:
            camera.SetPosition(*before)
        self._renderer.ResetCameraClippingRange()

    def zoom(self, notches: float) -> None:
        """Nearer for positive notches."""
        self._renderer.GetActiveCamera().Dolly(_ZOOM_PER_NOTCH**notches)
        self._renderer.ResetCameraClippingRange()

    def picture(self, note: str = "") -> npt.NDArray[np.uint8]:
        """(height, width, 3) RGB, top row first."""
        self._note.show(note, _MARGIN_PX, _MARGIN_PX)
        width, height = self.screen.size
        self._skin.enlarge(enlarged((width, height)))
        for one in (*self._letters, self._note):
            one.enlarge(enlarged((width, height)))
        edge, x, y = _MARGIN_PX, width / 2, height / 2
        places = ((edge, y), (width - edge, y), (x, height - edge), (x, edge))
        for words, letter, place in zip(self._letters, seen_letters(self._renderer), places, strict=True):
            words.show(letter, *place)
        return self.screen.picture()

    def skin_mm(self, x_px: float, y_px: float) -> FloatArray | None:
        """Where the ray through a pixel meets the body, from the body mask itself; None beside it."""
        eye, ray = self._ray(x_px, y_px)
        box = self._anatomy.surroundings.geometry.corners_mm
        far_mm = float(np.linalg.norm(box - eye, axis=1).max())
        along = eye + np.arange(0.0, far_mm, _RAY_STEP_MM)[:, None] * ray
        inside = self._anatomy.surroundings.geometry.contains(along)
        body = self._anatomy.surroundings.nearest(along) == Surroundings.BODY
        found = np.flatnonzero(inside & body)
        return along[found[0]] if len(found) else None

    def _ray(self, x_px: float, y_px: float) -> tuple[FloatArray, FloatArray]:
        camera, (width, height) = self._renderer.GetActiveCamera(), self.screen.size
        eye, toward = np.array(camera.GetPosition()), unit(np.array(camera.GetDirectionOfProjection()))
        up = unit(np.array(camera.GetViewUp()) - toward * np.dot(camera.GetViewUp(), toward))
        half = np.tan(np.radians(camera.GetViewAngle()) / 2)
        across = (2 * (x_px + 0.5) / width - 1) * half * width / height
        upward = (2 * (y_px + 0.5) / height - 1) * half
        return eye, unit(toward + across * np.cross(toward, up) + upward * up)
