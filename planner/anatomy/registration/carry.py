"""What was seen or planned on the earlier scan, at its place today, with the registration's residual in its uncertainty.

In: roots or paths of the earlier scan and a ``Registration``. Out: the same in today's LPS mm. A place that hangs between two vertebrae
follows the upper one, whose pedicle it leaves under; how far the lower one would carry it elsewhere is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.model import NerveRoot
from planner.anatomy.registration.register import Registration
from planner.errors import RegistrationError
from planner.geometry import FloatArray, frozen
from planner.structures import Interspace, LevelName, SpineLevel


@dataclass(frozen=True, slots=True, eq=False)
class CarriedPath:
    """An earlier needle's path where it would run today: a proposal, to be planned and judged anew."""

    level: SpineLevel
    entry_mm: FloatArray
    tip_mm: FloatArray
    uncertainty_mm: float


def carried_path(
    registration: Registration, level: SpineLevel, entry_mm: FloatArray, tip_mm: FloatArray
) -> CarriedPath:
    """A path that was planned at one vertebra's level.

    Raises
    ------
    RegistrationError
        Where that vertebra does not fit.
    """
    fit = registration.fit_at(level)
    entry, tip = fit.today_from_earlier.of(entry_mm), fit.today_from_earlier.of(tip_mm)
    return CarriedPath(level, frozen(entry), frozen(tip), fit.residual_mm)


def carried_roots(
    registration: Registration, roots: Iterable[NerveRoot]
) -> tuple[tuple[NerveRoot, ...], tuple[str, ...]]:
    """The roots that can be carried over, and for each of the others the sentence that says why not."""
    carried: list[NerveRoot] = []
    left: list[str] = []
    for root in roots:
        try:
            carried.append(_carried(registration, root))
        except RegistrationError as why:
            left.append(f"{root.root} {root.side}: {why}")
    return tuple(carried), tuple(left)


def _carried(registration: Registration, root: NerveRoot) -> NerveRoot:
    fit = registration.fit_at(_named(root.between.upper))
    ganglion = fit.today_from_earlier.of(root.ganglion_mm)
    return replace(
        root,
        course_mm=frozen(fit.today_from_earlier.of(root.course_mm)),
        ganglion_mm=frozen(ganglion),
        uncertainty_mm=root.uncertainty_mm
        + fit.residual_mm
        + _bent_mm(registration, root.between, root.ganglion_mm, ganglion),
    )


def _named(level: LevelName) -> SpineLevel:
    if not isinstance(level, SpineLevel):
        raise RegistrationError(f"{level} has no name in the earlier scan; name one level there, the rest follow")
    return level


def _bent_mm(registration: Registration, between: Interspace, earlier_mm: FloatArray, today_mm: FloatArray) -> float:
    """Half of what the two vertebrae disagree about a place between them; 0 where the lower one is not known."""
    lower = next((fit for fit in registration.levels if fit.level is between.lower), None)
    if lower is None:
        return 0.0
    return float(np.linalg.norm(lower.today_from_earlier.of(earlier_mm) - today_mm)) / 2.0
