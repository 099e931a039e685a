"""How the patient lay: what the series says against what the image shows.

In: Patient Position (0018,5100), if the series has one, and the pose found in the image. Out: one scan position, or a refusal.
"""

from __future__ import annotations

from planner.anatomy.model import Lie
from planner.errors import PositionConflictError
from planner.plan import ScanPosition
from planner.structures import PatientPosition, Pose

SURE_OF_LIE = 0.5
"""Below this confidence the image does not contradict the series; assumed."""

UP = {
    Pose.PRONE: (0.0, 1.0, 0.0),
    Pose.SUPINE: (0.0, -1.0, 0.0),
    Pose.LEFT_SIDE: (-1.0, 0.0, 0.0),
    Pose.RIGHT_SIDE: (1.0, 0.0, 0.0),
}
"""LPS unit vector away from the floor."""


def reconcile(tag: PatientPosition | None, lie: Lie) -> ScanPosition:
    """The series' own word where the image agrees or shows nothing; inferred where the series is silent."""
    seen = lie.pose is not Pose.UNKNOWN and lie.confidence >= SURE_OF_LIE
    if tag is None:
        pose = lie.pose if seen else Pose.UNKNOWN
        return ScanPosition(None, pose, is_inferred=True, evidence=f"inferred from the image: {lie.evidence}")
    if seen and lie.pose is not tag.pose:
        raise PositionConflictError(str(tag), str(lie.pose), lie.confidence, lie.evidence)
    check = f"the image agrees: {lie.evidence}" if seen else "the image could not confirm it"
    return ScanPosition(tag, tag.pose, is_inferred=False, evidence=f"Patient Position {tag}; {check}")
