"""Named places that both scans show, and what their distances say about whether the two scans can be one spine.

In: two anatomies, or landmarks from elsewhere. Out: pairs of points in LPS mm, and a first motion for a vertebra.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.anatomy.model import Anatomy
from planner.errors import RegistrationError
from planner.geometry import FloatArray, frozen
from planner.motion import RigidMotion
from planner.structures import SpineLevel

SURE_NAME = 0.8
"""Names below this are not paired: one level off would carry every nerve to the wrong foramen."""

_FEWEST = 3
"""Two vertebrae, each with its body and its canal, fix a motion; a third tells it from one level off."""

_SPACING_MM = 4.0
"""Two bodies of one person keep their distance whatever the posture, but for what landmarks err (assumed; discs give 1 to 2 mm)."""

_NEIGHBOURS = 1


@dataclass(frozen=True, slots=True, eq=False)
class Landmark:
    """One vertebra: the middle of its body and of the canal behind it."""

    level: SpineLevel
    body_mm: FloatArray
    canal_mm: FloatArray

    @property
    def points_mm(self) -> FloatArray:
        """(2, 3)."""
        return np.stack([self.body_mm, self.canal_mm])


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One vertebra in both scans."""

    earlier: Landmark
    today: Landmark

    @property
    def level(self) -> SpineLevel:
        """Its name."""
        return self.today.level


def landmarks_of(anatomy: Anatomy) -> tuple[Landmark, ...]:
    """Of each vertebra whose name is sure, cranial first."""
    line = anatomy.canal_centreline_mm
    found = [
        Landmark(v.name, v.body_center_mm, frozen(line[np.argmin(np.linalg.norm(line - v.body_center_mm, axis=1))]))
        for v in anatomy.vertebrae
        if isinstance(v.name, SpineLevel) and v.name_confidence >= SURE_NAME
    ]
    return tuple(sorted(found, key=lambda landmark: landmark.level.order))


def paired(earlier: tuple[Landmark, ...], today: tuple[Landmark, ...]) -> tuple[Pair, ...]:
    """The vertebrae that both scans name.

    Raises
    ------
    RegistrationError
        Where fewer than three are shared, or their distances cannot be one person's.
    """
    there = {landmark.level: landmark for landmark in earlier}
    pairs = tuple(Pair(there[here.level], here) for here in today if here.level in there)
    if len(pairs) < _FEWEST:
        names = ", ".join(pair.level for pair in pairs) or "none"
        raise RegistrationError(
            f"surely named vertebrae that both scans show: {names}, at least {_FEWEST} are needed; name a level in each scan"
        )
    _require_one_spine(pairs)
    return pairs


def _require_one_spine(pairs: tuple[Pair, ...]) -> None:
    for upper, lower in pairwise(pairs):
        then, now = (
            float(np.linalg.norm(a.body_mm - b.body_mm))
            for a, b in ((upper.earlier, lower.earlier), (upper.today, lower.today))
        )
        if abs(then - now) > _SPACING_MM * (lower.level.order - upper.level.order):
            raise RegistrationError(
                f"the bodies of {upper.level} and {lower.level} lie {then:.1f} mm apart in the earlier scan and {now:.1f} mm today, "
                f"more than {_SPACING_MM:.0f} mm a level is not one spine; check the patient and the level names of both scans"
            )


def first_motion(pairs: tuple[Pair, ...], level: SpineLevel | None = None) -> RigidMotion:
    """From today to the earlier scan by landmarks alone: of the whole spine, or of one vertebra with its neighbours."""
    chosen = pairs if level is None else near(pairs, level)
    today = np.concatenate([pair.today.points_mm for pair in chosen])
    return RigidMotion.between(today, np.concatenate([pair.earlier.points_mm for pair in chosen]))


def near(pairs: tuple[Pair, ...], level: SpineLevel) -> tuple[Pair, ...]:
    """One vertebra's pair and those next to it; at an end two of one side."""
    place = next(n for n, pair in enumerate(pairs) if pair.level is level)
    first = max(0, min(place - _NEIGHBOURS, len(pairs) - 2 * _NEIGHBOURS - 1))
    return pairs[first : first + 2 * _NEIGHBOURS + 1]


def one_level_off(pairs: tuple[Pair, ...], step: int) -> tuple[Pair, ...]:
    """Each of today's vertebrae with the earlier scan's next one: what a wrong name would pair."""
    moved = pairs[step:] if step > 0 else pairs[:step]
    kept = pairs[: len(moved)] if step > 0 else pairs[-step:]
    return tuple(Pair(there.earlier, here.today) for here, there in zip(kept, moved, strict=True))
