"""No needle enters through a scar, a wound, or a drawn region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.geometry import FloatArray
from planner.keep_outs import KeepOut
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class EntryKeepOut:
    """The entry keeps a reserve to one region of skin."""

    unit: ClassVar[str] = "mm"
    region: KeepOut
    reserve_mm: float

    @property
    def name(self) -> str:
        """``entry: scar``."""
        return f"entry: {self.region.why}"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) distance of the entry from the region, less the reserve [mm]."""
        return self.region.distance_mm(candidates.paths.entries_mm) - self.reserve_mm
