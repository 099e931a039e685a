"""An earlier scan that was laid over a case's: kept beside it, opened where today's vertebrae lie, refused with its sentence."""

from pathlib import Path

import numpy as np
import pytest

from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import LevelFit, Registration
from planner.motion import RigidMotion
from planner.structures import SpineLevel
from planner.volume import Modality
from sample_data.motion import moved
from sample_data.mr import mr_volume
from sample_data.parameters import SMALL
from sample_data.phantom import make_phantom
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from service.viewing.keeping import REGISTERED, forget
from service.viewing.laying_over import keep_refused, keep_registered
from service.viewing.registered import open_registered
from viz.viewer.earlier import UNSEEN

PHANTOM = make_phantom(SMALL)
BODIES = {
    v.name: v.body_center_mm
    for v in PHANTOM.anatomy().vertebrae
    if isinstance(v.name, SpineLevel) and PHANTOM.volume.geometry.contains(v.body_center_mm)
}
TODAY = tuple(Landmark(level, at, at + np.array([0.0, 25.0, 0.0])) for level, at in BODIES.items())
FRAME = PHANTOM.volume.geometry.frame_of_reference_uid
MOTION = RigidMotion.about([0.0, 50.0, 0.0], [3.0, -2.0, 4.0], [6.0, -5.0, 8.0])
"""From today's scan to the earlier one, the same for every vertebra."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def earlier() -> OpenSeries:
    volume = moved(mr_volume(PHANTOM), PHANTOM, dict.fromkeys(BODIES, MOTION))
    return OpenSeries(volume, SeriesFacts(volume.geometry, None, ()))


@pytest.fixture(scope="module")
def found() -> Registration:
    fits = tuple(LevelFit(level, MOTION, 0.8 if n else 4.2) for n, level in enumerate(BODIES))
    return Registration(fits, MOTION, 2.0)


def test_what_is_kept_lies_where_todays_vertebrae_lie(earlier: OpenSeries, found: Registration, tmp_path: Path):
    keep_registered(tmp_path, earlier, found, TODAY, PHANTOM.volume.geometry)
    image = open_registered(tmp_path, FRAME)
    assert image is not None
    assert image.volume is not None
    assert image.volume.modality is Modality.MR
    used = np.stack([mark.body_mm for mark in TODAY[1:]])
    there = earlier.volume.linear(MOTION.inverse.of(used), outside=0.0)
    assert image.volume.linear(used, outside=UNSEEN) == pytest.approx(there, abs=12.0)
    assert image.volume.geometry.shape < PHANTOM.volume.geometry.shape


def test_a_vertebra_that_does_not_fit_is_told_with_its_residual(
    earlier: OpenSeries, found: Registration, tmp_path: Path
):
    keep_registered(tmp_path, earlier, found, TODAY, PHANTOM.volume.geometry)
    image = open_registered(tmp_path, FRAME)
    assert image is not None
    first = next(iter(BODIES))
    assert image.residuals[0] == (str(first), 4.2, False)
    assert all(is_usable for _, _, is_usable in image.residuals[1:])


def test_a_refusal_is_kept_with_its_sentence_and_shows_no_picture(
    earlier: OpenSeries, found: Registration, tmp_path: Path
):
    keep_registered(tmp_path, earlier, found, TODAY, PHANTOM.volume.geometry)
    keep_refused(tmp_path, earlier, PHANTOM.volume.geometry, "no vertebra fits within 3 mm")
    image = open_registered(tmp_path, FRAME)
    assert image is not None
    assert image.volume is None
    assert image.refused == "no vertebra fits within 3 mm"
    assert not list((tmp_path / REGISTERED).glob("*.npy"))


def test_a_case_that_is_forgotten_takes_the_earlier_scan_along(
    earlier: OpenSeries, found: Registration, tmp_path: Path
):
    keep_registered(tmp_path, earlier, found, TODAY, PHANTOM.volume.geometry)
    forget(tmp_path)
    assert open_registered(tmp_path, FRAME) is None


def test_what_was_laid_over_another_scan_is_not_shown(earlier: OpenSeries, found: Registration, tmp_path: Path):
    keep_registered(tmp_path, earlier, found, TODAY, PHANTOM.volume.geometry)
    assert open_registered(tmp_path, "2.25.7") is None
