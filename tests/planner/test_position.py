"""What the series says against what the image shows."""

import pytest

from planner.anatomy.model import Lie
from planner.errors import PositionConflictError
from planner.position import reconcile
from planner.structures import PatientPosition, Pose


def test_agreement_is_not_inferred() -> None:
    scan = reconcile(PatientPosition.FFP, Lie(Pose.PRONE, 0.9, "table in front"))
    assert (scan.position, scan.pose, scan.is_inferred) == (PatientPosition.FFP, Pose.PRONE, False)
    assert "table in front" in scan.evidence


def test_conflict_is_refused_with_both_sides() -> None:
    with pytest.raises(PositionConflictError, match=r"HFS.*prone.*0\.90: table in front"):
        reconcile(PatientPosition.HFS, Lie(Pose.PRONE, 0.9, "table in front"))


def test_a_silent_series_is_inferred() -> None:
    scan = reconcile(None, Lie(Pose.SUPINE, 0.8, "table behind"))
    assert (scan.position, scan.pose, scan.is_inferred) == (None, Pose.SUPINE, True)


@pytest.mark.parametrize("lie", [Lie(Pose.UNKNOWN, 0.0, "nothing"), Lie(Pose.PRONE, 0.3, "a shadow")])
def test_a_doubtful_image_contradicts_nobody_and_infers_nothing(lie: Lie) -> None:
    assert reconcile(PatientPosition.HFS, lie).pose is Pose.SUPINE
    assert reconcile(None, lie).pose is Pose.UNKNOWN
