"""Where a NIfTI file says its voxels lie, read from its header: twice, and the two must agree.

In: a ``.nii`` or ``.nii.gz`` file. Out: (4, 4) matrices from voxel index (i, j, k) to LPS mm. NIfTI itself speaks RAS.
A file that names no orientation, or two that differ, can show the patient mirrored.
"""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planner.geometry import FloatArray

_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class _Layout:
    """Offsets in a header: NIfTI-1 (348 bytes) and NIfTI-2 (540 bytes), nifti1.h and nifti2.h."""

    number: str
    code: str
    pixdim: int
    codes: int
    quatern: int
    srow: int


_LAYOUTS = {348: _Layout("f", "h", 76, 252, 256, 280), 540: _Layout("d", "i", 104, 344, 352, 400)}


@dataclass(frozen=True, slots=True, eq=False)
class Orientations:
    """The two matrices a header may hold; None where its code is 0, unknown."""

    qform: FloatArray | None
    sform: FloatArray | None

    @property
    def stated(self) -> tuple[FloatArray, ...]:
        """Those that are stated."""
        return tuple(matrix for matrix in (self.qform, self.sform) if matrix is not None)


def read_orientations(path: Path) -> Orientations:
    """The orientations that the file's header states; ValueError where it has no NIfTI header."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        header = file.read(540)
    for order in "<>":
        layout = _LAYOUTS.get(struct.unpack_from(f"{order}i", header)[0]) if len(header) >= 348 else None
        if layout is not None:
            return _orientations(header, order, layout)
    raise ValueError("no NIfTI header")


def _orientations(header: bytes, order: str, layout: _Layout) -> Orientations:
    def values(count: int, offset: int) -> FloatArray:
        return np.array(struct.unpack_from(f"{order}{count}{layout.number}", header, offset), dtype=np.float64)

    qform_code, sform_code = struct.unpack_from(f"{order}2{layout.code}", header, layout.codes)
    qform = _from_quaternion(values(6, layout.quatern), values(4, layout.pixdim)) if qform_code > 0 else None
    sform = np.vstack([values(12, layout.srow).reshape(3, 4), [0, 0, 0, 1]]) if sform_code > 0 else None
    return Orientations(*(None if ras is None else _LPS_FROM_RAS @ ras for ras in (qform, sform)))


def _from_quaternion(quatern: FloatArray, pixdim: FloatArray) -> FloatArray:
    """(4, 4) RAS from index; nifti1.h, method 2."""
    b, c, d = quatern[:3]
    a = np.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * pixdim[1:4] * [1.0, 1.0, -1.0 if pixdim[0] < 0 else 1.0]
    matrix[:3, 3] = quatern[3:]
    return matrix
