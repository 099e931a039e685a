"""Pedicles beside each other are alike in width: S1's, which goes over into the ala, is drawn out to where L5's would end."""

import pytest

from planner.anatomy.column import Pedicle, with_likely_widths
from planner.structures import Side


def pair(width_mm: float, inner_mm: float) -> dict[Side, Pedicle]:
    """Both pedicles of a vertebra, each with its inner border at this distance from the midline."""
    return {
        side: Pedicle(side, 0.0, side.sign * (inner_mm + width_mm / 2.0), 5.0, -7.0, 7.0, width_mm, 0.9)
        for side in Side
    }


def test_a_pedicle_cut_by_a_sacral_foramen_is_as_wide_as_the_one_above_and_keeps_its_inner_border():
    sacral, _ = with_likely_widths((pair(5.0, 12.0), pair(13.0, 12.5)))
    for side in Side:
        assert sacral[side].width_mm == 13.0
        assert sacral[side].u_mm == pytest.approx(side.sign * (12.0 + 6.5))


def test_pedicles_that_narrow_as_anatomy_does_stay_as_they_were_seen():
    """Mean widths from L5 up to T12 (Zindrick 1987, Spine 12:160)."""
    seen = tuple(pair(width, 11.0) for width in (18.0, 12.9, 10.3, 8.9, 8.7, 7.1))
    for before, after in zip(seen, with_likely_widths(seen), strict=True):
        assert {side: one.width_mm for side, one in after.items()} == {
            side: one.width_mm for side, one in before.items()
        }


def test_a_vertebra_without_pedicles_in_the_image_says_nothing_of_its_neighbours():
    seen: tuple[dict[Side, Pedicle], ...] = (pair(6.0, 10.0), {}, pair(16.0, 11.0))
    after = with_likely_widths(seen)
    assert after[1] == {}
    assert after[0][Side.LEFT].width_mm == 6.0
