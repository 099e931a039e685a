"""Turning, mirroring, cropping, thickening or disturbing a scan moves no landmark by more than it says, and no sure name.

A phantom's lower lumbar spine with its sacrum, and one real scan. Each variant is compared with the undisturbed scan's own
result, carried along where the patient was turned or mirrored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.geometry import FloatArray, VolumeGeometry
from planner.structures import Side, SpineLevel, Structure
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom

LOWER_SPINE = PhantomParameters(
    spacing_mm=(1.5, 1.0, 1.0), field_of_view_mm=(165.0, 160.0, 200.0), center_mm=(0.0, 45.0, -72.0), noise_hu=10.0
)
"""L2 to S2 with both alae, in few voxels."""

TURN_DEG = 12.0
CLAIMED = 0.8
"""A name's confidence from which the accuracy page calls it certain; one anchor, here the sacrum, reaches it."""

NEAREST_MM = 15.0
"""Landmarks further apart are of another level."""


@dataclass(frozen=True)
class Variant:
    """A changed scan, and where a point of the unchanged one is in it; ``mirrored`` swaps the sides."""

    name: str
    volume: Volume
    moved: Callable[[FloatArray], FloatArray]
    mirrored: bool = False


def unmoved(points_mm: FloatArray) -> FloatArray:
    return points_mm


def turned(volume: Volume) -> Variant:
    """The patient turned about the long axis on the table; the voxels stay, their grid is turned."""
    angle = np.radians(TURN_DEG)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    geometry = replace(volume.geometry, lps_from_index=turn @ volume.geometry.lps_from_index)
    return Variant("turned", replace(volume, geometry=geometry), lambda points: points @ turn[:3, :3].T)


def mirrored(volume: Volume) -> Variant:
    middle = volume.geometry.corners_mm[:, 0].mean()
    voxels = np.ascontiguousarray(volume.voxels[:, :, ::-1])
    return Variant(
        "mirrored",
        replace(volume, voxels=voxels),
        lambda points: np.array([2 * middle, 0.0, 0.0]) + points * np.array([-1.0, 1.0, 1.0]),
        mirrored=True,
    )


