"""Sacral foramina lead through the phantom's sacrum; the S1 root runs in the first; solid bone has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import SacralForamen
from planner.anatomy.sacral_foramina import find_sacral_foramina
from planner.anatomy.sacral_roots import sacral_roots
from planner.structures import Side, SpineLevel, Structure
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from tests.planner.anatomy.conftest import SpineCase, spine_case

SACRUM = PhantomParameters(
    spacing_mm=(1.5, 1.0, 1.0), field_of_view_mm=(150.0, 150.0, 150.0), center_mm=(0.0, 60.0, -110.0)
)


@pytest.fixture(scope="module")
def sacrum() -> SpineCase:
    return spine_case(SACRUM)


@pytest.fixture(scope="module")
def found(sacrum) -> tuple[SacralForamen, ...]:
    return find_sacral_foramina(sacrum.volume, sacrum.canal, sacrum.discs[0])


def across_mm(point: np.ndarray, foramen: SacralForamen) -> float:
    """Distance of a point from the tunnel's line."""
    way = foramen.anterior_mm - foramen.posterior_mm
    way = way / np.linalg.norm(way)
    off = point - foramen.posterior_mm
    return float(np.linalg.norm(off - (off @ way) * way))


@pytest.mark.parametrize("level", [SpineLevel.S1, SpineLevel.S2])
@pytest.mark.parametrize("side", list(Side))
def test_each_tunnel_passes_both_true_openings_within_its_uncertainty(sacrum, found, level, side):
    (true,) = [f for f in sacrum.anatomy.sacral_foramina if f.between.upper is level and f.side is side]
    (seen,) = [f for f in found if f.between.upper is level and f.side is side]
    assert across_mm(true.posterior_mm, seen) < seen.uncertainty_mm
    assert across_mm(true.anterior_mm, seen) < seen.uncertainty_mm


def test_the_true_ways_are_free_of_bone(sacrum):
    for foramen in sacrum.anatomy.sacral_foramina:
        way = np.linspace(foramen.posterior_mm, foramen.anterior_mm, 40)
        assert (sacrum.phantom.signed_distance_mm(Structure.BONE, way) > 0.5).all()


def test_a_sacrum_without_tunnels_has_none(sacrum):
    solid = sacrum.volume.voxels.copy()
    solid[:] = 150
    noise = np.random.default_rng(3).normal(0.0, 15.0, solid.shape).astype(np.int16)
    filled = Volume(sacrum.volume.geometry, solid + noise)
    assert find_sacral_foramina(filled, sacrum.canal, sacrum.discs[0]) == ()


def test_the_s1_root_runs_through_the_first_foramen_of_its_side(sacrum, found):
    roots = sacral_roots(found, sacrum.canal.frame)
    assert [(r.root, r.side) for r in roots] == [("S1", Side.LEFT), ("S1", Side.RIGHT)]
    for root in roots:
        own = next(f for f in found if f.between == root.between and f.side is root.side)
        away = np.linalg.norm(root.course_mm[:, None] - np.stack([own.anterior_mm, root.ganglion_mm]), axis=2)
        assert away[:, 0].min() < 0.5
        assert root.uncertainty_mm > own.uncertainty_mm
        assert np.sign(root.course_mm[-1, 0]) == root.side.sign


def test_a_second_foramen_alone_carries_no_s1_root(sacrum, found):
    second = tuple(replace(f) for f in found if f.between.upper is SpineLevel.S2)
    assert sacral_roots(second, sacrum.canal.frame) == ()
