"""A body's usual cross-section: round in front, two corners behind, as broad as it was said to be."""

import numpy as np
import pytest

from planner.anatomy.rings import usual_section

FRONT, LEFT, BACK_LEFT, BACK, RIGHT = np.radians([0.0, 90.0, 135.0, 180.0, 270.0])


@pytest.mark.parametrize("aspect", [1.0, 1.25, 1.5])
def test_breadth_by_depth_is_what_was_asked_for(aspect):
    front, left, back, right = usual_section(np.array([FRONT, LEFT, BACK, RIGHT]), 40.0 * aspect, 40.0)
    assert (left + right) / (front + back) == pytest.approx(aspect)
    assert left == pytest.approx(right)


def test_the_back_is_flat_between_two_corners():
    """Of a circle's breadth and depth: |u|^4 + |v|^4 = 1 lies 2^(1/4) from the middle at its corners."""
    back, corner = usual_section(np.array([BACK, BACK_LEFT]), 40.0, 40.0)
    assert back == pytest.approx(1.0)
    assert corner == pytest.approx(2.0**0.25)


def test_a_shape_that_no_body_has_is_drawn_as_the_nearest_that_one_has():
    flat = usual_section(np.array([FRONT, LEFT]), 90.0, 20.0)
    assert flat[1] / flat[0] == pytest.approx(1.6)
