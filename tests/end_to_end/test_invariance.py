"""Moving, turning, mirroring or cropping the scan moves the plan with it, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from planner.geometry import AxisOrder
from planner.structures import Side
from planner.volume import Volume
from sample_data.parameters import SMALL
from sample_data.phantom import Phantom, make_phantom
from tests.end_to_end.planning import best, binding_mm, mirrored, planned, planned_on

pytestmark = pytest.mark.slow

RE_STORED = {
    "sagittal, flipped": AxisOrder((2, 0, 1), (True, False, False)),
    "feet first, flipped": AxisOrder((0, 1, 2), (True, False, True)),
}


def re_stored(volume: Volume, order: AxisOrder) -> Volume:
    return Volume(order.apply_to_geometry(volume.geometry), np.ascontiguousarray(order.apply(volume.voxels)))


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(SMALL)


@pytest.fixture(scope="module")
def own_plan(phantom: Phantom):
    return planned_on(phantom.volume, "L3", Side.LEFT)


@pytest.mark.parametrize("name", RE_STORED)
def test_re_stored_axes_change_the_plan_by_at_most_a_tenth_of_a_millimetre(phantom, own_plan, name):
    plan = planned_on(re_stored(phantom.volume, RE_STORED[name]), "L3", Side.LEFT)
    assert len(plan.trajectories) == len(own_plan.trajectories)
    for path, same in zip(plan.trajectories, own_plan.trajectories, strict=True):
        assert path.target_mm == pytest.approx(same.target_mm, abs=0.1)
        assert path.entry_mm == pytest.approx(same.entry_mm, abs=0.1)


def test_an_oblique_scan_moves_the_target_by_less_than_a_millimetre(own_plan):
    turned = make_phantom(replace(SMALL, turn_deg=(4.0, 3.0, 6.0)))
    plan = planned_on(turned.volume, "L3", Side.LEFT)
    assert np.linalg.norm(plan.point_mm - own_plan.point_mm) <= 1.0
    assert binding_mm(plan) == pytest.approx(binding_mm(own_plan), abs=0.5)


def test_a_mirrored_patient_has_the_mirrored_plan(own_plan):
    mirror = make_phantom(replace(SMALL, mirrored=True))
    plan = planned_on(mirror.volume, "L3", Side.RIGHT)
    assert np.linalg.norm(mirrored(plan.point_mm) - own_plan.point_mm) <= 1.0
    assert binding_mm(plan) == pytest.approx(binding_mm(own_plan), abs=0.5)
    assert best(plan).obliquity_deg == pytest.approx(-best(own_plan).obliquity_deg, abs=10.0)


def test_without_skin_in_view_every_direction_is_counted_as_skin_outside_image():
    small_view = make_phantom(replace(SMALL, field_of_view_mm=(SMALL.field_of_view_mm[0], 150.0, 150.0)))
    plan = planned(small_view.anatomy(), "L3", Side.LEFT)
    assert plan.trajectories == ()
    assert plan.rejected["skin outside image"] > 0
