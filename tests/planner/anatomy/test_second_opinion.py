"""Where the network does not agree nobody may be sure: confidences fall, a warning has the number, nothing drawn changes."""

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.anatomy.network.agreement import agreements, with_second_opinion
from planner.anatomy.network.opinion import SpineOpinion
from planner.anatomy.network.session import Share
from planner.anatomy.network.windows import upright_grid
from planner.structures import Part, Structure
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom

STRUCTURES = {Structure.DISC: Share.DISC, Structure.CANAL: Share.CANAL, Structure.THECAL_SAC: Share.CANAL}


@pytest.fixture(scope="module")
def patient() -> Phantom:
    return make_phantom(
        PhantomParameters(
            spacing_mm=(2.0, 2.0, 2.0), field_of_view_mm=(130.0, 110.0, 90.0), center_mm=(0.0, 45.0, -30.0)
        )
    )


@pytest.fixture(scope="module")
def anatomy(patient: Phantom) -> Anatomy:
    return patient.anatomy()


@pytest.fixture(scope="module")
def seen(patient: Phantom) -> SpineOpinion:
    """What a network would say that knows the truth."""
    box = upright_grid(patient.geometry)
    truth = patient.truth_labels(box)
    shares = np.zeros((len(Share), *box.shape), dtype=np.float32)
    for value, entry in truth.entries.items():
        share = STRUCTURES.get(entry.structure)
        if entry.structure is Structure.VERTEBRA:
            share = Share.BODY if entry.part is Part.BODY else Share.POSTERIOR
        if share is not None:
            shares[share][truth.labels == value] = 1.0
    shares[Share.BACKGROUND] = 1.0 - shares.sum(axis=0)
    return SpineOpinion(patient.geometry, box, shares)


def moved(seen: SpineOpinion, voxels: int) -> SpineOpinion:
    """The same, further to the patient's left."""
    return SpineOpinion(seen.grid, seen.box, np.roll(seen.shares, voxels, axis=3))


def test_full_agreement_costs_no_confidence(seen: SpineOpinion, anatomy: Anatomy):
    judged = with_second_opinion(anatomy, seen)
    assert judged.confidence == anatomy.confidence
    assert judged.warnings == anatomy.warnings


def test_a_spine_seen_21_mm_aside_lowers_confidence_and_says_by_how_much(seen: SpineOpinion, anatomy: Anatomy):
    aside = moved(seen, 14)
    judged = with_second_opinion(anatomy, aside)
    shares = {one.structure: one.share for one in agreements(anatomy, aside)}
    for structure in (Structure.VERTEBRA, Structure.DISC, Structure.CANAL):
        assert judged.confidence[structure] < 0.9
    assert any(f"{shares[Structure.VERTEBRA]:.0%}" in said for said in judged.warnings)


def test_confidence_never_rises_and_nothing_drawn_changes(seen: SpineOpinion, anatomy: Anatomy):
    judged = with_second_opinion(anatomy, moved(seen, 3))
    assert all(judged.confidence[one] <= anatomy.confidence[one] for one in anatomy.confidence)
    assert judged.labels is anatomy.labels


def test_where_the_network_did_not_look_nothing_is_held_against_the_anatomy(seen: SpineOpinion, anatomy: Anatomy):
    half = seen.shares.copy()
    half[:, : half.shape[1] // 2] = 0.0
    vertebra = agreements(anatomy, SpineOpinion(seen.grid, seen.box, half))[0]
    assert vertebra.share > 0.9


def test_the_opinion_comes_on_the_scans_own_grid(patient: Phantom, seen: SpineOpinion):
    body = seen.body
    truth = patient.signed_distance_mm(
        Structure.VERTEBRA, patient.geometry.points_mm(np.argwhere(body > 0.95)), part=Part.BODY
    )
    assert body.shape == patient.geometry.shape
    assert truth.max() < 1.5
