"""An earlier MR on today's CT: each vertebra's own motion is found, a wrong level and another spine are refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from planner.anatomy.registration.carry import carried_path, carried_roots
from planner.anatomy.registration.drawn import landmarks_of_drawings
from planner.anatomy.registration.fused import earlier_at
from planner.anatomy.registration.landmarks import Landmark, landmarks_of, paired
from planner.anatomy.registration.register import LARGEST_RESIDUAL_MM, LevelFit, Marked, Registration, register
from planner.brought import Source, brought_of
from planner.errors import RegistrationError
from planner.motion import RigidMotion
from planner.structures import SpineLevel, Structure
from planner.volume import Volume
from sample_data.motion import moved
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from sample_data.tissue import T2

LEVELS = (SpineLevel.L2, SpineLevel.L3, SpineLevel.L4)
LANDMARK_ERROR_MM = 1.0
"""Standard deviation along each axis of what the landmarks of the MR err."""

PHANTOM = make_phantom(
    PhantomParameters(spacing_mm=(2.0, 1.5, 1.5), field_of_view_mm=(150.0, 130.0, 130.0), center_mm=(0.0, 45.0, 0.0))
)
TODAY = PHANTOM.anatomy()
NOW = Marked(PHANTOM.volume, landmarks_of(TODAY))
BODIES = {v.name: v.body_center_mm for v in TODAY.vertebrae}


def motions(seed: int) -> dict[SpineLevel, RigidMotion]:
    """From the earlier day to today: the patient lies differently, and each vertebra has moved by up to 3 degrees and 2 mm."""
    rng = np.random.default_rng(seed)
    whole = RigidMotion.about([0.0, 50.0, 0.0], rng.uniform(-5, 5, 3), rng.uniform(-8, 8, 3))
    return {
        name: whole.then(RigidMotion.about(center, rng.uniform(-3, 3, 3), rng.uniform(-2, 2, 3)))
        for name, center in BODIES.items()
        if isinstance(name, SpineLevel)
    }


def landmarks(truth: dict[SpineLevel, RigidMotion], levels: tuple[SpineLevel, ...] = LEVELS) -> tuple[Landmark, ...]:
    rng = np.random.default_rng(11)
    return tuple(
        Landmark(
            mark.level,
            *(
                truth[mark.level].inverse.of(point) + rng.normal(0.0, LANDMARK_ERROR_MM, 3)
                for point in (mark.body_mm, mark.canal_mm)
            ),
        )
        for mark in landmarks_of(TODAY)
        if mark.level in levels
    )


@pytest.fixture(scope="module")
def truth() -> dict[SpineLevel, RigidMotion]:
    return motions(3)


@pytest.fixture(scope="module")
def earlier(truth: dict[SpineLevel, RigidMotion]) -> Volume:
    return moved(mr_volume(PHANTOM, MrParameters(T2, coil_reach_mm=150.0, bias=0.15)), PHANTOM, truth)


@pytest.fixture(scope="module")
def found(earlier: Volume, truth: dict[SpineLevel, RigidMotion]) -> Registration:
    with ThreadPoolExecutor(2) as pool:
        return register(Marked(earlier, landmarks(truth)), NOW, TODAY.labels, pool.map)


def of_body(level: SpineLevel) -> np.ndarray:
    """(7, 3) the middle of a body and places at its borders."""
    return BODIES[level] + np.concatenate([np.zeros((1, 3)), np.diag([20.0, 14.0, 12.0]), -np.diag([20.0, 14.0, 12.0])])


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_each_vertebra_is_found_within_a_millimetre(
    found: Registration, truth: dict[SpineLevel, RigidMotion], level: SpineLevel
):
    today = of_body(level)
    back = found.fit_at(level).today_from_earlier.of(truth[level].inverse.of(today))
    error_mm = np.linalg.norm(back - today, axis=1)
    assert error_mm.max() < 1.0
    assert error_mm.mean() < found.fit_at(level).residual_mm + 0.5


@pytest.mark.slow
def test_a_vertebra_is_found_better_alone_than_with_the_whole_spine(
    found: Registration, truth: dict[SpineLevel, RigidMotion]
):
    def error_mm(motion: RigidMotion, level: SpineLevel) -> float:
        today = of_body(level)
        return float(np.linalg.norm(motion.of(truth[level].inverse.of(today)) - today, axis=1).mean())

    assert all(error_mm(fit.today_from_earlier, fit.level) < error_mm(found.whole, fit.level) for fit in found.levels)


@pytest.mark.slow
def test_names_one_level_off_are_refused(earlier: Volume, truth: dict[SpineLevel, RigidMotion]):
    marks = landmarks(truth, (*LEVELS, SpineLevel.L5))
    wrong = tuple(replace(below, level=mark.level) for mark, below in pairwise(marks))
    with pytest.raises(RegistrationError, match="one level off"):
        register(Marked(earlier, wrong), NOW, TODAY.labels)


def test_another_persons_distances_are_refused(truth: dict[SpineLevel, RigidMotion]):
    larger = tuple(replace(m, body_mm=m.body_mm * 1.2, canal_mm=m.canal_mm * 1.2) for m in landmarks(truth))
    with pytest.raises(RegistrationError, match="not one spine"):
        paired(larger, landmarks_of(TODAY))


def test_two_shared_levels_are_too_few(truth: dict[SpineLevel, RigidMotion]):
    with pytest.raises(RegistrationError, match="L2, L3, at least 3"):
        paired(landmarks(truth)[:2], landmarks_of(TODAY))


@pytest.mark.slow
def test_the_earlier_scan_shows_the_canal_where_todays_scan_has_it(found: Registration, earlier: Volume):
    sac = np.argwhere(PHANTOM.truth.mask(Structure.THECAL_SAC))[::50]
    outside = np.argwhere(PHANTOM.truth.mask(Structure.VERTEBRA))[::50]
    of_sac, of_bone = (
        earlier_at(found, NOW.landmarks, earlier, PHANTOM.geometry.points_mm(places)) for places in (sac, outside)
    )
    assert np.median(of_sac) > 2 * np.percentile(of_bone, 90)


def test_a_drawing_gives_the_same_landmarks_for_both_scans():
    source = Source("drawn", "", "0")
    drawn, again = landmarks_of_drawings(brought_of(TODAY.labels, source), brought_of(TODAY.labels, source))
    assert {mark.level for mark in drawn} >= set(LEVELS)
    for mark, other in zip(drawn, again, strict=True):
        np.testing.assert_allclose(mark.points_mm, other.points_mm)
    of_l3 = next(mark for mark in drawn if mark.level is SpineLevel.L3)
    np.testing.assert_allclose(of_l3.body_mm, BODIES[SpineLevel.L3], atol=3.0)


def registration(residual_mm: float) -> Registration:
    """L3 moved 5 mm to the left, L4 6 mm."""
    shifts = {SpineLevel.L3: 5.0, SpineLevel.L4: 6.0}
    fits = tuple(LevelFit(level, RigidMotion(np.eye(3), [mm, 0.0, 0.0]), residual_mm) for level, mm in shifts.items())
    return Registration(fits, RigidMotion.still(), 2.0)


def test_a_root_is_carried_with_the_residual_and_the_bend_in_its_uncertainty():
    root = next(root for root in TODAY.nerve_roots if root.root == "L3")
    (carried,), left = carried_roots(registration(0.8), [root])
    assert left == ()
    np.testing.assert_allclose(carried.ganglion_mm - root.ganglion_mm, [5.0, 0.0, 0.0], atol=1e-9)
    assert carried.uncertainty_mm == pytest.approx(root.uncertainty_mm + 0.8 + 0.5)


def test_nothing_is_carried_at_a_level_that_does_not_fit():
    root = next(root for root in TODAY.nerve_roots if root.root == "L3")
    carried, (why,) = carried_roots(registration(LARGEST_RESIDUAL_MM + 0.1), [root])
    assert carried == ()
    assert "3.1 mm, allowed are 3 mm" in why


def test_an_earlier_path_is_a_proposal_at_its_place_today():
    path = carried_path(registration(0.5), SpineLevel.L4, np.array([60.0, 110.0, -20.0]), np.array([20.0, 40.0, -20.0]))
    np.testing.assert_allclose(path.tip_mm, [26.0, 40.0, -20.0])
    assert path.uncertainty_mm == pytest.approx(0.5)
    with pytest.raises(RegistrationError, match="L1 is not in both scans"):
        carried_path(registration(0.5), SpineLevel.L1, np.zeros(3), np.ones(3))
