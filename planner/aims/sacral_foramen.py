"""The S1 root in the first sacral foramen, reached from behind through its dorsal opening.

In: an anatomy with sacral foramina, a procedure, a side. Out: the target with its ordered tip points, LPS mm: in the ventral half
of the tunnel, before its ventral opening, beside the root. Both the supero-lateral and the supero-medial place are offered
(musculoskeletalkey, S1 TFESI; 10.1155/2017/6426802: intravascular 4.9 % medial, 38.6 % lateral); room decides between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.aims.facet_joint import with_tips
from planner.aims.places import SURE_NAME, Place, require_served
from planner.anatomy.model import Anatomy, SacralForamen
from planner.errors import AnatomyError
from planner.geometry import FloatArray, frozen, unit
from planner.procedure import Procedure
from planner.structures import Side, SpineLevel, Structure
from planner.target import ForamenFrame, Opening, Target
from planner.volume import LabelEntry

NO_SACRAL_FORAMEN = (
    "the sacral foramina of this side were not found in this scan",
    "scan the sacrum down to S2 in thin slices, or plan S1 by hand; L1 to L5 are planned",
)

DEPTH_STOP_MM = 3.0
"""From the ventral opening back: beyond it lie the pelvis and the sacral vessels; assumed."""

TUNNEL_SHARE = (0.25, 0.9)
"""Of the way from the dorsal to the ventral opening, where a tip may lie; assumed."""

IDEAL_SHARE = 0.65
"""The ventral half, where the root crosses the tunnel; assumed."""

IDEAL_ACROSS, IDEAL_UP = 0.45, 0.35
"""Of the opening's radius, to either side and cranially: below S1's pedicle, above the root (musculoskeletalkey, S1 TFESI); the
shares are assumed."""

GRID_MM = 0.6

NEXT_TO_S1 = (SpineLevel.S1, SpineLevel.L4, SpineLevel.L5, SpineLevel.L6)
"""Some people have four or six lumbar vertebrae."""


@dataclass(frozen=True, slots=True)
class SacralRoot:
    """Below S1's pedicle, in the tunnel."""

    example: ClassVar[str] = "S1/S2"

    def at(self, anatomy: Anatomy, procedure: Procedure, place: Place, chosen_by: str) -> Target:
        """The root of one sacral foramen."""
        require_served(procedure, place.between.upper, place.name, "foramina below")
        foramen = next(f for f in anatomy.sacral_foramina if f.between == place.between and f.side is place.side)
        target = Target(
            place.between.root,
            place.between,
            place.side,
            frozen(place.center_mm),
            np.empty((0, 3)),
            tunnel_frame(foramen),
            {},
            _is_certain(anatomy) and "@" not in chosen_by,
            place.confidence,
            chosen_by,
            f"{place.between.root} root, sacral foramen {place.between}",
            notes=(*_notes(anatomy, foramen), *steepness_notes(procedure, foramen)),
            opening=dorsal_opening(foramen),
        )
        return with_tips(target, anatomy, procedure, *_points(foramen, target.frame))


def sacral_places(anatomy: Anatomy, side: Side) -> list[Place]:
    """The sacral foramina of one side, each by the middle of its tunnel."""
    return [
        Place(str(f.between), f.between, f.side, (f.posterior_mm + f.anterior_mm) / 2, f.confidence)
        for f in anatomy.sacral_foramina
        if f.side is side
    ]


def require_sacral(places: list[Place], side: Side) -> None:
    """Refuse a sacral root where no sacral foramen was found."""
    if not places:
        raise AnatomyError(f"dorsal sacral foramen, {side}", *NO_SACRAL_FORAMEN)


def tunnel_frame(foramen: SacralForamen) -> ForamenFrame:
    """Dorsal along the tunnel out of the back, lateral away from the midline; the centre in the tunnel's middle."""
    dorsal = unit(foramen.posterior_mm - foramen.anterior_mm)
    left = np.array([1.0, 0.0, 0.0]) - dorsal[0] * dorsal
    left = unit(left)
    middle = (foramen.posterior_mm + foramen.anterior_mm) / 2
    return ForamenFrame(
        frozen(middle),
        frozen(foramen.side.sign * left),
        frozen(dorsal),
        frozen(np.cross(left, dorsal)),
        0.0,
        0.0,
        0.0,
        0.0,
    )


