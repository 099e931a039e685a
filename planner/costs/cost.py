"""What a soft preference is: a name, a unit, and a price for each path."""

from __future__ import annotations

from typing import Protocol

from planner.geometry import FloatArray
from planner.situation import Feasible


class Cost(Protocol):
    """A preference among paths that all keep the limits; lower is better, 0 is as wished."""

    @property
    def name(self) -> str:
        """As it is printed, unit included."""

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) in the cost's own unit."""
