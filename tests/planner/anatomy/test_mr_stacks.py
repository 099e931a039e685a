"""What the network says of two stacks of one patient is averaged where both show a place; the first alone says what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.mr.stacks import averaged, spine_in_stacks
from planner.anatomy.network.opinion import SpineOpinion
from planner.anatomy.network.session import OnnxNetwork, Share
from planner.errors import FrameMismatchError
from planner.geometry import VolumeGeometry
from planner.volume import Volume
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from sample_data.tissue import T2_TURBO
from service.network import shipped_network

BOX = PhantomParameters(spacing_mm=(4.0, 1.5, 1.5), field_of_view_mm=(96.0, 100.0, 90.0), center_mm=(0.0, 42.0, -48.0))


def opinion(first_z_mm: float, disc: float) -> SpineOpinion:
    """Sure of background but for a share of disc, on ten 1.5 mm cubes along z."""
    box = VolumeGeometry.from_spacing((10, 4, 4), (1.5, 1.5, 1.5), (0.0, 0.0, first_z_mm))
    shares = np.zeros((len(Share), *box.shape), dtype=np.float32)
    shares[Share.DISC], shares[Share.BACKGROUND] = disc, 1.0 - disc
    return SpineOpinion(box, box, shares)


def test_who_does_not_look_does_not_count():
    mean = averaged((opinion(0.0, 0.2), opinion(7.5, 0.8)))
    disc = mean.shares[Share.DISC][:, 1, 1]
    assert disc[:4] == pytest.approx(0.2, abs=1e-6)
    assert disc[6:] == pytest.approx(0.5, abs=1e-6)
    assert mean.shares.sum(axis=0) == pytest.approx(1.0, abs=1e-5)
    assert mean.box is mean.grid


def test_where_the_first_shows_nothing_the_second_draws_nothing():
    first = opinion(0.0, 0.2)
    first.shares[:, :3] = 0.0
    assert not averaged((first, opinion(0.0, 0.8))).shares[:, :3].any()


@pytest.fixture(scope="module")
def network() -> OnnxNetwork:
    return shipped_network()


@pytest.fixture(scope="module")
def axial() -> Volume:
    return mr_volume(make_phantom(BOX), MrParameters(T2_TURBO, noise=0.008))


def elsewhere(volume: Volume, by_mm: float) -> Volume:
    matrix = volume.geometry.lps_from_index.copy()
    matrix[2, 3] += by_mm
    moved = VolumeGeometry(matrix, volume.geometry.shape, volume.geometry.frame_of_reference_uid)
    return replace(volume, geometry=moved)


def test_a_stack_of_another_frame_is_refused(axial: Volume, network: OnnxNetwork):
    moved = VolumeGeometry(axial.geometry.lps_from_index, axial.geometry.shape, "2.25.1")
    with pytest.raises(FrameMismatchError):
        spine_in_stacks(axial, [replace(axial, geometry=moved)], network)


def test_a_stack_of_another_place_is_left_out_and_the_spine_says_so(axial: Volume, network: OnnxNetwork):
    alone = spine_in_stacks(axial, [], network)
    spine = spine_in_stacks(axial, [elsewhere(axial, 200.0)], network)
    assert (spine.opinion.shares == alone.opinion.shares).all()
    assert alone.notes == ()
    assert "1 of 1 other stacks show less than 20 mm" in spine.notes[0]


def test_the_same_stack_twice_says_the_same(axial: Volume, network: OnnxNetwork):
    alone, twice = spine_in_stacks(axial, [], network), spine_in_stacks(axial, [axial], network)
    assert len(twice.discs) == len(alone.discs)
    assert np.linalg.norm(twice.discs[0].center_mm - alone.discs[0].center_mm) < 1.0
