"""What a plan says of the phantom is what the phantom's closed form says."""

from dataclasses import replace

import numpy as np
import pytest

from planner.plan import Clearance, PlannedTrajectory
from planner.structures import Side, Structure
from sample_data.parameters import SMALL
from sample_data.phantom import Phantom, make_phantom
from tests.end_to_end.planning import planned, planned_on

FINE_MM = 0.5


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(
        replace(SMALL, spacing_mm=(FINE_MM,) * 3, field_of_view_mm=(80.0, 125.0, 140.0), center_mm=(50.0, 62.0, -10.0))
    )


@pytest.fixture(scope="module")
def finely_planned(phantom: Phantom):
    """A plan on truth labels of 0.5 mm, from the L3/L4 foramen out to the skin on the left."""
    return planned(phantom.anatomy(), "L3", Side.LEFT)


def true_clearance_mm(phantom: Phantom, path: PlannedTrajectory, clearance: Clearance) -> float:
    """Least closed-form distance along the shaft, less the needle's radius."""
    reach = 1.0 - clearance.exempt_mm / path.length_mm
    shares = np.linspace(0.0, reach, 2000)[:, None]
    shaft = path.entry_mm + shares * (path.target_mm - path.entry_mm)
    distance = phantom.signed_distance_mm(clearance.structure, shaft, level=clearance.level, side=clearance.side)
    return float(distance.min()) - path.needle.radius_mm


@pytest.mark.slow
def test_every_clearance_on_half_millimetre_truth_is_within_half_a_millimetre(phantom, finely_planned):
    measured = [
        (path, clearance)
        for path in finely_planned.trajectories
        for clearance in path.clearances
        if clearance.structure in (Structure.VERTEBRA, Structure.NERVE_ROOT, Structure.KIDNEY, Structure.CANAL)
    ]
    assert measured
    for path, clearance in measured:
        true_mm = true_clearance_mm(phantom, path, clearance)
        assert clearance.clearance_mm == pytest.approx(true_mm, abs=0.5), clearance


@pytest.mark.slow
def test_every_clearance_on_its_own_segmentation_is_within_the_stated_uncertainty():
    patient = make_phantom(SMALL)
    plan = planned_on(patient.volume, "L3", Side.LEFT)
    off = {
        f"path {path.rank}, {clearance.structure.words}": excess_mm
        for path in plan.trajectories
        for clearance in path.clearances
        if (excess_mm := _excess_mm(patient, path, clearance)) > 0
    }
    assert off == {}


def _excess_mm(patient: Phantom, path: PlannedTrajectory, clearance: Clearance) -> float:
    """By how much the reported clearance is too large beyond the structure's uncertainty; too small is safe."""
    true_mm = true_clearance_mm(patient, path, clearance)
    return clearance.clearance_mm - true_mm - clearance.uncertainty_mm
