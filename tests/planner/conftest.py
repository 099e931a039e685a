"""A schematic patient with known truth, painted once; no image is made of it."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from dicom_io.series import read_series
from planner.anatomy.model import Anatomy
from planner.anatomy.region import Region
from planner.anatomy.segment import segment
from planner.geometry import VolumeGeometry
from planner.obstacles import ordered
from planner.procedures import PROCEDURES
from planner.structures import Side, Structure
from planner.targets import TargetRequest
from planner.volume import LabelMap
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom
from tests.planner.reference import Solid


def scan(**chosen: object) -> Phantom:
    return make_phantom(PhantomParameters(**chosen))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def lower_back() -> Phantom:
    """Both sides of L3 to L5 with the back's skin, 1.6 x 1 x 1 mm, prone."""
    return scan(spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0))


@pytest.fixture(scope="session")
def anatomy(lower_back: Phantom) -> Anatomy:
    """Its true anatomy."""
    return lower_back.anatomy()


@pytest.fixture(scope="session")
def fine_left_l4() -> Phantom:
    """The left L4 foramen and the way to it from behind, at 0.5 mm."""
    return scan(spacing_mm=(0.5, 0.5, 0.5), field_of_view_mm=(50.0, 95.0, 95.0), center_mm=(50.0, 75.0, -39.0))


@pytest.fixture(scope="session")
def mirrored_back() -> Phantom:
    """The mirror image of ``lower_back``."""
    return scan(
        spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0), mirrored=True
    )


@pytest.fixture(scope="session")
def turned_back() -> Phantom:
    """The patient of ``lower_back`` on a grid turned about all three axes."""
    return scan(
        spacing_mm=(1.2, 1.0, 1.0),
        field_of_view_mm=(150.0, 170.0, 300.0),
        center_mm=(0.0, 60.0, -40.0),
        turn_deg=(12.0, -8.0, 15.0),
    )


@pytest.fixture(scope="session")
def scanned_bone(real_data: Path) -> Solid:
    """Bone of a real abdomen as its own labels say, around the spine; LPS, 0.74 x 0.74 x 1.6 mm."""
    image = sitk.ReadImage(str(real_data / "abdomen_ct" / "labels.nii.gz"))
    mask = sitk.GetArrayFromImage(image) == 5
    grid = VolumeGeometry.from_spacing(mask.shape, image.GetSpacing()[::-1], (0.0, 0.0, 0.0))
    k, j, i = (int(n) for n in np.median(np.argwhere(mask), axis=0))
    box = slice(max(k - 30, 0), k + 30), slice(max(j - 80, 0), j + 80), slice(max(i - 90, 0), i + 90)
    part = np.ascontiguousarray(mask[box])
    return Solid(grid.cropped((0, 0, 0), part.shape), part)


@pytest.fixture(scope="session")
def scanned(real_data: Path) -> Anatomy:
    """The planner's own segmentation of a real abdomen, 40 mm around L2/L3."""
    volume = read_series(real_data / "abdomen_ct" / "series").volume
    around = Region((TargetRequest(Side.LEFT, root="L2"),), PROCEDURES["prt"].required, reach_mm=40.0)
    return ordered(segment(volume, region=around))


@pytest.fixture(scope="session")
def painted_bone(lower_back: Phantom) -> Solid:
    """Bone of the phantom."""
    labels: LabelMap = lower_back.anatomy().labels
    return Solid(labels.geometry, labels.mask(Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM))
