"""How exactly needles follow their plans: freehand, laser, robot, and what that means in closed form.

In: a way of guiding, a path's room. Out: frozen models with sources, probabilities. LPS mm, degrees.

A needle is straight. Guided by ``Execution`` it enters the skin off by a 2-D normal error, reaches the target's depth off by
another, lies on the line between, and ends too deep or too shallow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from planner.geometry import FloatArray
from planner.hand.probability import normal_below

MEAN_OF_NORMAL = float(np.sqrt(np.pi / 2))
"""Mean distance of a 2-D normal error with sigma 1: published mean errors are divided by it."""

DEPTH_SIGMA_MM = 1.7
"""Depth error 0.7 +- 1.7 mm (10.1186/s41747-022-00265-1, needles set by hand to a robot's line); taken for every guidance."""

SEEN_SIGMA_MM = 0.5
"""Of a shaft's place in a control scan: about half a voxel; assumed."""

ALLOWED_TIP_ERROR_MM = 2.7
"""Tip error that interventional radiologists find acceptable (survey, 10.2147/MDER.S160444)."""

PIECES = 12
"""Of a path, for the bound in closed form."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How exactly a needle follows its plan; sigmas are of one axis across the path."""

    name: str
    skin_sigma_mm: float
    tip_sigma_mm: float
    angle_sigma_deg: float
    depth_sigma_mm: float
    """Along the path."""
    seen_sigma_mm: float
    """Of the shaft's place in a control scan."""
    source: str


FREEHAND = Execution(
    "freehand",
    4.6 / MEAN_OF_NORMAL,
    2.8,
    2.3 / MEAN_OF_NORMAL,
    DEPTH_SIGMA_MM,
    SEEN_SIGMA_MM,
    "CT spinal injection: phantom tip 3.5 mm, clinical entry 4.6 mm and 2.3 degrees, means (PubMed 23265179)",
)

LASER = Execution(
    "laser",
    1.3 / MEAN_OF_NORMAL,
    1.6,
    0.4 / MEAN_OF_NORMAL,
    DEPTH_SIGMA_MM,
    SEEN_SIGMA_MM,
    "laser navigation, same study: tip 2.0 mm, entry 1.3 mm and 0.4 degrees, means (PubMed 23265179)",
)

ROBOT = Execution(
    "robot",
    0.8,
    0.8,
    1.0 / MEAN_OF_NORMAL,
    DEPTH_SIGMA_MM,
    SEEN_SIGMA_MM,
    "spinal injection by a collaborative robot: tip 1.02 mm, mean of 60 plans (PMID 40040222); entry as the tip and 1 degree: "
    "assumed",
)

EXECUTIONS = {execution.name: execution for execution in (FREEHAND, LASER, ROBOT)}


def measured_by_site(base: Execution, tip_sigma_mm: float) -> Execution:
    """A site's own figure for the tip; entry and angle scale with it, depth and what a scan shows stay.

    >>> measured_by_site(FREEHAND, 1.4).skin_sigma_mm == FREEHAND.skin_sigma_mm / 2
    True
    """
    share = tip_sigma_mm / base.tip_sigma_mm
    return replace(
        base,
        name=f"{base.name}, as measured by the site",
        skin_sigma_mm=base.skin_sigma_mm * share,
        tip_sigma_mm=tip_sigma_mm,
        angle_sigma_deg=base.angle_sigma_deg * share,
        source=f"tip sigma {tip_sigma_mm:g} mm: the site's own value; entry and angle in proportion to: {base.source}",
    )


def missed(allowed: float, sigma: float) -> float:
    """Probability that a 2-D normal error is larger than allowed; both in one unit."""
    return float(np.exp(-0.5 * (allowed / sigma) ** 2))


def free_tube(radius_mm: float, skin_sigma_mm: float, tip_sigma_mm: float) -> float:
    """Probability that a needle leaves a free tube around its path.

    A straight needle stays inside where both ends do: the error along it is nowhere larger than at one of them.
    """
    if radius_mm <= 0:
        return 1.0
    return 1.0 - (1.0 - missed(radius_mm, skin_sigma_mm)) * (1.0 - missed(radius_mm, tip_sigma_mm))


def contact_at_most(free_mm: FloatArray, sigmas_mm: FloatArray, border_sigma_mm: float) -> float:
    """Upper bound of a contact's probability, in closed form.

    Parameters
    ----------
    free_mm, sigmas_mm : (s,) room around the planned path and the needle's error, at depths along it.

    The path is cut into pieces; a piece is left where the needle leaves the free tube around it at one of its ends. The
    border takes its share of the room: the bound is the least over how large a share.
    """
    pieces = [slice(a, b + 1) for a, b in pairwise(np.linspace(0, len(free_mm) - 1, PIECES + 1).astype(int).tolist())]
    share = np.linspace(0.0, 1.0, 21)[:, None] * max(float(free_mm.min()), 0.0)
    room = np.maximum(np.array([free_mm[piece].min() for piece in pieces])[None, :] - share, 0.0)
    ends = np.array([[sigmas_mm[piece][0], sigmas_mm[piece][-1]] for piece in pieces])
    left = np.exp(-0.5 * (room[..., None] / np.maximum(ends, 1e-9)) ** 2).sum(axis=(1, 2))
    border = normal_below(-share[:, 0] / border_sigma_mm) if border_sigma_mm > 0 else np.zeros(len(share))
    return float(min((left + border).min(), 1.0))
