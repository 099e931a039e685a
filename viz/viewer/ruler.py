"""What a person holds over a slice: a pointer, a ruler, a brush; and what was measured, LPS mm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.geometry import FloatArray, unit


class Tool(StrEnum):
    """What the left button does in a slice."""

    LOOK = ""
    DISTANCE = "distance"
    ANGLE = "angle"
    ADD = "add"
    ERASE = "erase"
    NUDGE = "nudge"

    @property
    def is_brush(self) -> bool:
        """Changes the segmentation."""
        return self in {Tool.ADD, Tool.ERASE, Tool.NUDGE}

    @property
    def points(self) -> int:
        """How many points one measurement has."""
        return {Tool.DISTANCE: 2, Tool.ANGLE: 3}.get(self, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """``points_mm`` (n, 3): two for a distance, three for the angle at the second; fewer while it is drawn."""

    tool: Tool
    points_mm: FloatArray

    @property
    def is_whole(self) -> bool:
        """All its points are there."""
        return len(self.points_mm) >= self.tool.points

    @property
    def words(self) -> str:
        """*32.4 mm*, *41.0°*."""
        if not self.is_whole:
            return ""
        if self.tool is Tool.DISTANCE:
            return f"{np.linalg.norm(self.points_mm[1] - self.points_mm[0]):.1f} mm"
        first, second = (unit(self.points_mm[n] - self.points_mm[1]) for n in (0, 2))
        return f"{np.degrees(np.arccos(np.clip(first @ second, -1.0, 1.0))):.1f}°"
