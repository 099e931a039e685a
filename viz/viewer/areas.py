"""A pane as the web toolkit's remote area: events in, pictures out; JPEG while it moves, lossless when it stands still.

In: a desk and a pane's name. Out: what ``trame_rca`` asks for. Keys never get here: a key that a VTK interactor forwards can end
the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from trame_rca.encoders import RcaImageEncoder
from trame_rca.schedulers import RcaImageRenderScheduler
from trame_rca.view_adapter import RcaViewAdapter

from viz.viewer.desk import Desk
from viz.viewer.pointer import Button, Pointer

MOVING_QUALITY, STILL_QUALITY = 70, 100
"""JPEG quality while moving; 100 stands for PNG."""

FRAMES_PER_S = 30.0
LARGEST_PX = 1_600_000
"""Of one pane's picture: a 4K screen gets each pane scaled up rather than late."""

_BUTTONS = {"Left": Button.LEFT, "Middle": Button.MIDDLE, "Right": Button.RIGHT}

Changed = Callable[[tuple[str, ...]], None]

Adapter: TypeAlias = Any
"""The toolkit has no types."""


class Area:
    """One pane for ``trame_rca``: its protocol asks for these three members."""

    def __init__(self, desk: Desk, name: str, changed: Changed) -> None:
        self._desk, self.name, self._changed = desk, name, changed
        self._held = Button.NONE
        self.is_final = True

    @property
    def img_cols_rows(self) -> tuple[Any, int, int]:
        """The picture now."""
        picture = self._desk.picture(self.name, is_final=self.is_final)
        return picture, picture.shape[1], picture.shape[0]

    def process_resize_event(self, width: int, height: int) -> None:
        """A new size [pixels]."""
        self._desk.resize(self.name, width, height)

    def process_interaction_event(self, event: dict[str, Any]) -> None:
        """One event of the page's pointer; whatever is unknown is left alone."""
        kind = str(event.get("type", ""))
        if kind == "MouseWheel":
            self._changed(self._desk.wheel(self.name, _notches(event), self._pointer(event)))
        elif kind == "MouseMove":
            self._changed(self._desk.move(self.name, self._pointer(event)))
        elif kind.endswith("ButtonPress") and self._held is Button.NONE:
            self._held = _BUTTONS.get(kind.removesuffix("ButtonPress"), Button.NONE)
            self._changed(self._desk.press(self.name, self._pointer(event)))
        elif kind.endswith("ButtonRelease") and _BUTTONS.get(kind.removesuffix("ButtonRelease")) is self._held:
            self._changed(self._desk.release())
            self._held = Button.NONE

    def _pointer(self, event: dict[str, Any]) -> Pointer:
        at = self._desk.pointer_at
        x, y = (
            (at[1].x_px, at[1].y_px) if "x" not in event and at is not None else (event.get("x", 0), event.get("y", 0))
        )
        return Pointer(float(x), float(y), self._held, bool(event.get("shiftKey")), bool(event.get("ctrlKey")))


class Frames(RcaImageRenderScheduler):  # type: ignore[misc] # the toolkit has no types
    """Pictures of one area: quick ones while something moves, an exact one after."""

    def __init__(self, area: Area) -> None:
        super().__init__(area, target_fps=FRAMES_PER_S, interactive_quality=MOVING_QUALITY, still_quality=STILL_QUALITY)
        self._area = area

    def _render_frame(self, quality: int) -> None:
        is_final = quality == STILL_QUALITY
        self._area.is_final = is_final
        self._rca_encoder = RcaImageEncoder.PNG if is_final else RcaImageEncoder.JPEG
        super()._render_frame(quality)


def adapter_of(area: Area) -> Adapter:
    """The view handler to register; drawing is asked for by name, not by every event."""
    adapter = RcaViewAdapter(area, area.name, scheduler=Frames(area), do_schedule_render_on_interaction=False)
    adapter.max_pixel_count = LARGEST_PX
    return adapter


def _notches(event: dict[str, Any]) -> float:
    """+1 for each notch away from the user: towards the viewer of the pane."""
    spin = float(event.get("spinY", 0.0))
    return 0.0 if spin == 0 else (-1.0 if spin > 0 else 1.0) * max(1.0, round(abs(spin)))
