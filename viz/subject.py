"""What a picture is of: one path of one plan, in its scan, with the words that must stand on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Anatomy
from planner.plan import Plan, PlannedTrajectory, TargetPlan
from planner.volume import Volume


@dataclass(frozen=True, slots=True)
class Caption:
    """Words burnt into every picture: ``banner`` is what must not be missed, ``identity`` who and what is seen."""

    banner: str
    identity: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One path in its scan."""

    volume: Volume
    anatomy: Anatomy
    plan: Plan
    target: TargetPlan
    path: PlannedTrajectory
    caption: Caption


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """(height, width, 3) RGB, top row first, with the name it is filed under and a title in words."""

    name: str
    title: str
    rgb: npt.NDArray[np.uint8]