def cropped(volume: Volume, z_mm: float) -> Variant:
    """70 mm around a place."""
    mm = float(volume.geometry.spacing_mm[0])
    rows = round(70.0 / mm)
    middle = round(float(volume.geometry.indices(np.array([0.0, 0.0, z_mm]))[0]))
    first = min(max(0, middle - rows // 2), volume.geometry.shape[0] - rows)
    geometry = volume.geometry.cropped((first, 0, 0), (rows, *volume.geometry.shape[1:]))
    return Variant("70 mm", Volume(geometry, volume.voxels[first : first + rows]), unmoved)


def thickened(volume: Volume, slice_mm: float) -> Variant:
    """Slices averaged to the thickness."""
    geometry = volume.geometry
    _, j, i = geometry.shape
    count = int(geometry.shape[0] * geometry.spacing_mm[0] / slice_mm)
    matrix = geometry.lps_from_index.copy()
    matrix[:3, 0] *= slice_mm / geometry.spacing_mm[0]
    matrix[:3, 3] = geometry.points_mm([(slice_mm / geometry.spacing_mm[0] - 1.0) / 2.0, 0.0, 0.0])
    image = itk.to_image(volume.voxels.astype(np.float32), geometry)
    sigma = 0.4 * slice_mm
    smooth = sitk.RecursiveGaussian(image, sigma, False, sitk.RecursiveGaussianImageFilter.ZeroOrder, 2)
    grid = VolumeGeometry(matrix, (count, j, i))
    like = itk.to_image(np.zeros(grid.shape, dtype=np.uint8), grid)
    voxels = sitk.GetArrayFromImage(sitk.Resample(smooth, like, sitk.Transform(), sitk.sitkLinear, -1000.0))
    return Variant(f"{slice_mm:g} mm", Volume(grid, np.rint(voxels).astype(np.int16)), unmoved)


def noisy(volume: Volume, hu: float) -> Variant:
    noise = np.random.default_rng(int(hu)).normal(0.0, hu, volume.voxels.shape)
    return Variant(f"{hu:g} HU", replace(volume, voxels=np.rint(volume.voxels + noise).astype(np.int16)), unmoved)


def variants(volume: Volume, z_mm: float) -> dict[str, Callable[[], Variant]]:
    return {
        "turned": lambda: turned(volume),
        "mirrored": lambda: mirrored(volume),
        "70 mm": lambda: cropped(volume, z_mm),
        "3 mm": lambda: thickened(volume, 3.0),
        "5 mm": lambda: thickened(volume, 5.0),
        "30 HU": lambda: noisy(volume, 30.0),
        "60 HU": lambda: noisy(volume, 60.0),
    }


NAMES = ("turned", "mirrored", "70 mm", "3 mm", "5 mm", "30 HU", "60 HU")


@dataclass(frozen=True)
class Landmark:
    """A point with what it says of itself."""

    kind: str
    side: Side | None
    point_mm: FloatArray
    uncertainty_mm: float


def landmarks(anatomy: Anatomy) -> Iterator[Landmark]:
    """Everything a target is made of; a body as uncertain as what is drawn from it."""
    said = anatomy.uncertainty_mm
    for disc in anatomy.discs:
        yield Landmark("disc", None, disc.center_mm, said[Structure.DISC])
    for vertebra in anatomy.vertebrae[1:-1]:
        yield Landmark("body", None, vertebra.body_center_mm, said[Structure.VERTEBRA])
    roots = {(root.between, root.side): root for root in anatomy.nerve_roots}
    for foramen in anatomy.foramina:
        root = roots.get((foramen.between, foramen.side))
        if root is not None:
            yield Landmark("foramen", foramen.side, foramen.center_mm, foramen.uncertainty_mm)
            yield Landmark("ganglion", root.side, root.ganglion_mm, root.uncertainty_mm)


def moves(before: Anatomy, variant: Variant, after: Anatomy) -> Iterator[tuple[Landmark, float, float]]:
    """Each landmark of the changed scan: what it is, how far it moved, and how far the two may lie apart."""
    old = list(landmarks(before))
    for new in landmarks(after):
        side = new.side.other if variant.mirrored and new.side is not None else new.side
        same = [one for one in old if one.kind == new.kind and one.side is side]
        away = [float(np.linalg.norm(variant.moved(one.point_mm) - new.point_mm)) for one in same]
        if away and min(away) < NEAREST_MM:
            nearest = same[int(np.argmin(away))]
            yield new, min(away), max(new.uncertainty_mm, nearest.uncertainty_mm)


def changed_names(before: Anatomy, variant: Variant, after: Anatomy) -> list[str]:
    """Vertebrae whose claimed name is another one after the change."""
    sure = {v.name: variant.moved(v.body_center_mm) for v in before.vertebrae if v.name_confidence >= CLAIMED}
    return [
        f"{name} became {found.name}"
        for found in after.vertebrae
        for name, centre in sure.items()
        if isinstance(found.name, SpineLevel)
        and found.name_confidence >= CLAIMED
        and np.linalg.norm(found.body_center_mm - centre) < NEAREST_MM
        and found.name != name
    ]


@pytest.fixture(scope="module")
def scan() -> Volume:
    return make_phantom(LOWER_SPINE).volume.in_patient_axes()


@pytest.fixture(scope="module")
def undisturbed(scan) -> Anatomy:
    return segment(scan)


def check(before: Anatomy, variant: Variant, kinds: set[str]) -> None:
    assert sum(v.name_confidence >= CLAIMED for v in before.vertebrae) >= 3
    after = segment(variant.volume)
    found = list(moves(before, variant, after))
    assert {"disc", "foramen", "ganglion"} <= {landmark.kind for landmark, _, _ in found}
    beyond = [
        f"{landmark.kind} {landmark.side} moved {away:.1f} of {allowed:.1f} mm"
        for landmark, away, allowed in found
        if away > allowed and landmark.kind in kinds
    ]
    assert not beyond
    assert not changed_names(before, variant, after)


UNNAMED = pytest.mark.xfail(
    reason="where no level is named, the ganglion is placed as at L1 to L4; at L5 it lies 3 to 4 mm further out",
    strict=True,
)
"""Not reached; said in docs/limits.md."""


@pytest.mark.slow
@pytest.mark.parametrize("change", [n if n != "70 mm" else pytest.param(n, marks=UNNAMED) for n in NAMES])
def test_nothing_moves_further_than_it_says_and_no_sure_name_changes(scan, undisturbed, change):
    variant = variants(scan, float(undisturbed.discs[1].center_mm[2]))[change]()
    check(undisturbed, variant, {"disc", "body", "ganglion"})


@pytest.mark.slow
@pytest.mark.parametrize("change", ["mirrored", "3 mm", "5 mm", "turned", "30 HU", "60 HU"])
def test_no_foramen_moves_further_than_it_says(scan, undisturbed, change):
    variant = variants(scan, float(undisturbed.discs[1].center_mm[2]))[change]()
    check(undisturbed, variant, {"foramen"})
