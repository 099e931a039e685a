"""Which slices of the source a reader should see: those of each target and each entry.

In: a plan and the source's headers. Out: slice indices k, ascending. Points are LPS mm.
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from dicom_io.documents import SourceImages
from planner.geometry import FloatArray
from planner.plan import Plan, TargetPlan


def key_slices(plan: Plan, source: SourceImages) -> tuple[int, ...]:
    """The slice nearest to each target, tip and entry."""
    points = [point for target in plan.targets for point in _points(target)]
    return tuple(sorted({nearest_slice(point, source) for point in points}))


def nearest_slice(point_mm: FloatArray, source: SourceImages) -> int:
    """The slice whose plane is nearest to a point; the lower index where two are equally near."""
    distances = [abs(_off_plane_mm(point_mm, header)) for header in source.faceless]
    return int(np.argmin(distances))


def slice_words(header: Dataset) -> str:
    """What a console calls a slice: Series Number (0020,0011), Instance Number (0020,0013), Slice Location (0020,1041)."""
    location = header.get("SliceLocation")
    return (
        f"series {header.get('SeriesNumber') or 'without number'}, image {header.get('InstanceNumber') or 'without number'}, "
        f"slice location {'not in the images' if location is None else f'{float(location):g} mm'}"
    )


def _points(target: TargetPlan) -> list[FloatArray]:
    paths = target.trajectories
    return [target.point_mm, *(p.target_mm for p in paths), *(p.entry_mm for p in paths)]


def _off_plane_mm(point_mm: FloatArray, header: Dataset) -> float:
    row, column = np.array(header.ImageOrientationPatient, dtype=float).reshape(2, 3)
    position = np.array(header.ImagePositionPatient, dtype=float)
    return float(np.dot(point_mm - position, np.cross(row, column)))
