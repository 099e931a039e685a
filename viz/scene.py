"""The plan in three dimensions: smooth surfaces of the structures, the needle as a tube, in LPS mm.

In: an anatomy and a path. Out: a renderer that looks at the entry from outside the body.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkWindowedSincPolyDataFilter
from vtkmodules.vtkFiltersSources import vtkLineSource, vtkSphereSource
from vtkmodules.vtkImagingGeneral import vtkImageGaussianSmooth

from vtkmodules.vtkFiltersCore import vtkTubeFilter  # isort: skip
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from planner.geometry import AnyArray, FloatArray, VolumeGeometry, unit
from planner.structures import Structure
from planner.volume import LabelMap
from viz.palette import CONTOURS, NEEDLE, SOLIDS, TARGET
from viz.planes import direction_letters
from viz.subject import Subject
from viz.window import Renderer

REACH_MM = 90.0
"""Half the edge of the box around the needle that is shown."""

_GRID_MM = 1.5
"""Keeps the whole scene under 150,000 triangles."""

_FULL = 200
"""Of a voxel within a mask; its border lies at half of it."""

VtkImage: TypeAlias = Any
"""VTK ships no types that a checker can follow."""

_SAME_AXES = 1e-9
"""Of a voxel for each voxel: less than rounding over a scan's width."""

_SKIN_STEP = 2
"""Every second grid point is enough for what is seen through."""

_BLUR_VOXELS = 0.8
"""Of masks before they are contoured, about 1 mm: without it a surface shows the slices; tubes thinner than that stay as they are."""

_THIN = frozenset({Structure.NERVE_ROOT, Structure.URETER, Structure.RIB})

_SKIN_OPACITY = 0.16
_SKIN_COLOUR = (224, 172, 140)
_NEEDLE_RADIUS_MM = 0.9
"""Thicker than the needle: seen at the picture's scale."""


def plan_scene(subject: Subject) -> Renderer:
    """Bones, nerves, vessels and the needle, seen from the entry's side."""
    path = subject.path
    renderer = structures_scene(around_needle(subject.anatomy.labels, path.entry_mm, path.target_mm))
    NeedleSolid(renderer).move(path.entry_mm, path.target_mm, path.needle.length_mm)
    aim(renderer, path.entry_mm, path.target_mm)
    return renderer


def structures_scene(labels: LabelMap) -> Renderer:
    """Bones, nerves, vessels and the skin as glass."""
    renderer = vtkRenderer()
    renderer.SetBackground(0.09, 0.10, 0.13)
    for structures, colour, opacity in _surfaces():
        thick = [one for one in structures if one not in _THIN]
        thin = [one for one in structures if one in _THIN]
        for own, blur in ((thick, _BLUR_VOXELS), (thin, 0.0)):
            _add_surface(renderer, _image(labels.geometry, labels.mask(*own), blur), colour, opacity)
    body = np.ascontiguousarray((labels.labels > 0)[::_SKIN_STEP, ::_SKIN_STEP, ::_SKIN_STEP])
    _add_surface(
        renderer, _image(_coarser(labels.geometry), body, _BLUR_VOXELS, is_closed=False), _SKIN_COLOUR, _SKIN_OPACITY
    )
    return renderer


