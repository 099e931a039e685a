"""A scan changed as scanners, patients and archives change it, and what must stay the same after it.

In: a volume in the patient's axes. Out: ``Variant``: the changed scan, and where a point of the unchanged one lies in it.
Changes can be chained; ``drawn`` draws such a chain by a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.anatomy.model import Anatomy
from planner.geometry import AxisOrder, FloatArray, VolumeGeometry
from planner.structures import Side, SpineLevel, Structure
from planner.volume import Volume

CLAIMED = 0.8
"""A name's confidence from which the accuracy page calls it certain; one anchor, here the sacrum, reaches it."""

NEAREST_MM = 15.0
"""Landmarks further apart are of another level."""

AIR_HU, METAL_HU = -1000, 3071


def unmoved(points_mm: FloatArray) -> FloatArray:
    return points_mm


@dataclass(frozen=True)
class Variant:
    """A changed scan, and where a point of the unchanged one is in it; ``mirrored`` swaps the sides."""

    name: str
    volume: Volume
    moved: Callable[[FloatArray], FloatArray] = unmoved
    mirrored: bool = False

    def then(self, change: Callable[[Volume], Variant]) -> Variant:
        """The change after what was done already."""
        after = change(self.volume)
        name = f"{self.name}, {after.name}" if self.name else after.name
        return Variant(
            name, after.volume, lambda points: after.moved(self.moved(points)), self.mirrored != after.mirrored
        )


def turned(volume: Volume, angle_deg: float, axis: int = 2) -> Variant:
    """The patient turned about an LPS axis on the table; the voxels stay, their grid is turned about its middle."""
    angle, (first, second) = np.radians(angle_deg), [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.eye(3)
    turn[[first, first, second, second], [first, second, first, second]] = (
        np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle),
    )  # fmt: skip
    middle = volume.geometry.corners_mm.mean(axis=0)
    about = np.eye(4)
    about[:3, :3], about[:3, 3] = turn, middle - turn @ middle
    geometry = replace(volume.geometry, lps_from_index=about @ volume.geometry.lps_from_index)
    name = f"turned {angle_deg:.0f} deg about {'LPS'[axis]}"
    return Variant(name, replace(volume, geometry=geometry), lambda points: points @ turn.T + about[:3, 3])


def mirrored(volume: Volume) -> Variant:
    middle = volume.geometry.corners_mm[:, 0].mean()
    voxels = np.ascontiguousarray(volume.voxels[:, :, ::-1])
    return Variant(
        "mirrored",
        replace(volume, voxels=voxels),
        lambda points: np.array([2 * middle, 0.0, 0.0]) + points * np.array([-1.0, 1.0, 1.0]),
        mirrored=True,
    )


