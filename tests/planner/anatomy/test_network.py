"""Windows are cut and put together again; the shipped network finds a spine on scans it has never seen."""

import hashlib
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from planner.anatomy.network.opinion import corners_along, long_canal, look
from planner.anatomy.network.session import WINDOW, OnnxNetwork, Share
from planner.anatomy.network.spine_on_mr import MrSpine, spine_on_mr
from planner.anatomy.network.windows import WindowedImage, answers, corners_anywhere
from planner.errors import AnatomyError
from planner.geometry import Float32Array, VolumeGeometry
from planner.structures import Structure
from planner.volume import Modality, Volume
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom

SHIPPED = files("planner.anatomy.network")


def image(shape: tuple[int, int, int], seed: int = 3) -> WindowedImage:
    """Noise on 1.5 mm cubes."""
    grid = VolumeGeometry.from_spacing(shape, (1.5, 1.5, 1.5))
    voxels = np.random.default_rng(seed).normal(100.0, 20.0, shape).astype(np.float32)
    return WindowedImage(grid, voxels, np.ones(shape, dtype=bool))


def sure_of_bright(window: Float32Array) -> Float32Array:
    """A network that calls body what is brighter than the window's mean."""
    shares = np.zeros((len(Share), *window.shape), dtype=np.float32)
    shares[Share.BODY] = window > 0.0
    shares[Share.BACKGROUND] = window <= 0.0
    return shares


def test_what_all_windows_agree_on_is_what_comes_out():
    scan = image((80, 70, 90))
    uniform = WindowedImage(scan.geometry, (scan.voxels > 100.0).astype(np.float32), scan.known)
    blended = answers(uniform, corners_anywhere(uniform.voxels.shape, 20), sure_of_bright)
    assert np.allclose(blended[Share.BODY], uniform.voxels, atol=1e-5)


@pytest.mark.parametrize("shape", [(64, 64, 64), (30, 100, 64), (200, 65, 129)])
def test_windows_anywhere_cover_the_image(shape: tuple[int, int, int]):
    scan = image(shape)
    blended = answers(scan, corners_anywhere(shape, 48), sure_of_bright)
    assert np.allclose(blended.sum(axis=0), 1.0, atol=1e-5)


def test_a_window_has_mean_0_and_deviation_1_over_what_is_image_and_0_beyond():
    scan = image((40, 64, 64))
    window = scan.window((-10, 0, 0))
    assert window is not None
    assert window[10:50].mean() == pytest.approx(0.0, abs=1e-4)
    assert window[10:50].std() == pytest.approx(1.0, abs=1e-4)
    assert not window[:10].any()
    assert not window[50:].any()


def test_a_window_beside_the_image_is_not_asked_about():
    assert image((64, 64, 64)).window((63, 0, 0)) is None


def test_brightness_and_contrast_of_an_mr_change_nothing():
    scan = image((64, 64, 64))
    other = WindowedImage(scan.geometry, scan.voxels * 3.0 + 500.0, scan.known)
    assert np.allclose(scan.window((0, 0, 0)), other.window((0, 0, 0)), atol=1e-3)


def test_windows_follow_the_canal():
    centres = np.stack([np.arange(200.0), np.full(200, 60.0), np.linspace(40.0, 80.0, 200)], axis=1)
    middles = np.array(corners_along(centres)) + (WINDOW - 1) / 2.0
    apart = np.linalg.norm(middles[:, None, [0, 2]] - centres[None, :, [0, 2]], axis=2).min(axis=1)
    assert apart.max() < 1.0
    assert set(np.abs(middles[:, 1] - 60.0).round()) <= {8.0, 9.0, 10.0}


def test_a_short_piece_is_no_canal():
    likely = np.zeros((60, 20, 20), dtype=bool)
    likely[10:20, 5:15, 5:15] = True
    with pytest.raises(AnatomyError, match="15 mm"):
        long_canal(likely, VolumeGeometry.from_spacing((60, 20, 20), (1.5, 1.5, 1.5)))


def test_a_long_canal_wins_over_a_larger_lump():
    likely = np.zeros((60, 40, 40), dtype=bool)
    likely[0:12, 0:30, 0:30] = True
    likely[15:55, 30:38, 30:38] = True
    canal = long_canal(likely, VolumeGeometry.from_spacing((60, 40, 40), (1.5, 1.5, 1.5)))
    assert canal[30, 34, 34]
    assert not canal[5, 5, 5]


def test_an_oblique_mr_is_laid_upright_without_moving_a_point():
    angle = np.radians(20.0)
    axes = np.array([[0, -np.sin(angle), np.cos(angle)], [0, np.cos(angle), np.sin(angle)], [1, 0, 0]], dtype=float)
    matrix = np.eye(4)
    matrix[:3, :3] = axes * 2.0
    geometry = VolumeGeometry(matrix, (50, 50, 50))
    place = geometry.points_mm([25, 30, 20])
    far = np.linalg.norm(geometry.points_mm(np.moveaxis(np.indices((50, 50, 50)), 0, -1)) - place, axis=-1)
    upright = WindowedImage.of(Volume(geometry, (1000 * (far < 8.0)).astype(np.int16), Modality.MR))
    found = upright.geometry.points_mm(np.argwhere(upright.voxels > 500)).mean(axis=0)
    assert not upright.known[0, 0, 0]
    assert upright.geometry.is_in_patient_axes
    assert np.linalg.norm(found - place) < 0.5


def test_who_uses_no_network_loads_no_runtime():
    code = (
        "import planner.anatomy.segment, planner.anatomy.network.opinion, sys; sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_card_names_the_shipped_file_and_it_is_small():
    model = SHIPPED.joinpath("spine.onnx").read_bytes()
    assert len(model) <= 4 * 1024 * 1024
    assert hashlib.sha256(model).hexdigest() in SHIPPED.joinpath("MODEL_CARD.md").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def network() -> OnnxNetwork:
    return OnnxNetwork.of(SHIPPED.joinpath("spine.onnx").read_bytes())


@pytest.fixture(scope="module")
def patient() -> Phantom:
    """L1 to S1 in a narrow box, as a lumbar MR shows them."""
    return make_phantom(
        PhantomParameters(
            spacing_mm=(1.5, 1.5, 1.5), field_of_view_mm=(190.0, 120.0, 90.0), center_mm=(0.0, 45.0, -40.0), seed=9
        )
    )


@pytest.fixture(scope="module")
def t2_spine(patient: Phantom, network: OnnxNetwork) -> MrSpine:
    return spine_on_mr(mr_volume(patient, MrParameters(bias=0.2)), network)


@pytest.mark.slow
def test_on_a_t2_of_the_phantom_the_canal_runs_where_it_is(patient: Phantom, t2_spine: MrSpine):
    off = patient.signed_distance_mm(Structure.CANAL, t2_spine.canal.frame.centres_mm)
    assert (off < 0.0).mean() > 0.95


@pytest.mark.slow
def test_the_same_scan_gives_the_same_answer(patient: Phantom, network: OnnxNetwork):
    first, second = (look(mr_volume(patient).in_patient_axes(), network) for _ in range(2))
    assert np.array_equal(first.shares, second.shares)
