"""A pointer in a pane: where it is, what is held down, how far its wheel was turned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

_PIXELS, _LINES, _LEAST_NOTCH_PX = 120.0, 3.0, 40.0
"""Of one notch: Chromium counts 120 pixels, Firefox 3 lines; smaller steps come from a pad and add up."""


class Button(StrEnum):
    """Which button moves the pointer; none hovers."""

    NONE = ""
    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A place in a pane [pixels from the bottom left] and what is held down."""

    x_px: float
    y_px: float
    button: Button = Button.NONE
    shift: bool = False
    ctrl: bool = False


class Wheel:
    """Notches of a mouse wheel, or of two fingers on a pad, as the page counts them."""

    def __init__(self) -> None:
        self._left = 0.0

    def notches(self, turned: float, mode: int) -> int:
        """+1 for each notch away from the user: towards the viewer of the pane. ``turned`` in pixels, lines or pages (DOM ``deltaMode``)."""
        size = (_PIXELS, _LINES, 1.0)[mode if mode in (0, 1, 2) else 0]
        if mode == 0 and abs(turned) >= _LEAST_NOTCH_PX:
            self._left = 0.0
            return -int(math.copysign(1, turned)) * max(1, round(abs(turned) / size))
        self._left += turned / (_LEAST_NOTCH_PX if mode == 0 else size)
        whole = int(self._left)
        self._left -= whole
        return -whole
