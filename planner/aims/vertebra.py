"""What is aimed at beside one vertebra: its place, its axes, and how far structures reach from a point.

In: an anatomy, a procedure, a vertebra (``L3``) with a side. Out: a target without tip points yet, LPS mm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from planner.aims.places import Place, by_level, is_certain, require_level, require_served
from planner.anatomy.model import Anatomy, Vertebra
from planner.geometry import FloatArray, frozen, unit
from planner.procedure import Procedure
from planner.spread import injectate, spread_note
from planner.structures import Interspace, Structure
from planner.target import Target, TargetRequest, plain_frame
from planner.volume import LabelMap

STEP_MM = 0.4
"""Between samples on a way out of a structure: half of the finest voxels."""


class BesideVertebra(Protocol):
    """What lies beside a vertebra: the nerve's name, and a level as its users write it."""

    @property
    def nerve(self) -> str:
        """In words: ``sympathetic trunk``."""

    @property
    def example(self) -> str:
        """A level: ``L3``."""


def target_beside(
    anatomy: Anatomy, procedure: Procedure, request: TargetRequest, what: BesideVertebra, host: Structure
) -> tuple[Target, Vertebra]:
    """One side of one vertebra, without tip points; a level that is missing or not served is refused."""
    require_level(request, procedure, what.example)
    place, chosen_by = by_level(vertebra_places(anatomy, request), request, "vertebra")
    require_served(procedure, place.between.upper, place.name, "vertebrae")
    vertebra = next(v for v in anatomy.vertebrae if v.name == place.between.upper)
    target = Target(
        "",
        place.between,
        place.side,
        frozen(place.center_mm),
        np.empty((0, 3)),
        plain_frame(vertebra.body_center_mm, place.side, cranial_of(anatomy, vertebra)),
        {},
        is_certain(anatomy, place.between) and "@" not in chosen_by,
        place.confidence,
        chosen_by,
        f"{what.nerve} at {place.name}",
        host,
        place=place.name,
    )
    return target, vertebra


def with_injectate(target: Target, anatomy: Anatomy, procedure: Procedure) -> Target:
    """The target with where the largest volume may spread, and the sentence about it; without a tip nothing is injected."""
    if not len(target.tips_mm):
        return target
    region = injectate(anatomy, target.frame, target.point_mm, procedure.volume_ml[1])
    return replace(target, injectate=region, notes=(*target.notes, spread_note(region, (target.what, target.side))))


def vertebra_places(anatomy: Anatomy, request: TargetRequest) -> list[Place]:
    """The vertebrae, each by its body."""
    below = {disc.between.upper: disc.between for disc in anatomy.discs}
    return [
        Place(
            str(v.name),
            below.get(v.name, Interspace(v.name, v.name)),
            request.side,
            v.body_center_mm,
            v.confidence,
        )
        for v in anatomy.vertebrae
    ]


def cranial_of(anatomy: Anatomy, vertebra: Vertebra) -> FloatArray:
    """The mean of the normals of the discs above and below; the patient's own axis without any."""
    normals = [d.normal for d in anatomy.discs if vertebra.name in (d.between.upper, d.between.lower)]
    return unit(np.sum(normals, axis=0)) if normals else np.array([0.0, 0.0, 1.0])


def surface_mm(
    labels: LabelMap, values: npt.ArrayLike, starts_mm: FloatArray, ways: FloatArray, far_mm: float
) -> FloatArray:
    """(n,) way from inside the labelled values to their surface; inf where they were not left within ``far_mm``, or never met."""
    steps = np.arange(0.0, far_mm, STEP_MM)
    points = starts_mm[:, None, :] + steps[:, None] * ways[:, None, :]
    inside = np.isin(labels.nearest(points), values)  # (n, steps)
    last = len(steps) - 1 - np.argmax(inside[:, ::-1], axis=1)
    left = inside.any(axis=1) & (last < len(steps) - 1)
    return np.where(left, steps[last] + STEP_MM / 2, np.inf)
