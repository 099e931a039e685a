"""How many straight paths a second: this core beside explicit sampling, VTK's OBBTree and Embree, in one run.

In: the phantom, and a scan if one is named (a folder of DICOM or an image file). Out: a table, `results/speed.json` and a plot.

Usage: python benchmarks/speed.py [SERIES]

Keys of the JSON, for each case: `fan_uint8_directions_per_s` (least room of every direction of one face, 8-bit field, one
core), `explicit_paths_per_s` (`scipy.ndimage.map_coordinates`, order 1, a sample each 0.5 mm), `obbtree_rays_per_s` (VTK, first hit with the bones' surface),
`embree_rays_per_s` (the same surface, hit or no hit), `copy_directions_per_s` (one byte copied for each direction and plane:
the memory's limit), `fields_s`, `peak_memory_mib`.
"""

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh
from scipy.ndimage import map_coordinates
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D
from vtkmodules.vtkFiltersGeneral import vtkOBBTree

from planner.anatomy.model import Anatomy
from planner.fan import Face, Swept, sweep_least
from planner.fields import Lattice
from planner.geometry import unit
from planner.structures import Structure
from sample_data.phantom import make_phantom

RESULTS = Path(__file__).parent / "results" / "speed.json"
DIRECTIONS = 1000
REACH_MM = 120.0
SAMPLE_MM = 0.5
FIELD_MM = 1.0
CAP_MM = 24.0
SURFACE_MM = 0.25  # distances are 0 within bone: the surface is drawn just outside
ROUNDS = 5
EXPLICIT_PATHS = 20_000
OBB_RAYS = 5_000
EMBREE_RAYS = 500_000
BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB, Structure.BONE)


def fastest_s(work: Callable[[], object]) -> float:
    """Least wall time of a few rounds: the machine's noise only adds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def posterior_face(count: int) -> Face:
    """A whole face of the cube map, as many directions along rows as along columns."""
    tangents = np.linspace(-1.0, 1.0, count)
    rows, columns = tangents[:, None], tangents[None, :]
    lps = np.stack(np.broadcast_arrays(columns, 1.0, rows), axis=-1).astype(float)
    norms = np.hypot(np.hypot(rows, columns), 1.0)
    return Face(1, 1, tangents, tangents, lps, np.ones((count, count), dtype=bool), norms)


def bone_field(anatomy: Anatomy, tip_mm: np.ndarray) -> tuple[Lattice, np.ndarray]:
    """Distance to bone around the tip, in mm, and its lattice."""
    labels = anatomy.labels
    corners = tip_mm + np.array([[-REACH_MM, -10.0, -REACH_MM], [REACH_MM, REACH_MM, REACH_MM]])
    lattice = Lattice.around(labels.geometry, corners, 0.0, FIELD_MM)
    return lattice, lattice.distance_mm(lattice.crop(labels.mask(*BONES)), CAP_MM)


def fan_rates(lattice: Lattice, field_mm: np.ndarray, tip_mm: np.ndarray) -> dict[str, float]:
    """Directions a second through one face, least room along the whole reach."""
    face = posterior_face(DIRECTIONS)
    count = DIRECTIONS**2
    depths = np.zeros_like(face.norms), np.full_like(face.norms, REACH_MM) * face.norms
    bytes_ = Swept.of(lattice, np.clip((field_mm + 5) * 8, 0, 255).astype(np.uint8))
    start8 = np.full(face.norms.shape, 255, dtype=np.uint8)
    uint8_s = fastest_s(lambda: sweep_least(start8, bytes_, face, tip_mm, depths))
    planes = int(REACH_MM / lattice.geometry.spacing_mm[1])
    source, copy = np.zeros(count, dtype=np.uint8), np.zeros(count, dtype=np.uint8)
    copy_s = fastest_s(lambda: [np.copyto(copy, source) for _ in range(planes)])
    return {
        "fan_uint8_directions_per_s": count / uint8_s,
        "copy_directions_per_s": count / copy_s,
        "fan_planes": planes,
    }


def explicit_rate(lattice: Lattice, field_mm: np.ndarray, tip_mm: np.ndarray) -> float:
    """Paths a second, each sampled by itself."""
    outward = unit(np.random.default_rng(1).uniform([-1, 0.2, -1], [1, 1, 1], (EXPLICIT_PATHS, 3)))
    depths = np.arange(0.0, REACH_MM, SAMPLE_MM)

    def score() -> np.ndarray:
        points = tip_mm + depths[None, :, None] * outward[:, None, :]
        indices = np.moveaxis(lattice.geometry.indices(points), -1, 0)
        return map_coordinates(field_mm, indices, order=1, mode="nearest").min(axis=1)

    return EXPLICIT_PATHS / fastest_s(score)


def bone_surface(lattice: Lattice, field_mm: np.ndarray) -> object:
    """The bones' surface as triangles in LPS mm."""
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