def cropped(volume: Volume, place: float, length_mm: float = 70.0, axis: int = 0) -> Variant:
    """A stretch along an axis around ``place``, a fractional index."""
    shape, first = list(volume.geometry.shape), [0, 0, 0]
    shape[axis] = min(shape[axis], round(length_mm / float(volume.geometry.spacing_mm[axis])))
    first[axis] = min(max(0, round(place) - shape[axis] // 2), volume.geometry.shape[axis] - shape[axis])
    geometry = volume.geometry.cropped((first[0], first[1], first[2]), (shape[0], shape[1], shape[2]))
    voxels = volume.voxels[tuple(slice(a, a + n) for a, n in zip(first, shape, strict=True))]
    return Variant(
        f"{length_mm:.0f} mm of {'kji'[axis]}", replace(volume, geometry=geometry, voxels=np.ascontiguousarray(voxels))
    )


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
    return Variant(f"{slice_mm:.1f} mm", Volume(grid, np.rint(voxels).astype(np.int16)))


def noisy(volume: Volume, hu: float) -> Variant:
    noise = np.random.default_rng(int(hu)).normal(0.0, hu, volume.voxels.shape)
    return Variant(f"{hu:.0f} HU", replace(volume, voxels=np.rint(volume.voxels + noise).astype(np.int16)))


def re_stored(volume: Volume, order: AxisOrder) -> Variant:
    """The same patient in another order of storage: sagittal, feet first, from the other side."""
    voxels = np.ascontiguousarray(order.apply(volume.voxels))
    return Variant("re-stored", replace(volume, geometry=order.apply_to_geometry(volume.geometry), voxels=voxels))


def clipped(volume: Volume, low_hu: int, high_hu: int) -> Variant:
    return Variant(f"clipped to {low_hu}..{high_hu}", replace(volume, voxels=np.clip(volume.voxels, low_hu, high_hu)))


def padded_around(volume: Volume, padding: int, *, said: bool) -> Variant:
    """Nothing reconstructed outside the circle that fits the slice."""
    _, n, m = volume.voxels.shape
    j, i = np.ogrid[-1 : 1 : n * 1j, -1 : 1 : m * 1j]
    voxels = np.where(j**2 + i**2 < 1.0, volume.voxels, np.int16(padding))
    return Variant(f"padded with {padding}", replace(volume, voxels=voxels, padding_value=padding if said else None))


def with_screws(volume: Volume, place: FloatArray) -> Variant:
    """Two rods of metal 25 mm left and right of a place given in indices, bright and dark streaks beside them."""
    k, j, i = np.ogrid[tuple(slice(0, n) for n in volume.voxels.shape)]
    mm = volume.geometry.spacing_mm
    voxels = volume.voxels.astype(np.float32)
    along = np.abs(k - place[0]) * mm[0] < 20.0
    for side in (-1, 1):
        off_j, off_i = (j - place[1]) * mm[1], (i - place[2]) * mm[2] - side * 25.0
        away, angle = np.hypot(off_j, off_i), np.arctan2(off_j, off_i)
        streak = 250.0 * np.cos(6 * angle) / (1.0 + away / 8.0)
        voxels = np.where(along & (voxels > -500), voxels + streak, voxels)
        voxels = np.where(along & (away < 2.5), METAL_HU, voxels)
    return Variant("screws", replace(volume, voxels=np.clip(voxels, -1024, METAL_HU).astype(np.int16)))


def with_arms(volume: Volume) -> Variant:
    """A forearm on both sides, 80 mm thick with one bone, the field of view wide enough to show them."""
    mm = volume.geometry.spacing_mm
    room = round(95.0 / float(mm[2]))
    voxels = np.pad(volume.voxels, ((0, 0), (0, 0), (room, room)), constant_values=AIR_HU)
    matrix = volume.geometry.lps_from_index.copy()
    matrix[:3, 3] = volume.geometry.points_mm([0, 0, -room])
    j, i = np.ogrid[0 : voxels.shape[1], 0 : voxels.shape[2]]
    for middle in (room / 2.0, voxels.shape[2] - 1 - room / 2.0):
        away = np.hypot((j - voxels.shape[1] / 2.0) * mm[1], (i - middle) * mm[2])
        arm = np.select([away < 5.0, away < 10.0, away < 40.0], [60.0, 1100.0, 40.0], np.nan)
        voxels = np.where(np.isnan(arm), voxels, np.nan_to_num(arm).astype(np.int16))
    return Variant("arms", Volume(VolumeGeometry(matrix, voxels.shape), voxels, padding_value=volume.padding_value))


def on_a_side(volume: Volume, side: Side) -> Variant:
    """A table's shell at the patient's left or right end of the image."""
    shell = max(1, round(4.0 / float(volume.geometry.spacing_mm[2])))
    voxels = volume.voxels.copy()
    left_end = slice(-2 * shell, -shell) if side is Side.LEFT else slice(shell, 2 * shell)
    voxels[:, :, left_end] = np.maximum(voxels[:, :, left_end], 50)
    return Variant(f"table {side}", replace(volume, voxels=voxels))


def _a_crop(volume: Volume, rng: np.random.Generator) -> Variant:
    axis = int(rng.integers(3))
    place = rng.uniform(0.2, 0.8) * volume.geometry.shape[axis]
    return cropped(volume, place, float(rng.choice([70.0, 110.0, 160.0])), axis)


def _an_order(volume: Volume, rng: np.random.Generator) -> Variant:
    a, b, c = (int(n) for n in rng.permutation(3))
    flips = rng.random(3) < 0.5
    return re_stored(volume, AxisOrder((a, b, c), (bool(flips[0]), bool(flips[1]), bool(flips[2]))))


def _a_screw(volume: Volume, rng: np.random.Generator) -> Variant:
    return with_screws(volume, rng.uniform(0.35, 0.7, 3) * volume.geometry.shape)


_SPOILT: tuple[Callable[[Volume, np.random.Generator], Variant], ...] = (
    _a_crop,
    lambda volume, rng: thickened(volume, float(rng.choice([0.8, 2.0, 3.0, 4.0, 5.0]))),
    lambda volume, rng: noisy(volume, float(rng.choice([30.0, 60.0]))),
    lambda volume, _rng: mirrored(volume),
    lambda volume, rng: clipped(volume, *((-1024, 1023), (-1000, 3071), (-250, 1500))[rng.integers(3)]),
    lambda volume, rng: padded_around(volume, int(rng.choice([-2000, -3024, -1024])), said=bool(rng.random() < 0.5)),
    _a_screw,
    lambda volume, _rng: with_arms(volume),
    lambda volume, rng: on_a_side(volume, list(Side)[rng.integers(2)]),
)
_RE_GRIDDED: tuple[Callable[[Volume, np.random.Generator], Variant], ...] = (
    lambda volume, rng: turned(volume, float(rng.uniform(-30.0, 30.0)), 2),
    lambda volume, rng: turned(volume, float(rng.uniform(-10.0, 10.0)), int(rng.integers(2))),
    _an_order,
)
"""Done last, since the others work along the image's own axes."""


def drawn(volume: Volume, seed: int) -> Variant:
    """One to three changes at once, and every other time a grid that lies otherwise."""
    rng = np.random.default_rng(seed)
    variant = Variant("", volume)
    for number in rng.choice(len(_SPOILT), int(rng.integers(1, 4)), replace=False):
        variant = variant.then(lambda one, change=_SPOILT[int(number)]: change(one, rng))
    if rng.random() < 0.5:
        last = _RE_GRIDDED[int(rng.integers(len(_RE_GRIDDED)))]
        variant = variant.then(lambda one: last(one, rng))
    return variant


@dataclass(frozen=True)
class Landmark:
    """A point with what it says of itself."""

    kind: str
    side: Side | None
    point_mm: FloatArray
    uncertainty_mm: float


def landmarks(anatomy: Anatomy) -> Iterator[Landmark]:
    """Everything a target is made of; a body as uncertain as what is drawn from it, or as the discs it lies between."""
    said = anatomy.uncertainty_mm
    for disc in anatomy.discs:
        yield Landmark("disc", None, disc.center_mm, max(said[Structure.DISC], disc.uncertainty_mm))
    for vertebra, below, above in zip(anatomy.vertebrae[1:-1], anatomy.discs, anatomy.discs[1:], strict=False):
        between_mm = (below.uncertainty_mm + above.uncertainty_mm) / 2.0
        yield Landmark("body", None, vertebra.body_center_mm, max(said[Structure.VERTEBRA], between_mm))
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
