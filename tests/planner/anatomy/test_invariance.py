"""Turning, mirroring, cropping, thickening or disturbing a scan moves no landmark by more than it says, and no sure name.

A phantom's lower lumbar spine with its sacrum, and one real scan. Each variant is compared with the undisturbed scan's own
result, carried along where the patient was turned or mirrored.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.errors import PlannerError
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from tests.variants import CLAIMED, Variant, changed_names, cropped, drawn, mirrored, moves, noisy, thickened, turned

LOWER_SPINE = PhantomParameters(
    spacing_mm=(1.5, 1.0, 1.0), field_of_view_mm=(165.0, 160.0, 200.0), center_mm=(0.0, 45.0, -72.0), noise_hu=10.0
)
"""L2 to S2 with both alae, in few voxels."""

TURN_DEG = 12.0


def variants(volume: Volume, z_mm: float) -> dict[str, Callable[[], Variant]]:
    return {
        "turned": lambda: turned(volume, TURN_DEG),
        "mirrored": lambda: mirrored(volume),
        "70 mm": lambda: cropped(volume, float(volume.geometry.indices((0.0, 0.0, z_mm))[0])),
        "3 mm": lambda: thickened(volume, 3.0),
        "5 mm": lambda: thickened(volume, 5.0),
        "30 HU": lambda: noisy(volume, 30.0),
        "60 HU": lambda: noisy(volume, 60.0),
    }


NAMES = ("turned", "mirrored", "70 mm", "3 mm", "5 mm", "30 HU", "60 HU")


@pytest.fixture(scope="module")
def scan() -> Volume:
    return make_phantom(LOWER_SPINE).volume.in_patient_axes()


@pytest.fixture(scope="module")
def undisturbed(scan) -> Anatomy:
    return segment(scan)


def check(before: Anatomy, variant: Variant, kinds: set[str]) -> None:
    assert sum(v.name_confidence >= CLAIMED for v in before.vertebrae) >= 3
    after = segment(variant.volume)
    found = list(moves(before, variant, after))
    assert {"disc", "foramen", "ganglion"} <= {landmark.kind for landmark, _, _ in found}
    beyond = [
        f"{landmark.kind} {landmark.side} moved {away:.1f} of {allowed:.1f} mm"
        for landmark, away, allowed in found
        if away > allowed and landmark.kind in kinds
    ]
    assert not beyond
    assert not changed_names(before, variant, after)


@pytest.mark.slow
@pytest.mark.parametrize("change", NAMES)
def test_nothing_moves_further_than_it_says_and_no_sure_name_changes(scan, undisturbed, change):
    variant = variants(scan, float(undisturbed.discs[1].center_mm[2]))[change]()
    check(undisturbed, variant, {"disc", "body", "ganglion"})


@pytest.mark.slow
@pytest.mark.parametrize("change", ["mirrored", "3 mm", "5 mm", "turned", "30 HU", "60 HU"])
def test_no_foramen_moves_further_than_it_says(scan, undisturbed, change):
    variant = variants(scan, float(undisturbed.discs[1].center_mm[2]))[change]()
    check(undisturbed, variant, {"foramen"})


FEW_BEYOND = 0.1
"""Of the landmarks of one drawn change: what is stated holds 95 % of them, and a few changes come together."""


def segmented_or_refused(volume: Volume) -> Anatomy | str:
    """The anatomy, or the sentence of its refusal."""
    try:
        return segment(volume)
    except PlannerError as refusal:
        return str(refusal)


def check_drawn(before: Anatomy, volume: Volume, seed: int) -> None:
    """Refused in a sentence that says what to send, or segmented with the same sure names and landmarks near their places."""
    variant = drawn(volume, seed)
    after = segmented_or_refused(variant.volume)
    if isinstance(after, str):
        assert "send a CT" in after, variant.name
        return
    assert not changed_names(before, variant, after), variant.name
    found = list(moves(before, variant, after))
    beyond = [one for one in found if one[1] > one[2]]
    assert len(beyond) <= max(1, FEW_BEYOND * len(found)), (variant.name, beyond)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_scan_is_refused_in_a_sentence_or_keeps_its_sure_names_and_places(scan, undisturbed, seed):
    check_drawn(undisturbed, scan, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3, 60))
def test_a_long_row_of_scans_is_refused_or_keeps_its_sure_names_and_places(scan, undisturbed, seed):
    check_drawn(undisturbed, scan, seed)
