"""A pointer in a pane: where it is and what is held down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
