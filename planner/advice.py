"""What a person is told beside a path's clearances: how likely the hand errs, where to scan, how to turn the bevel.

In: a measured path with what is kept around it. Out: the same path with its risk and its bend.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.contact import Shaft
from planner.control_scans import risk_of
from planner.deflection import bend_of
from planner.kept import Kept
from planner.plan import PlannedTrajectory
from planner.situation import Situation


def advised(path: PlannedTrajectory, situation: Situation, kept: Kept) -> PlannedTrajectory:
    """The path with its risk under the site's guidance, and its needle's bend."""
    shaft = Shaft(path.entry_mm, path.target_mm, situation.radius_mm, situation.obstacles, kept)
    rng = np.random.default_rng(case_seed(situation))
    risk = risk_of(shaft, situation.site.guidance, path.tolerance_deg, rng)
    return replace(path, risk=risk, bend=bend_of(shaft, path.needle))


def case_seed(situation: Situation) -> list[int]:
    """From the frame of reference and the target's words: the same case draws the same needles."""
    frame = situation.labels.geometry.frame_of_reference_uid
    return list(f"{frame} {situation.target.words}".encode())
