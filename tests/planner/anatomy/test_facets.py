"""Facet joints: on the gap, along it, and doubted where the voxels hide it."""

import numpy as np
import pytest

from planner.anatomy.facets import find_facets
from planner.anatomy.model import Facet
from planner.anatomy.vertebrae import share_out
from sample_data.vertebrae import joint_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def joints(lumbar) -> tuple[Facet, ...]:
    return find_facets(lumbar.volume, lumbar.column, share_out(lumbar.column), lumbar.interspaces)


def in_joint(case, facet: Facet):
    """(3,) point in the true joint's own axes: across the gap, along it to posterior, cranial."""
    gap = next(g for g in case.phantom.spine.interspaces if g.name == facet.between)
    frame = joint_of(gap, facet.side).frame
    return (facet.point_mm - frame.origin_mm) @ frame.axes


def test_every_joint_is_found_once(lumbar, joints):
    assert len({(f.between, f.side) for f in joints}) == len(joints) == 2 * len(lumbar.interspaces)


def test_seven_of_eight_points_lie_in_the_gap_within_a_millimetre(lumbar, joints):
    across = [abs(in_joint(lumbar, facet)[0]) for facet in joints]
    assert np.mean(np.array(across) < 1.0) >= 7 / 8
    assert max(across) < 3.0


def test_points_lie_in_the_posterior_half_of_the_joint(lumbar, joints):
    for facet in joints:
        _, along, up = in_joint(lumbar, facet)
        assert 0.0 < along < 7.5, facet.between
        assert abs(up) < 6.0, facet.between


def test_the_axis_runs_along_the_joint(lumbar, joints):
    true = {(f.between, f.side): f.axis for f in lumbar.anatomy.facets}
    for facet in joints:
        turned = np.degrees(np.arccos(np.clip(facet.axis @ true[facet.between, facet.side], -1, 1)))
        assert turned < 20.0, facet.between


def test_a_resolved_joint_is_trusted(joints):
    assert min(f.confidence for f in joints) > 0.8
