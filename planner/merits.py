"""What each path is best at among the paths to its target, so that a person chooses by a word.

In: a target's paths. Out: the same with their merits; the first of equals gets the word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from planner.plan import PlannedTrajectory


def _danger(path: PlannedTrajectory) -> float:
    """Probability of touching anything but bone; without risks the least spare room, turned round."""
    if path.risk is not None and path.risk.beside_bone is not None:
        return path.risk.beside_bone.value
    return -path.binding.spare_mm if path.binding is not None else 0.0


MERITS: tuple[tuple[str, Callable[[PlannedTrajectory], float]], ...] = (
    ("safest", _danger),
    ("shortest", lambda path: path.length_mm),
    ("most in-plane", lambda path: abs(path.tilt_deg)),
    ("shallowest angle", lambda path: abs(path.obliquity_deg)),
    ("most forgiving", lambda path: -path.tolerance_deg),
)
"""Words, and what is smallest for the path that earns them; *safest*: least likely to touch anything but bone."""


def with_merits(paths: tuple[PlannedTrajectory, ...]) -> tuple[PlannedTrajectory, ...]:
    """Each path with the words it earns; a single path is compared with nothing and earns none."""
    if len(paths) < 2:
        return paths
    best = [(word, min(paths, key=of).rank) for word, of in MERITS]
    return tuple(replace(path, merits=tuple(word for word, rank in best if rank == path.rank)) for path in paths)
