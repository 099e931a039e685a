"""Panes against closed forms: sides, places, values; drawn off screen, no browser."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from planner.geometry import VolumeGeometry
from planner.injectate import Injectate
from planner.structures import PatientPosition, Pose, Structure
from planner.volume import LabelEntry, LabelMap, Volume
from viz.palette import SPINE, Window
from viz.planes import Plane, axial, coronal, needle_plane, sagittal
from viz.slices import windowed
from viz.viewer.marks import dashed_section
from viz.viewer.panes import Grip, Marks, SlicePane, View
from viz.viewer.scan import Projection, ScanImage, Slab
from viz.viewer.screen import Screen
from viz.viewer.stills import png

pytestmark = pytest.mark.graphics

SIZE = (300, 240)
COIN_MM = np.array([60.0, 20.0, 5.0])
"""A coin on the patient's left side, behind the middle."""

GRID = VolumeGeometry.from_spacing((40, 120, 160), (2.0, 1.5, 1.5), (-119.0, -89.0, -39.0))
WIDE = Window(500.0, 2000.0)


def oblique_grid() -> VolumeGeometry:
    """The same box turned about two axes, its slices stored from head to feet."""
    c, s = np.cos(0.2), np.sin(0.2)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.array([[0, 0, 1.5], [0, 1.5, 0], [-2.0, 0, 0]])
    matrix[:3, 3] = turn @ np.array([-119.0, -89.0, 39.0])
    return VolumeGeometry(matrix, (40, 120, 160))


def coin_scan(grid: VolumeGeometry) -> ScanImage:
    points = grid.points_mm(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1))
    coin = np.linalg.norm(points - COIN_MM, axis=-1) < 8
    voxels = np.where(coin, 1400, 0).astype(np.int16)
    return ScanImage(Volume(grid, voxels), LabelMap(grid, coin.astype(np.uint16), {1: LabelEntry(Structure.AORTA)}))


def marks(**chosen: object) -> Marks:
    return Marks(**({"needle": None, "cross_mm": np.array([500.0, 500.0, 500.0]), "shows_outlines": False} | chosen))


def view(plane: Plane, slab: Slab | None = None, window: Window = WIDE) -> View:
    return View(plane, 1.0, window, slab or Slab())


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    one = Screen(*SIZE)
    yield one
    one.close()


@pytest.fixture(scope="module")
def pane(screen: Screen) -> SlicePane:
    return SlicePane(coin_scan(GRID), screen)


def coin_place(picture: np.ndarray) -> tuple[float, float]:
    """Pixel (right, down) of the coin: brighter than the words' grey ground, and round."""
    bright = (picture.min(axis=2) > 225) & (np.add.outer(range(240), [0] * 300) > 30)
    middle = bright[30:-30, 30:-30]
    rows, columns = np.nonzero(middle)
    return float(columns.mean()) + 30, float(rows.mean()) + 30


@pytest.mark.parametrize("position", ["HFS", "HFP", "FFS", "FFP", "HFDL", "HFDR"])
def test_a_coin_on_the_left_is_where_the_letter_l_stands(pane: SlicePane, position: str):
    pose = PatientPosition(position).pose
    plane = axial(np.array([0.0, 0.0, 5.0]), pose, 1.0)
    pane.show(view(plane), marks())
    right, down = coin_place(pane.picture())
    left_edge, right_edge, top, bottom = plane.letters
    edges = {left_edge: right < 135, right_edge: right > 165, top: down < 105, bottom: down > 135}
    assert edges["L"]
    assert edges["P"]


@pytest.mark.parametrize("grid", [GRID, oblique_grid()], ids=["straight", "oblique"])
def test_a_pane_shows_what_the_volume_holds(grid: VolumeGeometry):
    scan = coin_scan(grid)
    volume = Volume(grid, scan._grey._kept)
    pane = SlicePane(scan, Screen(*SIZE))
    for plane in (
        axial(COIN_MM, PatientPosition.HFP.pose, 1.0),
        sagittal(COIN_MM, 1.0),
        coronal(COIN_MM, 1.0),
        needle_plane(COIN_MM, np.array([0.0, -20.0, -10.0]), 1.0),
    ):
        pane.show(view(plane), marks())
        shown = pane.view.plane
        middle = (slice(60, 180), slice(75, 225))
        expected = windowed(volume.linear(shown.grid_mm(1.0)), WIDE)[middle]
        indices = grid.indices(shown.grid_mm(1.0))
        inside = ((indices >= 0) & (indices <= np.array(grid.shape) - 1)).all(axis=-1)[middle]
        drawn = pane.picture()[middle][..., 0]
        off = np.abs(drawn.astype(int) - expected)[inside]
        assert np.percentile(off, 97) <= 2  # letters and level names cover the rest
    pane.screen.close()