def obbtree_rate(surface: object, tip_mm: np.ndarray) -> float:
    """Rays a second, one at a time, as desktop planners do."""
    tree = vtkOBBTree()
    tree.SetDataSet(surface)
    tree.BuildLocator()
    ends = tip_mm + REACH_MM * unit(np.random.default_rng(2).uniform([-1, 0.2, -1], [1, 1, 1], (OBB_RAYS, 3)))
    start = tip_mm.tolist()
    hits = vtkPoints()
    return OBB_RAYS / fastest_s(lambda: [tree.IntersectWithLine(end, start, hits, None) for end in ends.tolist()])


def embree_rate(surface: object, tip_mm: np.ndarray) -> float:
    """Rays a second, hit or no hit, no distance."""
    corners = vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float32)
    triangles = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int32)
    scene = rtcore_scene.EmbreeScene()
    TriangleMesh(scene, corners, triangles)
    outward = unit(np.random.default_rng(3).uniform([-1, 0.2, -1], [1, 1, 1], (EMBREE_RAYS, 3))).astype(np.float32)
    origins = np.broadcast_to(tip_mm.astype(np.float32), outward.shape).copy()
    return EMBREE_RAYS / fastest_s(lambda: scene.run(origins, outward, query="OCCLUDED"))


def measure(anatomy: Anatomy, tip_mm: np.ndarray) -> dict[str, float]:
    """All rates on one anatomy."""
    start = time.perf_counter()
    lattice, field_mm = bone_field(anatomy, tip_mm)
    figures = {"fields_s": time.perf_counter() - start, "field_megavoxels": field_mm.size / 1e6}
    figures |= fan_rates(lattice, field_mm, tip_mm)
    figures["explicit_paths_per_s"] = explicit_rate(lattice, field_mm, tip_mm)
    surface = bone_surface(lattice, field_mm)
    figures["triangles"] = surface.GetNumberOfPolys()
    figures["obbtree_rays_per_s"] = obbtree_rate(surface, tip_mm)
    figures["embree_rays_per_s"] = embree_rate(surface, tip_mm)
    figures["fan_to_explicit"] = figures["fan_uint8_directions_per_s"] / figures["explicit_paths_per_s"]
    figures["fan_to_obbtree"] = figures["fan_uint8_directions_per_s"] / figures["obbtree_rays_per_s"]
    figures["share_of_memory_limit"] = figures["fan_uint8_directions_per_s"] / figures["copy_directions_per_s"]
    return {name: float(f"{value:.4g}") for name, value in figures.items()}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="?", type=Path)
    arguments = parser.parse_args()
    phantom = make_phantom().anatomy()
    cases = {"phantom": measure(phantom, _a_foramen(phantom))}
    if arguments.series is not None:
        anatomy = _segmented(arguments.series)
        cases[arguments.series.parent.name] = measure(anatomy, _a_foramen(anatomy))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    machine = f"{os.cpu_count()} cores, {platform.machine()}, numpy {np.__version__}"
    report = {"machine": machine, "peak_memory_mib": round(peak_mib), "cases": cases}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def _a_foramen(anatomy: Anatomy) -> np.ndarray:
    """Centre of the middle foramen on the left."""
    left = [f for f in anatomy.foramina if f.side.sign > 0]
    return left[len(left) // 2].center_mm


def _segmented(series: Path) -> Anatomy:
    from dicom_io.series import read_series  # noqa: PLC0415 - only where a scan is named
    from planner.anatomy.segment import segment  # noqa: PLC0415

    return segment(read_series(series).volume)


if __name__ == "__main__":
    main()
