"""Arrays on a grid as SimpleITK images in the same patient space.

In: (k, j, i) arrays and their geometry. Out: images, LPS mm.
"""

from __future__ import annotations

import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from planner.geometry import AnyArray, VolumeGeometry


def as_image(array: AnyArray, geometry: VolumeGeometry, *, vector: bool = False) -> sitk.Image:
    """The image; with ``vector`` the last axis holds a place's components."""
    image = sitk.GetImageFromArray(array, isVector=vector)
    image.SetOrigin(geometry.points_mm([0, 0, 0]).tolist())
    image.SetSpacing(geometry.spacing_mm[::-1].tolist())
    image.SetDirection(geometry.axes[:, ::-1].ravel().tolist())
    return image
