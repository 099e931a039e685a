"""Slices of a tilted gantry, moved within their own planes onto an orthogonal grid.

In: one slice and how far the grid is shifted against it. Out: the slice on the grid, linear in its plane.
The planes stay where they are, so slice k of the volume is still image k of the series. Shifts are in voxels (j, i).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.geometry import AnyArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Shear:
    """How the slices of a stack move onto one orthogonal grid.

    ``shifts`` is (n, 2): where voxel (0, 0) of slice k lies on the grid, in voxels along j and i, all >= 0.
    ``plane`` is the grid's rows and columns, grown so that no voxel is lost; ``first`` (2,) is where the grid starts,
    in voxels from the first slice's corner.
    """

    shifts: FloatArray
    plane: tuple[int, int]
    first: FloatArray


def shear_of(count: int, plane: tuple[int, int], per_slice: FloatArray) -> Shear:
    """The grid for ``count`` slices that are shifted by ``per_slice`` (j, i) voxels from one to the next."""
    shifts = np.arange(count)[:, None] * per_slice
    first = shifts.min(axis=0)
    grown = np.ceil(shifts.max(axis=0) - first - 1e-6).astype(int)
    return Shear(shifts - first, (plane[0] + int(grown[0]), plane[1] + int(grown[1])), first)


def sheared(
    image: npt.NDArray[np.int16], is_padding: AnyArray, shift: FloatArray, plane: tuple[int, int], fill: int
) -> npt.NDArray[np.int16]:
    """One slice at its place on the grid.

    Voxels between two measured ones are linear between them; where a neighbour is missing or padding they are ``fill``:
    nothing is invented beyond what was measured.
    """
    padded = np.where(is_padding, np.nan, image.astype(np.float32))
    for axis in (0, 1):
        padded = _shifted(padded, float(shift[axis]), plane[axis], axis)
    return np.where(np.isnan(padded), fill, np.rint(np.nan_to_num(padded))).astype(np.int16)


def _shifted(image: npt.NDArray[np.float32], shift: float, length: int, axis: int) -> npt.NDArray[np.float32]:
    """The image moved by ``shift`` voxels along one axis that becomes ``length`` long; NaN where nothing is known."""
    image = np.moveaxis(image, axis, 0)
    whole = int(np.floor(shift + 1e-6))
    part = np.float32(max(shift - whole, 0.0))
    moved = np.full((length, image.shape[1]), np.nan, dtype=np.float32)
    if part < 1e-4:
        moved[whole : whole + len(image)] = image
    else:
        moved[whole + 1 : whole + len(image)] = image[1:] * (1 - part) + image[:-1] * part
    return np.moveaxis(moved, 0, axis)
