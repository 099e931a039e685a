"""An earlier scan over a slice: by its share, only where it shows anything."""

from collections.abc import Iterator

import numpy as np
import pytest

from planner.geometry import VolumeGeometry
from planner.structures import PatientPosition
from planner.volume import LabelMap, Modality, Volume
from viz.palette import Window
from viz.planes import axial
from viz.viewer.earlier import UNSEEN, EarlierImage, next_step
from viz.viewer.panes import Marks, SlicePane, View
from viz.viewer.scan import ScanImage, Slab
from viz.viewer.screen import Screen

pytestmark = pytest.mark.graphics

GRID = VolumeGeometry.from_spacing((20, 60, 80), (2.0, 2.0, 2.0), (-79.0, -59.0, -19.0))
LEFT_HALF = VolumeGeometry.from_spacing((20, 60, 40), (2.0, 2.0, 2.0), (1.0, -59.0, -19.0))
WIDE = Window(500.0, 1000.0)
SIZE = (160, 120)


@pytest.fixture(scope="module")
def pane() -> Iterator[SlicePane]:
    """Today is 200 everywhere, the earlier scan 800 in the patient's left half."""
    today = Volume(GRID, np.full(GRID.shape, 200, np.int16))
    then = Volume(LEFT_HALF, np.full(LEFT_HALF.shape, 800, np.int16), Modality.MR)
    earlier = EarlierImage("MR 2024-03-01", then, WIDE, (("L4", 0.8, True),))
    screen = Screen(*SIZE)
    yield SlicePane(ScanImage(today, LabelMap(GRID, np.zeros(GRID.shape, np.uint16)), earlier), screen)
    screen.close()


@pytest.mark.parametrize(("share", "grey"), [(0.0, 51), (0.5, 127.5), (1.0, 204)])
def test_each_share_shows_so_much_of_the_earlier_scan_where_it_lies(pane: SlicePane, share: float, grey: float):
    plane = axial(np.zeros(3), PatientPosition.HFS.pose, 1.0)
    pane.show(View(plane, 1.0, WIDE, Slab(), share), Marks(None, np.full(3, 500.0), shows_outlines=False))
    picture = pane.picture()
    left, right = picture[30:50, 100:130].astype(float), picture[30:50, 30:60].astype(float)
    assert np.abs(left - grey).max() <= 1.5
    assert np.abs(right - 51).max() <= 1.5


def test_nothing_of_it_is_shown_where_it_shows_nothing():
    voxels = np.full(GRID.shape, UNSEEN, np.int16)
    today = Volume(GRID, np.full(GRID.shape, 200, np.int16))
    labels = LabelMap(GRID, np.zeros(GRID.shape, np.uint16))
    screen = Screen(*SIZE)
    pane = SlicePane(ScanImage(today, labels, EarlierImage("CT", Volume(GRID, voxels))), screen)
    plane = axial(np.zeros(3), PatientPosition.HFS.pose, 1.0)
    pane.show(View(plane, 1.0, WIDE, Slab(), 1.0), Marks(None, np.full(3, 500.0), shows_outlines=False))
    assert np.abs(pane.picture()[30:50, 30:60].astype(float) - 51).max() <= 1.5
    screen.close()


def test_the_key_goes_round():
    assert [next_step(share) for share in (0.0, 0.3, 0.5, 1.0)] == [0.5, 0.5, 1.0, 0.0]
