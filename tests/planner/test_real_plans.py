"""Plans on a real scan: where the needle goes, seen from the scan's own voxels."""

from pathlib import Path

import numpy as np
import pytest

from dicom_io.series import read_series
from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import Side, Structure
from planner.targets import TargetRequest, find_targets
from planner.volume import Volume

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
PRT = PROCEDURES["prt"]
BONE_HU = 250
"""Denser than any soft tissue, enhanced kidney and vessels at their edge included; cancellous bone is left out."""


@pytest.fixture(scope="module")
def abdomen(real_data: Path) -> tuple[Volume, Anatomy]:
    volume = read_series(real_data / "abdomen_ct" / "series").volume
    return volume, segment(volume)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("root", ["L1", "L2", "L3"])
def test_a_lumbar_root_is_reached_from_behind_its_joint(abdomen: tuple[Volume, Anatomy], root: str, side: Side) -> None:
    volume, anatomy = abdomen
    targets = find_targets(anatomy, PRT, TargetRequest(side, root=root))
    plan = plan_trajectories(anatomy, targets, PRT, reconcile(None, anatomy.lie), {})
    (target,) = plan.targets
    assert len(target.trajectories) >= 3
    assert plan.is_rehearsal
    assert not plan.is_releasable
    foramen = next(f for f in anatomy.foramina if f.between == target.between and f.side is side)
    for path in target.trajectories:
        samples = np.linspace(path.entry_mm, path.target_mm, 500)
        assert (volume.nearest(samples) < BONE_HU).all()
        assert side.sign * path.obliquity_deg >= 10
        assert path.entry_from_midline_mm is not None
        assert 15 < side.sign * path.entry_from_midline_mm < 120
        assert np.linalg.norm(path.target_mm - foramen.center_mm) < 14
        assert volume.nearest(path.entry_mm + 6 * (path.entry_mm - path.target_mm) / path.length_mm) < -200
        assert all(row.spare_mm >= 0 for row in path.clearances)
        nerves = [row for row in path.clearances if row.structure is Structure.NERVE_ROOT and row.side is side]
        assert 0 <= min(row.clearance_mm for row in nerves) < 8