def dorsal_opening(foramen: SacralForamen) -> Opening:
    """What a needle to the root goes through; its plane lies across the tunnel."""
    outward = unit(foramen.posterior_mm - foramen.anterior_mm)
    return Opening(frozen(foramen.posterior_mm), frozen(outward), foramen.diameter_mm / 2)


def _points(foramen: SacralForamen, frame: ForamenFrame) -> tuple[FloatArray, FloatArray]:
    """(n, 3) places in the tunnel, and (n,) how far each is from the nearer of the two wished ones [mm]."""
    length = float(np.linalg.norm(foramen.posterior_mm - foramen.anterior_mm))
    radius = foramen.diameter_mm / 2
    deepest = min(TUNNEL_SHARE[1] * length, length - DEPTH_STOP_MM)
    across = np.arange(-radius, radius + 1e-6, GRID_MM)
    along = length / 2 - np.arange(TUNNEL_SHARE[0] * length, max(deepest, 0.0) + 1e-6, GRID_MM)
    local = np.stack(np.meshgrid(across, along, across, indexing="ij"), axis=-1).reshape(-1, 3)
    local = local[np.hypot(local[:, 0], local[:, 2]) <= radius]
    wished = [
        np.linalg.norm(local - [sign * IDEAL_ACROSS * radius, (0.5 - IDEAL_SHARE) * length, IDEAL_UP * radius], axis=1)
        for sign in (1, -1)
    ]
    return frozen(frame.lps(local)), np.min(wished, axis=0)


def _is_certain(anatomy: Anatomy) -> bool:
    """S1 is as certain as the lowest vertebra that was named: a shift by one changes both."""
    lowest = min(anatomy.vertebrae, key=lambda v: float(v.body_center_mm[2]), default=None)
    return lowest is not None and lowest.name in NEXT_TO_S1 and lowest.name_confidence >= SURE_NAME


def _notes(anatomy: Anatomy, foramen: SacralForamen) -> tuple[str, ...]:
    drawn = any(_is_root(entry, foramen) for entry in anatomy.labels.entries.values())
    modelled = any(r.between == foramen.between and r.side is foramen.side for r in anatomy.nerve_roots)
    unseen = () if drawn or modelled else (f"The {foramen.between.root} root itself is not drawn in its foramen.",)
    return (opening_note(foramen), *unseen)


def opening_note(foramen: SacralForamen) -> str:
    """How well its openings are known, and where the tip stays."""
    return (
        f"Sacral foramen: the openings lie within {foramen.uncertainty_mm:.1f} mm; the tip stays {DEPTH_STOP_MM:g} mm dorsal of "
        "the ventral opening (assumed). Medial and lateral tips are offered: fewer vessels were met medially "
        "(10.1155/2017/6426802)."
    )


def steepness_notes(procedure: Procedure, foramen: SacralForamen) -> tuple[str, ...]:
    """Where the sacrum lies so flat that a needle straight down the tunnel would be steeper than the approach allows."""
    approach = next((a for a in procedure.approaches if SpineLevel.S1 in a.below), procedure.approaches[0])
    inward = unit(foramen.anterior_mm - foramen.posterior_mm)
    tilt_deg = float(np.degrees(np.arcsin(inward[2])))
    steepest_deg = approach.tilt_deg[0]
    if tilt_deg >= steepest_deg:
        return ()
    return (
        (
            f"A needle straight down this foramen would aim {-tilt_deg:.0f} degrees caudally, {-steepest_deg:.0f} are allowed: scan again "
            "prone with a pillow under the abdomen, the sacrum stands steeper then (pijn.com, lumbar transforaminal)."
        ),
    )


def _is_root(entry: LabelEntry, foramen: SacralForamen) -> bool:
    return (
        entry.structure is Structure.NERVE_ROOT and entry.level == foramen.between.upper and entry.side is foramen.side
    )
