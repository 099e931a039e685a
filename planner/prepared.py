"""Everything around one target that stays when its tip or a margin is changed: prepared once, planned many times.

In: situations that differ only in the needle, the faces of their window. Out: fields and entries, ready to be swept. LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.fan import Face
from planner.geometry import FloatArray, frozen
from planner.kept import Kept
from planner.obstacles import Obstacle
from planner.reach import Entries, Reach, entries_of
from planner.situation import Situation

BEYOND_NEEDLE_MM = 1.0
"""Paths are followed this far beyond the longest needle, so that one that is just too long is counted as such."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One target with its fields; ``situations`` differ only in the needle's diameter."""

    situations: tuple[Situation, ...]
    faces: tuple[Face, ...]
    kept: Kept
    reach: Reach

    @classmethod
    def of(cls, situations: tuple[Situation, ...], faces: tuple[Face, ...]) -> Prepared:
        """With every distance map made."""
        entries = _entries(situations, faces)
        first = situations[0]
        kept = Kept.around(first.labels, first.obstacles, first.target.tips_mm, faces, entries)
        return cls(situations, faces, kept, kept.reach(first.obstacles, entries))

    def moved(self, tips_mm: FloatArray) -> Prepared:
        """With other tip points, the best first; no distance map is made where they lie near enough."""
        target = replace(self.situations[0].target, point_mm=frozen(tips_mm[0]), tips_mm=frozen(tips_mm))
        situations = tuple(replace(situation, target=target) for situation in self.situations)
        entries = _entries(situations, self.faces)
        if self._serves(situations, entries):
            return Prepared(situations, self.faces, self.kept, replace(self.reach, entries=entries))
        return Prepared.of(situations, self.faces)

    def with_obstacles(self, obstacles: tuple[Obstacle, ...]) -> Prepared:
        """With the same obstacles at other margins; no distance map is made unless a margin outgrows what is known."""
        situations = tuple(replace(situation, obstacles=obstacles) for situation in self.situations)
        if self._serves(situations, self.reach.entries):
            reach = self.kept.reach(obstacles, self.reach.entries)
            return Prepared(situations, self.faces, self.kept, reach)
        return Prepared.of(situations, self.faces)

    def _serves(self, situations: tuple[Situation, ...], entries: Entries) -> bool:
        first = situations[0]
        return self.kept.serves(first.labels, first.obstacles, first.target.tips_mm, self.faces, entries)


def _entries(situations: tuple[Situation, ...], faces: tuple[Face, ...]) -> Entries:
    first = situations[0]
    longest = max(situation.usable_length_mm for situation in situations) + BEYOND_NEEDLE_MM
    around = first.anatomy.surroundings
    return entries_of(around, first.target.tips_mm, faces, longest, table_is_air=first.is_rehearsal)
