"""An earlier scan beside today's: the same place in all three, each with the letters of its edges."""

import numpy as np

from planner.structures import Pose
from planner.volume import Modality
from viz.planes import axial
from viz.registered import draw_registered

PLANE = axial(np.zeros(3), Pose.SUPINE, 100.0)


def test_both_scans_are_shown_at_the_same_place_and_their_mean_between_them():
    today, earlier = np.full((250, 250), -200.0), np.zeros((250, 250))
    today[100:110, 100:110], earlier[150:160, 150:160] = 400.0, 900.0
    now, half, then = np.split(draw_registered(PLANE, today, earlier, Modality.MR, ()), 3, axis=1)
    assert now[105, 105].min() == 255
    assert then[155, 155].min() == 255
    assert abs(int(half[105, 105, 0]) - 127) <= 1
    assert half[155, 155, 0] == (int(now[155, 155, 0]) + 255) // 2


def test_letters_stand_at_the_edges_of_each():
    flat = np.full((250, 250), -1000.0)
    for one in np.split(draw_registered(PLANE, flat, flat, Modality.CT, ()), 3, axis=1):
        assert one[110:140, :40].max() > 200
        assert one[110:140, -40:].max() > 200
        assert one[60:110, :40].max() == 0
