"""What a hard limit is: a name, a unit, and the room left for each path."""

from __future__ import annotations

from typing import Protocol

from planner.geometry import FloatArray
from planner.situation import Candidates


class Rule(Protocol):
    """A limit that no shown path breaks."""

    @property
    def name(self) -> str:
        """As it is counted and printed."""

    @property
    def unit(self) -> str:
        """Of the margin."""

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) room left; below 0 the path breaks the limit."""
