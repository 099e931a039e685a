"""The peers, on the same field and the same surface: explicit sampling, VTK's OBBTree, Embree."""

from __future__ import annotations

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh
from scipy.ndimage import map_coordinates
from speed_cases import BONES, CAP_MM, REACH_MM, Case, fastest_s
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D
from vtkmodules.vtkFiltersGeneral import vtkOBBTree

from planner.geometry import Float32Array, FloatArray, unit
from planner.sweep.fields import Lattice

SAMPLE_MM = 0.5
SURFACE_MM = 0.25  # distances are 0 within bone: the surface is drawn just outside
EXPLICIT_PATHS, OBB_RAYS, EMBREE_RAYS = 10_000, 3_000, 500_000


def rates(case: Case, lattice: Lattice) -> dict[str, float]:
    """Paths, or rays, a second."""
    field_mm = lattice.distance_mm(lattice.crop(case.anatomy.labels.mask(*BONES)), CAP_MM)
    surface = bone_surface(lattice, field_mm)
    return {
        **explicit(lattice, field_mm, case.tip_mm),
        "triangles": surface.GetNumberOfPolys(),
        "obbtree_rays_per_s": obbtree(surface, case.tip_mm),
        "embree_rays_per_s": embree(surface, case.tip_mm),
    }


def outward(count: int, seed: int) -> FloatArray:
    """Directions to behind and both sides."""
    return unit(np.random.default_rng(seed).uniform([-1, 0.2, -1], [1, 1, 1], (count, 3)))


def explicit(lattice: Lattice, field_mm: Float32Array, tip_mm: FloatArray) -> dict[str, float]:
    """Each path sampled by itself every ``SAMPLE_MM``: trilinear, and the nearest node only."""
    depths, rays = np.arange(0.0, REACH_MM, SAMPLE_MM), outward(EXPLICIT_PATHS, 1)

    def indices() -> FloatArray:
        return lattice.geometry.indices(tip_mm + depths[None, :, None] * rays[:, None, :])

    def trilinear() -> FloatArray:
        return map_coordinates(field_mm, np.moveaxis(indices(), -1, 0), order=1, mode="nearest").min(axis=1)

    def nearest() -> FloatArray:
        k, j, i = np.moveaxis(np.clip(np.rint(indices()).astype(np.intp), 0, np.array(field_mm.shape) - 1), -1, 0)
        return field_mm[k, j, i].min(axis=1)

    return {
        "explicit_paths_per_s": EXPLICIT_PATHS / fastest_s(trilinear, 2),
        "explicit_nearest_paths_per_s": EXPLICIT_PATHS / fastest_s(nearest, 2),
    }


def bone_surface(lattice: Lattice, field_mm: Float32Array) -> vtkPolyData:
    """The bones' surface as triangles, along the lattice's axes from its first node [mm]."""
    image = vtkImageData()
    image.SetDimensions(*field_mm.shape[::-1])
    image.SetSpacing(*lattice.geometry.spacing_mm[::-1].tolist())
    image.SetOrigin(*lattice.geometry.points_mm([0, 0, 0]).tolist())
    image.GetPointData().SetScalars(numpy_to_vtk(field_mm.reshape(-1), deep=1))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, SURFACE_MM)
    edges.Update()
    return edges.GetOutput()


def obbtree(surface: vtkPolyData, tip_mm: FloatArray) -> float:
    """Rays a second, one at a time, as desktop planners do."""
    tree = vtkOBBTree()
    tree.SetDataSet(surface)
    tree.BuildLocator()
    ends, start, hits = (tip_mm + REACH_MM * outward(OBB_RAYS, 2)).tolist(), tip_mm.tolist(), vtkPoints()
    return OBB_RAYS / fastest_s(lambda: [tree.IntersectWithLine(end, start, hits, None) for end in ends], 2)


def embree(surface: vtkPolyData, tip_mm: FloatArray) -> float:
    """Rays a second, hit or no hit, no distance."""
    corners = vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float32)
    triangles = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int32)
    scene = rtcore_scene.EmbreeScene()
    TriangleMesh(scene, corners, triangles)
    rays = outward(EMBREE_RAYS, 3).astype(np.float32)
    origins = np.broadcast_to(tip_mm.astype(np.float32), rays.shape).copy()
    return EMBREE_RAYS / fastest_s(lambda: scene.run(origins, rays, query="OCCLUDED"), 3)
