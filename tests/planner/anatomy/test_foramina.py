"""Foramina against the closed form: the middle between the pedicles, level by level, side by side."""

import dataclasses

import numpy as np
import pytest

from planner.anatomy.foramina import Opening, find_openings, foramen_confidence, foramina, sides_differ
from planner.anatomy.model import Foramen
from planner.structures import Side

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def openings(lumbar) -> tuple[Opening, ...]:
    return find_openings(lumbar.column, lumbar.interspaces)


@pytest.fixture(scope="module")
def pairs(lumbar, openings) -> list[tuple[Foramen, Foramen]]:
    """Found and true."""
    true = {(f.between, f.side): f for f in lumbar.anatomy.foramina}
    return [(f, true[f.between, f.side]) for f in foramina(openings)]


def test_each_interspace_has_one_foramen_on_each_side(lumbar, openings):
    assert {(o.between, o.side) for o in openings} == {(b, side) for b in lumbar.interspaces for side in Side}


def test_centres_lie_within_two_millimetres(pairs):
    errors = [np.linalg.norm(found.center_mm - true.center_mm) for found, true in pairs]
    assert np.median(errors) < 1.5
    assert max(errors) < 2.5


def test_pedicles_are_met_within_two_millimetres(pairs):
    for found, true in pairs:
        assert np.linalg.norm(found.pedicle_above_mm - true.pedicle_above_mm) < 2.0
        assert np.linalg.norm(found.pedicle_below_mm - true.pedicle_below_mm) < 2.0


def test_the_side_is_the_patients(lumbar, openings):
    for found in foramina(openings):
        offset = lumbar.canal.frame.from_lps(found.center_mm[None])[0, 1]
        assert found.side.sign * offset > 8.0


def test_clear_foramina_are_trusted(openings):
    assert min(f.confidence for f in foramina(openings)) > 0.8


def test_a_foramen_half_the_size_of_its_opposite_is_doubted(openings):
    one = openings[0]
    small = dataclasses.replace(one, radius_mm=one.radius_mm * 0.6)
    assert sides_differ(small, one)
    doubted = foramen_confidence(small, (small, *openings[1:]))
    assert doubted <= 0.5 * foramen_confidence(one, openings) + 1e-9


def test_the_area_of_a_ring_is_that_of_its_polygon(openings):
    ring = dataclasses.replace(openings[0], radius_mm=np.full_like(openings[0].radius_mm, 5.0))
    assert ring.area_mm2 == pytest.approx(np.pi * 25.0, rel=0.01)
    assert ring.centroid_sv_mm == pytest.approx((ring.s_mm, ring.v_mm), abs=1e-9)
