"""What holds for phantoms holds for real scans: a changed scan moves no landmark by more than it says, and no sure name.

A pelvis with its lumbar spine in 3 mm cubes, and an abdomen in 1.6 mm slices with contrast.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.volume import Volume
from tests.planner.anatomy.test_invariance import NAMES, check_drawn, segmented_or_refused, variants
from tests.real_scans import real_scan
from tests.variants import changed_names, moves

pytestmark = [pytest.mark.realdata, pytest.mark.soak]


@pytest.fixture(scope="module", params=["lumbar_pelvis_ct/ct.nii.gz", "abdomen_ct/series"])
def scan(real_data: Path, request) -> Volume:
    return real_scan(real_data / request.param)


@pytest.fixture(scope="module")
def undisturbed(scan) -> Anatomy:
    return segment(scan)


@pytest.mark.parametrize("change", NAMES)
def test_a_changed_real_scan_keeps_its_landmarks_and_its_sure_names(scan, undisturbed, change):
    middle = undisturbed.discs[len(undisturbed.discs) // 2].center_mm
    variant = variants(scan, float(middle[2]))[change]()
    after = segmented_or_refused(variant.volume)
    assert isinstance(after, Anatomy), after
    found = list(moves(undisturbed, variant, after))
    assert len(found) >= 5
    assert [one for one in found if one[1] > one[2]] == []
    assert not changed_names(undisturbed, variant, after)


@pytest.mark.parametrize("seed", range(10))
def test_a_row_of_chained_changes_to_a_real_scan_is_refused_or_keeps_its_sure_names(scan, undisturbed, seed):
    check_drawn(undisturbed, scan, seed)