def _coarser(grid: VolumeGeometry) -> VolumeGeometry:
    """Every ``_SKIN_STEP``-th point of a grid."""
    k, j, i = (-(-size // _SKIN_STEP) for size in grid.shape)
    first = grid.points_mm([0, 0, 0])
    return VolumeGeometry.from_spacing((k, j, i), (_GRID_MM * _SKIN_STEP,) * 3, (first[0], first[1], first[2]))


def seen_letters(renderer: Renderer) -> tuple[str, str, str, str]:
    """What lies at the left, right, top and bottom edge of the picture, from the camera's own directions."""
    camera = renderer.GetActiveCamera()
    toward = unit(np.array(camera.GetPosition()) - np.array(camera.GetFocalPoint()))
    up = unit(np.array(camera.GetViewUp()) - toward * np.dot(camera.GetViewUp(), toward))
    right = np.cross(up, toward)
    return direction_letters(-right), direction_letters(right), direction_letters(up), direction_letters(-up)


def around_needle(labels: LabelMap, entry_mm: FloatArray, target_mm: FloatArray) -> LabelMap:
    """The label map on a 1.5 mm grid in patient axes, in the box around the needle."""
    low = np.minimum(entry_mm, target_mm) - REACH_MM / 2
    high = np.maximum(entry_mm, target_mm) + REACH_MM / 2
    k, j, i = (int(n) for n in np.ceil((high - low) / _GRID_MM)[::-1])
    grid = VolumeGeometry.from_spacing((k, j, i), (_GRID_MM,) * 3, (low[0], low[1], low[2]))
    return LabelMap(grid, _nearest_on(grid, labels), labels.entries)


def _nearest_on(grid: VolumeGeometry, labels: LabelMap) -> AnyArray:
    """(k, j, i) labels at every point of a grid; where both grids have the same axes, three rows of indices say it."""
    turn = labels.geometry.index_from_lps @ grid.lps_from_index
    if np.abs(turn[:3, :3] - np.diag(np.diag(turn)[:3])).max() > _SAME_AXES:
        points_mm = grid.points_mm(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1))
        return labels.nearest(points_mm)
    found = np.zeros(grid.shape, labels.labels.dtype)
    rows = [np.floor(turn[n, n] * np.arange(grid.shape[n]) + turn[n, 3] + 0.5).astype(np.intp) for n in range(3)]
    inside = [(row >= 0) & (row < size) for row, size in zip(rows, labels.labels.shape, strict=True)]
    kept = [row[is_in] for row, is_in in zip(rows, inside, strict=True)]
    found[np.ix_(*inside)] = labels.labels[np.ix_(*kept)]
    return found


def _surfaces() -> list[tuple[tuple[Structure, ...], tuple[int, int, int], float]]:
    colours = dict.fromkeys(CONTOURS[structure] for structure in SOLIDS)
    groups = {colour: tuple(s for s in SOLIDS if CONTOURS[s] == colour) for colour in colours}
    return [(structures, colour, SOLIDS[structures[0]]) for colour, structures in groups.items()]


def _image(
    grid: VolumeGeometry, mask: npt.NDArray[np.bool_], blur_voxels: float, *, is_closed: bool = True
) -> VtkImage | None:
    """A mask as VTK contours it, its edges softened; None where it is empty. Open: no wall stands where the box cuts it."""
    if not mask.any():
        return None
    padded = (np.pad(mask, 1) if is_closed else np.pad(mask, 1, mode="edge")).astype(np.uint8) * np.uint8(_FULL)
    image = vtkImageData()
    image.SetDimensions(*padded.shape[::-1])
    image.SetSpacing(*grid.spacing_mm[::-1].tolist())
    image.SetOrigin(*grid.points_mm([-1, -1, -1]).tolist())
    image.GetPointData().SetScalars(numpy_to_vtk(padded.reshape(-1), deep=1))
    if not blur_voxels:
        return image
    soft = vtkImageGaussianSmooth()
    soft.SetInputData(image)
    soft.SetStandardDeviation(blur_voxels)
    soft.SetRadiusFactor(2.0)
    soft.Update()
    return soft.GetOutput()


def _add_surface(renderer: Renderer, image: VtkImage | None, colour: tuple[int, int, int], opacity: float) -> None:
    if image is None:
        return
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, _FULL / 2)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(contour.GetOutputPort())
    smooth.SetNumberOfIterations(15)
    smooth.SetPassBand(0.08)
    smooth.NonManifoldSmoothingOn()
    smooth.NormalizeCoordinatesOn()
    smooth.Update()
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(smooth.GetOutput())  # what it was made from is forgotten
    actor = _actor(mapper, colour)
    actor.GetProperty().SetOpacity(opacity)
    if opacity < 1:
        actor.GetProperty().BackfaceCullingOn()
    renderer.AddActor(actor)


class NeedleSolid:
    """The needle from tip to hub, and its tip as a ball; drawn once, moved often."""

    def __init__(self, renderer: Renderer) -> None:
        self._line, self._tip = vtkLineSource(), vtkSphereSource()
        tube = vtkTubeFilter()
        tube.SetInputConnection(self._line.GetOutputPort())
        tube.SetRadius(_NEEDLE_RADIUS_MM)
        tube.SetNumberOfSides(16)
        shaft = _actor(_fed(tube), NEEDLE)
        shaft.GetProperty().LightingOff()
        renderer.AddActor(shaft)
        self._tip.SetRadius(2.0)
        renderer.AddActor(_actor(_fed(self._tip), TARGET))

    def move(self, entry_mm: FloatArray, target_mm: FloatArray, length_mm: float) -> None:
        """Tip on the target, hub outside the entry."""
        hub_mm = target_mm + unit(entry_mm - target_mm) * length_mm
        self._line.SetPoint1(*target_mm.tolist())
        self._line.SetPoint2(*hub_mm.tolist())
        self._tip.SetCenter(*target_mm.tolist())


def _fed(source: vtkTubeFilter | vtkSphereSource) -> vtkPolyDataMapper:
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(source.GetOutputPort())
    return mapper


def _actor(mapper: vtkPolyDataMapper, colour: tuple[int, int, int]) -> vtkActor:
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*(value / 255 for value in colour))
    return actor


def aim(renderer: Renderer, entry_mm: FloatArray, target_mm: FloatArray) -> None:
    """From behind the entry, turned 35 degrees off the needle so that its length shows, head up."""
    outward = unit(entry_mm - target_mm)
    away: FloatArray = unit(np.array([0.0, 1.0, 0.0]) - outward * outward[1] + np.array([0.0, 0.0, 0.35]))
    view = unit(np.cos(np.radians(35)) * outward + np.sin(np.radians(35)) * away)
    middle = (entry_mm + 2 * target_mm) / 3
    camera = renderer.GetActiveCamera()
    camera.SetFocalPoint(*middle.tolist())
    camera.SetPosition(*(middle + 420 * view).tolist())
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.SetViewAngle(28.0)
    renderer.ResetCameraClippingRange()
