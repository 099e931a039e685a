"""The grid all stages work on, and the way back to the scan's own.

In: a volume on any grid. Out: the same in the patient's axes, re-ordered without loss where it can be, resampled where
it is oblique; and label arrays brought back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.skin import not_reconstructed
from planner.geometry import AnyArray, AxisOrder, VolumeGeometry
from planner.volume import Volume

_FINEST_MM = 0.6
"""Finer voxels would cost memory and show nothing that the needle's own 0.7 mm does not hide."""

_PADDING = -3000
"""Below all HU; for what lies outside the scan's oblique box."""


@dataclass(frozen=True, slots=True, eq=False)
class WorkingGrid:
    """The scan in the patient's axes; ``order`` undoes the re-ordering, None where the scan was resampled.

    ``oblique`` is then the scan on its own slices: its ends cut a chest slice by slice, those of ``volume`` cut it aslant.
    """

    scan: VolumeGeometry
    volume: Volume
    order: AxisOrder | None
    oblique: Volume | None = None

    @classmethod
    def of(cls, volume: Volume) -> WorkingGrid:
        """Re-ordered where the scan's axes are the patient's, else resampled to cubes of the finest spacing."""
        turned = volume.in_patient_axes()
        if turned.geometry.is_in_patient_axes:
            return cls(volume.geometry, turned, AxisOrder.to_patient_axes(volume.geometry))
        return cls(volume.geometry, _straightened(turned), None, turned)

    def back(self, labels: AnyArray) -> AnyArray:
        """Labels of the working grid on the scan's own grid."""
        if self.order is not None:
            return np.ascontiguousarray(self.order.undo(labels))
        return itk.labels_on(labels, self.volume.geometry, self.scan)

    def back_after(self, draw: Callable[[], AnyArray]) -> AnyArray:
        """``back`` of what is drawn first."""
        return self.back(draw())


def _straightened(volume: Volume) -> Volume:
    geometry = volume.geometry
    corners = geometry.corners_mm
    low, high = corners.min(axis=0), corners.max(axis=0)
    mm = max(_FINEST_MM, float(geometry.spacing_mm.min()))
    k, j, i = (int(np.ceil(length / mm)) for length in (high - low)[::-1])
    first = low + mm / 2.0
    grid = VolumeGeometry.from_spacing(
        (k, j, i), (mm, mm, mm), (float(first[0]), float(first[1]), float(first[2])), geometry.frame_of_reference_uid
    )
    absent = not_reconstructed(volume)
    filled = np.where(absent, -1024, volume.voxels).astype(np.int16)
    voxels = itk.resampled(Volume(geometry, filled, volume.modality), grid, outside=_PADDING).voxels.copy()
    voxels[~itk.mask_on(~absent, geometry, grid)] = _PADDING
    return Volume(grid, voxels, volume.modality, _PADDING)
