"""The needle is long enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.geometry import FloatArray
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class NeedleReaches:
    """The path is no longer than the longest stock needle less its hub reserve."""

    name: ClassVar[str] = "needle length"
    unit: ClassVar[str] = "mm"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) spare needle beyond the hub reserve [mm]."""
        return candidates.situation.usable_length_mm - candidates.paths.lengths_mm