def test_a_pixel_and_its_point_are_each_other(pane: SlicePane):
    pane.show(view(needle_plane(COIN_MM, np.zeros(3), 1.0)), marks())
    for pixel in ((0.0, 0.0), (120.5, 33.0), (299.0, 239.0)):
        assert pane.pixel(pane.point_mm(*pixel)) == pytest.approx(pixel)


def test_the_coin_lies_under_its_own_pixel(pane: SlicePane):
    plane = axial(np.array([0.0, 0.0, 5.0]), PatientPosition.HFP.pose, 1.0)
    pane.show(view(plane), marks())
    right, down = coin_place(pane.picture())
    assert pane.point_mm(right, SIZE[1] - 1 - down) == pytest.approx(COIN_MM, abs=1.0)


def test_the_pointer_takes_hold_of_entry_and_target(pane: SlicePane):
    plane = axial(np.zeros(3), PatientPosition.HFP.pose, 1.0)
    entry, target = np.array([50.0, 60.0, 0.0]), np.array([0.0, 10.0, 0.0])
    pane.show(view(plane), marks(needle=(entry, target)))
    assert pane.hit_test(*pane.pixel(entry)) is Grip.ENTRY
    assert pane.hit_test(*(pane.pixel(target) + 6)) is Grip.TARGET
    assert pane.hit_test(*(pane.pixel(target) + 40)) is Grip.PLANE


def test_a_maximum_slab_shows_what_a_thin_slice_misses(pane: SlicePane):
    plane = axial(COIN_MM + np.array([0.0, 0.0, 10.0]), PatientPosition.HFP.pose, 1.0)
    middle = (slice(30, -30), slice(30, -30))
    pane.show(view(plane), marks())
    assert pane.picture()[middle].max() < 225
    pane.show(view(plane, Slab(12.0, Projection.MAXIMUM)), marks())
    assert (pane.picture()[middle].min(axis=2) > 225).sum() > 50
    pane.show(view(plane, Slab(12.0, Projection.MINIMUM)), marks())
    assert pane.picture()[middle].max() < 225


def test_outlines_are_drawn_around_a_structure_and_can_be_hidden(pane: SlicePane):
    plane = axial(COIN_MM, PatientPosition.HFP.pose, 1.0)

    def coloured() -> int:
        picture = pane.picture()[40:-40, 40:-40].astype(int)
        return int((np.ptp(picture, axis=2) > 60).sum())

    pane.show(view(plane, window=SPINE), marks(shows_outlines=True))
    assert coloured() > 20
    pane.show(view(plane, window=SPINE), marks(shows_outlines=False))
    assert coloured() == 0


def test_a_resized_pane_keeps_its_middle(pane: SlicePane):
    plane = axial(COIN_MM, PatientPosition.HFP.pose, 1.0)
    try:
        pane.screen.resize(200, 160)
        pane.show(view(plane), marks())
        assert pane.picture().shape == (160, 200, 3)
        assert pane.point_mm(99.5, 79.5) == pytest.approx(COIN_MM)
    finally:
        pane.screen.resize(*SIZE)


def test_the_section_of_an_injectate_lies_on_its_ellipsoid():
    region = Injectate(np.array([3.0, 2.0, 1.0]), np.eye(3), np.array([6.0, 4.0, 9.0]), 2.0, ())
    for plane in (axial(np.array([0.0, 0.0, 5.0]), Pose.PRONE, 100.0), needle_plane(COIN_MM, np.zeros(3), 100.0)):
        dashes = dashed_section(region, plane).reshape(-1, 2)
        border = plane.center_mm + dashes[:, :1] * plane.right + dashes[:, 1:] * plane.up
        assert len(dashes) > 20
        assert np.linalg.norm((border - region.center_mm) / region.half_axes_mm, axis=1) == pytest.approx(1.0)
    assert len(dashed_section(region, axial(np.array([0.0, 0.0, 11.0]), Pose.PRONE, 100.0))) == 0


def test_a_still_picture_is_sent_without_loss():
    picture = np.random.default_rng(5).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(BytesIO(png(picture)))), picture)
