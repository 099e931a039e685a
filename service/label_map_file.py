"""A label map as a NIfTI file on the scan's own grid.

In: a label map, LPS mm. Out: a file, there whole or not at all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from planner.volume import LabelMap
from service.files import write_with

_INDEX_AXES = [2, 1, 0]
"""SimpleITK orders a grid's axes i, j, k; ours are k, j, i."""


def write_label_map(path: Path, labels: LabelMap) -> Path:
    """``path`` (``.nii.gz``), the label map on its own grid; any reader that knows LPS or RAS puts it in place."""
    geometry = labels.geometry
    image = sitk.GetImageFromArray(np.ascontiguousarray(labels.labels))
    image.SetOrigin(geometry.points_mm([0, 0, 0]).tolist())
    image.SetSpacing(geometry.spacing_mm[::-1].tolist())
    image.SetDirection(geometry.axes[:, _INDEX_AXES].ravel().tolist())
    return write_with(path, lambda part: sitk.WriteImage(image, str(part), useCompression=True))
