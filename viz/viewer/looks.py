"""Where each pane looks: one set of values from which every plane is computed.

In: the crosshair, the needle, scrolls and zooms. Out: planes in LPS mm, with letters and all, from ``viz.planes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from planner.geometry import FloatArray, VolumeGeometry, frozen
from planner.plan import PlannedTrajectory
from planner.structures import Pose, Structure
from viz.palette import BONE_WINDOW, LUNG_WINDOW, SOFT_TISSUE, SPINE, Window
from viz.planes import Plane, axial, coronal, down_the_needle, needle_plane, sagittal
from viz.viewer.scan import Projection, Slab
from viz.viewer.session import along

AXIAL, NEEDLE, SCENE, SAGITTAL, CORONAL, DOWN = "axial", "needle", "scene", "sagittal", "coronal", "down"
PANES = (AXIAL, NEEDLE, SCENE, SAGITTAL, CORONAL, DOWN)
OBLIQUE = (NEEDLE, DOWN)
"""Planes that follow the needle."""

FIELD_MM = {AXIAL: 230.0, SAGITTAL: 230.0, CORONAL: 230.0, DOWN: 80.0}
"""Shown across a pane's longer edge at first; the needle's plane shows the needle and ``AROUND_NEEDLE_MM``."""

AROUND_NEEDLE_MM = 70.0
CT_WINDOWS = (BONE_WINDOW, SOFT_TISSUE, SPINE, LUNG_WINDOW)
"""On keys 1 to 4."""

SLABS = (
    Slab(),
    Slab(5.0, Projection.MAXIMUM),
    Slab(10.0, Projection.MAXIMUM),
    Slab(10.0, Projection.MINIMUM),
    Slab(5.0),
)
_NARROWEST_HU = 1.0
_ZOOM = (0.05, 3.0)


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Crosshair, depth along the needle, zoom and pan of each pane, window and slab of all."""

    cross_mm: FloatArray
    window: Window
    depth_mm: float = 0.0
    needle_offset_mm: float = 0.0
    slab: int = 0
    shows_outlines: bool = True
    hidden: frozenset[Structure] = frozenset()
    """Structures without outline."""
    colours: Mapping[Structure, tuple[int, int, int]] = field(default_factory=dict)
    """Outlines in a colour of a person's choice."""
    anterior_up: bool = False
    blend: float = 0.0
    """Share of an earlier scan over today's, 0 to 1."""
    zoom: Mapping[str, float] = field(default_factory=dict)
    pan_mm: Mapping[str, FloatArray] = field(default_factory=dict)

    def zoomed(self, name: str, factor: float) -> Looks:
        """Pixels ``factor`` times as large."""
        wanted = float(np.clip(self.zoom.get(name, 1.0) * factor, *_ZOOM))
        return replace(self, zoom={**self.zoom, name: wanted})

    def panned(self, name: str, by_mm: FloatArray) -> Looks:
        """The picture's centre moved in LPS."""
        return replace(self, pan_mm={**self.pan_mm, name: self.pan_mm.get(name, np.zeros(3)) + by_mm})

    def at(self, point_mm: FloatArray) -> Looks:
        """The crosshair elsewhere."""
        return replace(self, cross_mm=frozen(point_mm))

    def widened(self, across_px: float, up_px: float) -> Looks:
        """The window as a drag changes it: width across, centre up and down, both in proportion to the width."""
        step = max(self.window.width, _NARROWEST_HU) / 300
        width = max(_NARROWEST_HU, self.window.width + across_px * step)
        return replace(self, window=Window(self.window.center + up_px * step, width))


def mr_windows(percentiles: tuple[float, ...]) -> tuple[Window, ...]:
    """Four windows around the signal's 2nd, 50th and 98th percentile: a signal has no unit to fix one in."""
    low, middle, high = percentiles
    spread = max(high - low, 1.0)
    shares = ((0.0, 1.5), (0.0, 1.0), (0.1, 0.7), (0.3, 1.0))
    return tuple(Window(middle + up * spread, width * spread) for up, width in shares)


def plane_of(name: str, looks: Looks, path: PlannedTrajectory | None, pose: Pose, home_mm: FloatArray) -> Plane | None:
    """The plane a pane shows; None where it needs a needle and there is none.

    An orthogonal plane's picture is centred on ``home_mm`` and its pan; the crosshair only says which plane it is.
    """
    if name in OBLIQUE:
        return None if path is None else _oblique(name, looks, path)
    base = orthogonal(name, home_mm, pose, anterior_up=looks.anterior_up)
    center = home_mm + looks.pan_mm.get(name, np.zeros(3))
    off_mm = float((looks.cross_mm - center) @ base.toward_viewer)
    return replace(base, center_mm=frozen(center + off_mm * base.toward_viewer))


def orthogonal(name: str, at_mm: FloatArray, pose: Pose, *, anterior_up: bool) -> Plane:
    """Axial, sagittal or coronal through a point."""
    if name == AXIAL:
        return axial(at_mm, Pose.SUPINE if anterior_up else pose, 1.0)
    return sagittal(at_mm, 1.0) if name == SAGITTAL else coronal(at_mm, 1.0)


def slice_step(geometry: VolumeGeometry, plane: Plane) -> FloatArray:
    """One slice along a plane's normal [mm], towards the viewer."""
    spacing = float(np.abs(geometry.axes.T @ plane.toward_viewer) @ geometry.spacing_mm)
    return frozen(spacing * plane.toward_viewer)


def _oblique(name: str, looks: Looks, path: PlannedTrajectory) -> Plane:
    if name == NEEDLE:
        base = needle_plane(path.entry_mm, path.target_mm, 1.0)
        center = base.center_mm + looks.needle_offset_mm * base.toward_viewer
    else:
        base = down_the_needle(path.entry_mm, path.target_mm, 1.0)
        center = along(path, looks.depth_mm)
    return replace(base, center_mm=frozen(center + looks.pan_mm.get(name, np.zeros(3))))


def pixel_mm(name: str, looks: Looks, path: PlannedTrajectory | None, size: tuple[int, int]) -> float:
    """Millimetres for each pixel, so that the field fits the pane."""
    if name == NEEDLE and path is not None:
        reach = (
            np.abs(needle_plane(path.entry_mm, path.target_mm, 1.0).in_plane_mm(path.entry_mm)) * 2 + AROUND_NEEDLE_MM
        )
        fitting = max(float(reach[0]) / size[0], float(reach[1]) / size[1])
    else:
        fitting = FIELD_MM.get(name, 200.0) / max(size)
    return fitting * looks.zoom.get(name, 1.0)
