"""What is no trunk on CT is refused in a sentence, and soon: closed-form bodies, and one real MR sent as CT.

Seconds are the process's own, which another program's load does not lengthen.
"""

import time
from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.segment import segment
from planner.errors import PlannerError
from planner.geometry import FloatArray, VolumeGeometry
from planner.volume import Volume

LIMIT_S = 10.0
AIR_HU, FAT_HU, WATER_HU, MUSCLE_HU, BRAIN_HU, MARROW_HU, CORTEX_HU, LUNG_HU = -1000, -100, 0, 55, 35, -40, 1200, -850


def image(draw: Callable[[FloatArray, FloatArray, FloatArray], FloatArray], shape=(100, 256, 256), mm=(2.5, 1.2, 1.2)):
    """A volume drawn from z, y, x [mm] around the middle, with 12 HU of noise."""
    geometry = VolumeGeometry.from_spacing(shape, mm)
    z, y, x = (
        ((np.arange(n) - (n - 1) / 2) * s).reshape([-1 if a == b else 1 for b in range(3)])
        for a, (n, s) in enumerate(zip(shape, mm, strict=True))
    )
    hu = np.broadcast_to(draw(z, y, x), shape) + np.random.default_rng(3).normal(0.0, 12.0, shape)
    return Volume(geometry, np.clip(np.rint(hu), -1024, 3071).astype(np.int16))


def ellipsoid(z, y, x, semi_axes_mm):
    """Below 1 inside."""
    return np.sqrt((z / semi_axes_mm[0]) ** 2 + (y / semi_axes_mm[1]) ** 2 + (x / semi_axes_mm[2]) ** 2)


def head(z, y, x):
    """Scalp, a skull 7 mm thick, brain, a foramen magnum and the first two centimetres of cervical canal."""
    outer, inner = ellipsoid(z, y, x, (97.0, 97.0, 77.0)), ellipsoid(z, y, x, (90.0, 90.0, 70.0))
    hu = np.where(ellipsoid(z, y, x, (103.0, 103.0, 83.0)) < 1, MUSCLE_HU, AIR_HU)
    hu = np.where(outer < 1, CORTEX_HU, hu)
    return np.where((inner < 1) | ((np.hypot(y - 30.0, x) < 15.0) & (z < -60.0) & (outer < 1)), BRAIN_HU, hu)


def leg(z, y, x):
    """A thigh with a femur: a tube of cortex around fatty marrow."""
    away = np.hypot(y + 10.0, x) + 0 * z
    hu = np.where(np.hypot(y, x) + 0 * z < 85.0, FAT_HU, AIR_HU)
    hu = np.where(np.hypot(y, x) + 0 * z < 72.0, MUSCLE_HU, hu)
    return np.where(away < 8.0, MARROW_HU, np.where(away < 15.0, CORTEX_HU, hu))


def two_legs(z, y, x):
    """Both thighs side by side: two tubes of bone, alike on both sides."""
    return np.maximum(leg(z, y, x - 90.0), leg(z, y, x + 90.0))


def water(z, y, x):
    """A cylinder of water."""
    return np.where(np.hypot(y, x) + 0 * z < 120.0, WATER_HU, AIR_HU)


def table(z, y, x):
    """A curved shell 3 mm thick, hollow."""
    away = np.hypot(y + 300.0, x) + 0 * z
    return np.where(np.abs(away - 380.0) < 1.5, -300.0, AIR_HU)


def air(z, y, x):
    """Nothing."""
    return np.full(np.broadcast(z, y, x).shape, AIR_HU)


def radiograph(z, y, x):
    """A chest from the front: lungs, heart, spine and ribs as one projection, twice."""
    lungs = np.minimum(np.hypot((y - 10) / 110.0, (x - 65) / 50.0), np.hypot((y - 10) / 110.0, (x + 65) / 50.0))
    hu = np.where(lungs < 1, LUNG_HU, MUSCLE_HU) + 0 * z
    hu = np.where((np.abs(x) < 20.0), 400.0, hu)
    return np.where((np.abs((y + 0.3 * np.abs(x)) % 24.0 - 12.0) < 4.0) & (lungs < 1), 150.0, hu)


def refusal(volume: Volume) -> str:
    """The sentence, which must come in time."""
    start_s = time.process_time()
    with pytest.raises(PlannerError) as caught:
        segment(volume)
    assert time.process_time() - start_s < LIMIT_S
    return str(caught.value)


def test_a_head_is_refused():
    assert "send a CT" in refusal(image(head))


def test_a_leg_is_refused():
    assert "send a CT" in refusal(image(leg))


@pytest.mark.slow
def test_two_legs_are_refused():
    assert "send a CT" in refusal(image(two_legs, (100, 200, 320)))


@pytest.mark.slow
def test_a_cylinder_of_water_is_refused():
    assert "send a CT" in refusal(image(water))


def test_an_empty_table_is_refused():
    assert "send a CT of the trunk" in refusal(image(table))


def test_nothing_but_air_is_refused():
    assert "send a CT of the trunk" in refusal(image(air))


@pytest.mark.parametrize("slices", [1, 2])
def test_a_radiograph_in_the_clothing_of_a_ct_is_refused(slices):
    said = refusal(image(radiograph, (slices, 512, 512), (5.0, 0.7, 0.7)))
    assert "slices" in said


@pytest.mark.realdata
def test_an_mr_sent_as_ct_is_refused(real_data):
    stored = sitk.ReadImage(str(real_data / "abdomen_mr" / "mr.nii.gz"))
    voxels = np.clip(sitk.GetArrayFromImage(stored), -2048, 32767).astype(np.int16)
    matrix = np.eye(4)
    matrix[:3, :3] = (np.array(stored.GetDirection()).reshape(3, 3) * np.array(stored.GetSpacing()))[:, ::-1]
    matrix[:3, 3] = stored.GetOrigin()
    said = refusal(Volume(VolumeGeometry(matrix, voxels.shape), voxels))
    assert "Hounsfield" in said
