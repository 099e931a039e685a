"""A plan's region: where it lies, what is cut, and that a plan in it is the plan in the whole scan."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, Slab, Surroundings
from planner.anatomy.region import Region, discs_in, geometry_in, names_in, rows_of, stage_in
from planner.anatomy.segment import segment
from planner.anatomy.stages import Bone, DiscLevel
from planner.errors import LevelNotFoundError
from planner.geometry import VolumeGeometry
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import Interspace, PatientPosition, Side, SpineLevel, Structure
from planner.target import TargetRequest
from planner.targets import find_all_targets
from planner.tips import TIP_GRID_MM
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom

SCAN = VolumeGeometry.from_spacing((200, 10, 10), (2.0, 2.0, 2.0))
"""z from 0 to 398 mm."""

LEVELS = (SpineLevel.S1, SpineLevel.L5, SpineLevel.L4, SpineLevel.L3, SpineLevel.L2)
INTERSPACES = tuple(Interspace(upper, lower) for lower, upper in itertools.pairwise(LEVELS))
DISCS = tuple(
    DiscLevel(35.0 * n, np.array([0.0, 0.0, 100.0 + 35.0 * n]), np.array([0.0, 0.0, 1.0]), 8.0, 1.0) for n in range(4)
)
"""L5/S1 at z 100 mm, each next 35 mm above."""


def slab_of(request: TargetRequest, scan: VolumeGeometry = SCAN) -> Slab | None:
    return Region((request,)).slab(INTERSPACES, DISCS, scan)


@pytest.mark.parametrize(
    ("request_", "z_mm"),
    [
        (TargetRequest(Side.LEFT, root="L4"), 135.0),
        (TargetRequest(Side.LEFT, level="L4/L5"), 135.0),
        (TargetRequest(Side.LEFT, level="L4"), 152.5),
        (TargetRequest(Side.LEFT, level="@150.5"), 150.5),
    ],
)
def test_a_region_lies_80_mm_around_its_place(request_, z_mm):
    slab = slab_of(request_)
    assert (slab.low_z_mm, slab.high_z_mm) == pytest.approx((z_mm - 80.0, z_mm + 80.0))


def test_the_region_of_the_first_sacral_root_lies_below_the_last_disc():
    slab = slab_of(TargetRequest(Side.LEFT, root="S1"))
    assert slab.high_z_mm == pytest.approx(100.0 - 30.0 + 80.0)


def test_two_places_are_one_region():
    both = Region((TargetRequest(Side.LEFT, root="L2"), TargetRequest(Side.LEFT, root="L5")))
    slab = both.slab(INTERSPACES, DISCS, VolumeGeometry.from_spacing((400, 10, 10), (2.0, 2.0, 2.0)))
    assert (slab.low_z_mm, slab.high_z_mm) == pytest.approx((20.0, 285.0))


def test_a_place_without_a_name_asks_for_the_whole_scan():
    assert slab_of(TargetRequest(Side.LEFT, root="T9")) is None


def test_a_short_scan_is_its_own_region():
    assert slab_of(TargetRequest(Side.LEFT, root="L4"), SCAN.cropped((40, 0, 0), (70, 10, 10))) is None


def test_stages_are_cut_to_the_slices_of_the_slab():
    slab = Slab(100.0, 199.0)
    rows = rows_of(slab, SCAN)
    mask = np.zeros(SCAN.shape, dtype=bool)
    mask[60] = True
    bone = stage_in(Bone(mask, ~mask, 0.5), SCAN, rows)
    assert bone.mask.shape == geometry_in(SCAN, rows).shape
    assert bone.mask[10].all()
    assert bone.confidence == 0.5
    assert geometry_in(SCAN, rows).points_mm([10, 0, 0])[2] == SCAN.points_mm([60, 0, 0])[2]


def test_discs_and_names_of_a_slab_belong_together():
    inside = discs_in(Slab(120.0, 180.0), DISCS)
    assert names_in(LEVELS, inside) == (SpineLevel.L5, SpineLevel.L4, SpineLevel.L3)


TALL = PhantomParameters(
    spacing_mm=(3.0, 1.5, 1.5), field_of_view_mm=(360.0, 264.0, 380.0), center_mm=(0.0, 14.0, 20.0), noise_hu=10.0
)
REQUEST = TargetRequest(Side.LEFT, root="L3")


@pytest.fixture(scope="module")
def both() -> tuple[Anatomy, Anatomy]:
    """The region's anatomy, and the whole scan's."""
    volume = make_phantom(TALL).volume
    return segment(volume, region=Region((REQUEST,), PROCEDURES["prt"].required)), segment(volume)


@pytest.mark.slow
def test_what_lies_outside_the_region_is_absent_and_said(both):
    part, whole = both
    rows = rows_of(part.region, part.labels.geometry)
    outside = np.ones(part.labels.geometry.shape, dtype=bool)
    outside[rows] = False
    assert part.labels.geometry.matches(whole.labels.geometry)
    assert not part.labels.labels[outside].any()
    assert (part.surroundings.labels[outside] == Surroundings.OUTSIDE_RECONSTRUCTION).all()
    assert part.region.words in part.warnings


@pytest.mark.slow
def test_what_is_required_is_found_in_the_region_or_beyond_it(both):
    part, whole = both
    required = set(PROCEDURES["prt"].required) & set(whole.confidence)
    assert required <= set(part.confidence)
    assert Structure.PLEURAL_ZONE in part.confidence


@pytest.mark.slow
def test_names_and_discs_are_those_of_the_whole_scan(both):
    part, whole = both
    known = {disc.between: disc for disc in whole.discs}
    assert part.discs
    for disc in part.discs:
        assert np.array_equal(disc.center_mm, known[disc.between].center_mm)


@pytest.mark.slow
def test_a_plan_in_the_region_is_the_plan_in_the_whole_scan(both):
    procedure = PROCEDURES["prt"]
    plans = []
    for anatomy in both:
        targets = find_all_targets(anatomy, procedure, [REQUEST])
        scan = reconcile(PatientPosition.HFP, anatomy.lie)
        plans.append((targets[0], plan_trajectories(anatomy, targets, procedure, scan, {}).targets[0].trajectories))
    (part_target, part_paths), (whole_target, whole_paths) = plans
    one_place = TIP_GRID_MM * np.sqrt(3.0)  # two lattices a little apart may choose neighbouring places
    assert np.linalg.norm(part_target.point_mm - whole_target.point_mm) < one_place
    part_room, whole_room = (
        {c.structure: c.clearance_mm for c in paths[0].clearances} for paths in (part_paths, whole_paths)
    )
    uncertainty = both[1].uncertainty_mm
    for structure in part_room.keys() & whole_room.keys():
        assert abs(part_room[structure] - whole_room[structure]) <= uncertainty.get(structure, 3.0)


@pytest.mark.slow
def test_a_level_outside_the_region_is_refused(both):
    with pytest.raises(LevelNotFoundError):
        find_all_targets(both[0], PROCEDURES["prt"], [TargetRequest(Side.LEFT, root="T10")])
