"""Everything around one target that stays when its tip or a margin is changed: prepared once, planned many times.

In: situations that differ only in the needle, the faces of their window. Out: fields and entries, ready to be swept. LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.errors import NoTipError
from planner.geometry import FloatArray, frozen
from planner.obstacles import Obstacle, hardened
from planner.situation import Situation
from planner.sweep.fan import Face
from planner.sweep.kept import Kept
from planner.sweep.reach import Entries, Reach, entries_of

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
    def of(cls, situations: tuple[Situation, ...], faces: tuple[Face, ...], before: Prepared | None = None) -> Prepared:
        """With every distance map made, or those of ``before`` where they hold what is asked now.

        A site's hardening of the margins is put on here.
        """
        situations = tuple(replace(s, obstacles=hardened(s.obstacles, s.site.margin_growth)) for s in situations)
        entries = _entries(situations, faces)
        first = situations[0]
        if before is not None and before.has_fields_for(first, faces, entries):
            kept = before.kept
        else:
            kept = Kept.around(first.labels, first.obstacles, first.target.tips_mm, faces, entries)
        return cls(situations, faces, kept, kept.reach(first.obstacles, entries))

    def has_fields_for(self, situation: Situation, faces: tuple[Face, ...], entries: Entries) -> bool:
        """The same obstacles in the same voxels, and everything that is asked lies inside what is kept."""
        own = self.situations[0]
        same = own.labels is situation.labels and [_drawn(o) for o in own.obstacles] == [
            _drawn(o) for o in situation.obstacles
        ]
        tips = situation.target.tips_mm
        return same and self.kept.serves(situation.labels, situation.obstacles, tips, faces, entries)

    def moved(self, tips_mm: FloatArray) -> Prepared:
        """With other tip points, the best first; no distance map is made where they lie near enough."""
        if not len(tips_mm):
            raise NoTipError(self.situations[0].target.words, {})
        target = replace(self.situations[0].target, point_mm=frozen(tips_mm[0]), tips_mm=frozen(tips_mm))
        situations = tuple(replace(situation, target=target) for situation in self.situations)
        entries = _entries(situations, self.faces)
        if self.has_fields_for(situations[0], self.faces, entries):
            return Prepared(situations, self.faces, self.kept, replace(self.reach, entries=entries))
        return Prepared.of(situations, self.faces)

    def with_obstacles(self, obstacles: tuple[Obstacle, ...]) -> Prepared:
        """With the same obstacles at other margins; no distance map is made unless a margin outgrows what is known."""
        situations = tuple(replace(s, obstacles=hardened(obstacles, s.site.margin_growth)) for s in self.situations)
        if self.has_fields_for(situations[0], self.faces, self.reach.entries):
            reach = self.kept.reach(situations[0].obstacles, self.reach.entries)
            return Prepared(situations, self.faces, self.kept, reach)
        return Prepared.of(situations, self.faces)


def _drawn(obstacle: Obstacle) -> tuple[str, bytes, bool]:
    """What of an obstacle a field depends on; its margin does not."""
    return obstacle.name, obstacle.values.tobytes(), obstacle.tip_zone_mm > 0


def _entries(situations: tuple[Situation, ...], faces: tuple[Face, ...]) -> Entries:
    first = situations[0]
    if not len(first.target.tips_mm):
        raise NoTipError(first.target.words, first.target.rejected_tips)
    longest = max(situation.usable_length_mm for situation in situations) + BEYOND_NEEDLE_MM
    around = first.anatomy.surroundings
    return entries_of(around, first.target.tips_mm, faces, longest, table_is_air=first.is_rehearsal)
