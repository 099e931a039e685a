"""A root from behind the disc, in the lower part of its foramen (Kambin's triangle).

In: an anatomy, a procedure, a root or level with its side. Out: the target with its ordered tip points, LPS mm: caudal of the
exiting root, behind the disc, in front of the superior articular process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.aims.facet_joint import with_tips
from planner.aims.foramen import foramen_at, foramen_places, root_place
from planner.aims.places import is_certain, require_served
from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, frozen
from planner.procedure import Procedure
from planner.target import ForamenFrame, Target, TargetRequest
from planner.tips import foramen_frame

HEIGHT_SHARE = (0.5, 0.95)
"""Of the foramen's height from the upper pedicle down: the lower half, at the disc; assumed."""

IDEAL_SHARE, IDEAL_LATERAL_MM = 0.7, 2.0
GRID_MM = 0.6
LATERAL_MM, DORSAL_MM = (0.0, 7.0), (-5.0, 10.0)
"""Lateral of the pedicle's mid-line ("dura medial to pedicle mid-line", pijn.com); dorsal of the foramen's middle; assumed."""


@dataclass(frozen=True, slots=True)
class RetrodiscalRoot:
    """Caudal of the exiting root, outside the disc."""

    example: ClassVar[str] = "L3/L4"

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """One root at one foramen."""
        place, chosen_by = root_place(foramen_places(anatomy, request.side), procedure, request)
        require_served(procedure, place.between.upper, str(place.between), "foramina below")
        foramen = foramen_at(anatomy, place)
        frame = foramen_frame(anatomy, foramen)
        target = Target(
            foramen.between.root,
            foramen.between,
            foramen.side,
            foramen.center_mm,
            np.empty((0, 3)),
            frame,
            {"tip: no opening between the pedicles": 1},
            is_certain(anatomy, foramen.between) and "@" not in chosen_by,
            foramen.confidence,
            chosen_by,
            f"{foramen.between.root} root, foramen {foramen.between}, retrodiscal",
        )
        if not frame.height_mm:
            return (target,)
        return (with_tips(target, anatomy, procedure, *_points(frame)),)


def _points(frame: ForamenFrame) -> tuple[FloatArray, FloatArray]:
    lateral = frame.midline_of_pedicle_mm + np.arange(*LATERAL_MM, GRID_MM)
    cranial = frame.top_mm - np.arange(*HEIGHT_SHARE, GRID_MM / frame.height_mm) * frame.height_mm
    dorsal = np.arange(*DORSAL_MM, GRID_MM)
    local = np.stack(np.meshgrid(lateral, dorsal, cranial, indexing="ij"), axis=-1).reshape(-1, 3)
    ideal = [frame.midline_of_pedicle_mm + IDEAL_LATERAL_MM, 0.0, frame.top_mm - IDEAL_SHARE * frame.height_mm]
    return frozen(frame.lps(local)), np.linalg.norm(local - np.array(ideal), axis=1)
