"""The phantom on MR: bright and dark as tissues are on each sequence, shaded as coils shade, the same by seed."""

import numpy as np
import pytest

from planner.structures import Structure
from planner.volume import Modality
from sample_data.mr import MrParameters, mr_volume, sensitivity
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from sample_data.tissue import STIR, T1, T2, Sequence, Tissue

LUMBAR = make_phantom(
    PhantomParameters(spacing_mm=(3.0, 1.5, 1.5), field_of_view_mm=(60.0, 200.0, 160.0), center_mm=(0.0, 40.0, 0.0))
)


def brightness(sequence: Sequence, structure: Structure) -> float:
    scan = mr_volume(LUMBAR, MrParameters(sequence, noise=0.0))
    return float(np.median(scan.voxels[LUMBAR.truth.mask(structure)]))


def test_cerebrospinal_fluid_is_bright_on_t2_and_dark_on_t1():
    assert brightness(T2, Structure.THECAL_SAC) > 3 * brightness(T2, Structure.VERTEBRA)
    assert brightness(T1, Structure.THECAL_SAC) < 0.5 * brightness(T1, Structure.VERTEBRA)


def test_fat_vanishes_on_stir_and_leads_on_t1():
    assert STIR.signal(Tissue.FAT) == pytest.approx(0.0, abs=0.01)
    assert all(T1.signal(Tissue.FAT) > T1.signal(tissue) for tissue in Tissue if tissue is not Tissue.FAT)


def test_a_scan_is_mr_on_the_phantoms_own_grid_and_the_same_by_seed():
    one, two = (mr_volume(LUMBAR, MrParameters(bias=0.2)) for _ in range(2))
    assert one.modality is Modality.MR
    assert one.geometry.matches(LUMBAR.geometry)
    assert np.array_equal(one.voxels, two.voxels)
    assert not np.array_equal(one.voxels, mr_volume(LUMBAR, MrParameters(bias=0.2, seed=2)).voxels)


def test_a_surface_coil_loses_half_of_its_sensitivity_at_its_reach():
    field = sensitivity(LUMBAR.geometry, MrParameters(coil_reach_mm=100.0))
    points = LUMBAR.geometry.points_mm([[0, j, 0] for j in range(LUMBAR.geometry.shape[1])])
    away_mm = 130.0 - points[:, 1]
    before = away_mm > 20.0
    expected = (1.0 + 1.3) / (1.0 + away_mm[before] / 100.0)
    np.testing.assert_allclose(field[0, before, 0], expected, rtol=0.01)


def test_a_share_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match=r"bias 1\.5"):
        MrParameters(bias=1.5)
