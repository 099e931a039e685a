"""A pane as the web toolkit's remote area: events in, pictures out; JPEG while it moves, lossless when it stands still.

In: a desk and a pane's name. Out: what ``trame_rca`` asks for. Keys never get here: a key that a VTK interactor forwards can end
the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from trame_rca.encoders import RcaImageEncoder
from trame_rca.schedulers import RcaImageRenderScheduler
from trame_rca.view_adapter import RcaViewAdapter

from viz.viewer.desk import Desk
from viz.viewer.looks import SCENE
from viz.viewer.pointer import Button, Pointer
from viz.viewer.stills import png

MOVING_QUALITY, STILL_QUALITY = 70, 100
"""JPEG quality while moving; 100 stands for PNG."""

_SENT_AFTER_S, _LOOP_TURN_S = 0.02, 0.001
"""How long the next picture waits for the one before to be on its way."""

FRAMES_PER_S = 30.0
LARGEST_PX = 1_600_000
"""Of one pane's picture: a 4K screen gets each pane scaled up rather than late."""

_BLACK = np.zeros((1, 1, 3), np.uint8)
_BUTTONS = {"Left": Button.LEFT, "Middle": Button.MIDDLE, "Right": Button.RIGHT}

Changed = Callable[[tuple[str, ...]], None]

Adapter: TypeAlias = Any
"""The toolkit has no types."""


class Area:
    """One pane for ``trame_rca``: its protocol asks for these three members."""

    def __init__(self, desk: Desk, name: str, changed: Changed) -> None:
        self._desk, self.name, self._changed = desk, name, changed
        self._held = Button.NONE

    @property
    def img_cols_rows(self) -> tuple[Any, int, int]:
        """One black pixel: the toolkit looks whether we have this by reading it, and a case is not drawn for that."""
        return _BLACK, 1, 1

    def picture(self, *, is_final: bool) -> npt.NDArray[np.uint8]:
        """The picture now."""
        return self._desk.picture(self.name, is_final=is_final)

    def process_resize_event(self, width: int, height: int) -> None:
        """A new size [pixels]."""
        self._desk.resize(self.name, width, height)

    def process_interaction_event(self, event: dict[str, Any]) -> None:
        """One event of the page's pointer; whatever is unknown is left alone."""
        kind = str(event.get("type", ""))
        if kind == "MouseMove":
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


class Turns:
    """Pictures one after the other, each on its way before the next is drawn: what moves first, the 3D view last."""

    def __init__(self, at_rest: Callable[[], None]) -> None:
        self._waiting: dict[str, tuple[tuple[bool, bool], Callable[[], asyncio.Future[Any]]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._at_rest = at_rest

    def ask(self, name: str, draw: Callable[[], asyncio.Future[Any]], *, is_final: bool) -> None:
        """A pane's turn; a turn that it still waits for is dropped."""
        self._waiting[name] = (is_final, name == SCENE), draw
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                name = min(self._waiting, key=lambda one: self._waiting[one][0])
                _, draw = self._waiting.pop(name)
                await asyncio.wait({draw()}, timeout=_SENT_AFTER_S)
                await asyncio.sleep(_LOOP_TURN_S)
        finally:
            self._task = None
        self._at_rest()


class Frames(RcaImageRenderScheduler):  # type: ignore[misc] # the toolkit has no types
    """Pictures of one area: quick ones while something moves, an exact one after."""

    def __init__(self, area: Area, turns: Turns) -> None:
        super().__init__(area, target_fps=FRAMES_PER_S, interactive_quality=MOVING_QUALITY, still_quality=STILL_QUALITY)
        self._area, self._turns = area, turns

    def _render_frame(self, quality: int) -> None:
        is_final = quality == STILL_QUALITY
        self._turns.ask(self._area.name, lambda: self._drawn(is_final=is_final), is_final=is_final)

    def _drawn(self, *, is_final: bool) -> asyncio.Future[Any]:
        picture = self._area.picture(is_final=is_final)
        future = asyncio.get_running_loop().run_in_executor(self._encode_pool, _encoded, picture, is_final)
        self._push_queue.put_nowait(future)
        return future


def _encoded(picture: npt.NDArray[np.uint8], is_final: bool) -> tuple[bytes, dict[str, Any], int]:  # noqa: FBT001 - an executor's
    """Bytes, what the page must know of them, and when they were made [ms]."""
    height, width, _ = picture.shape
    content, facts, now_ms = RcaImageEncoder.JPEG.encode(_BLACK if is_final else picture, width, height, MOVING_QUALITY)
    if is_final:
        content, facts = png(picture), {**facts, "type": "image/png", "quality": STILL_QUALITY}
    return content, facts, now_ms


def adapter_of(area: Area, turns: Turns) -> Adapter:
    """The view handler to register; drawing is asked for by name, not by every event."""
    adapter = RcaViewAdapter(area, area.name, scheduler=Frames(area, turns), do_schedule_render_on_interaction=False)
    adapter.max_pixel_count = LARGEST_PX
    return adapter
