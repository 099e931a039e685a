"""Canal, thecal sac and nerve roots, and the foramina they leave through.

In: the placed spine. Out: labelled solids, and landmarks in LPS mm: exact for roots and pedicle borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import FloatArray, frozen
from planner.structures import Part, Side, SpineLevel, Structure
from sample_data.scene import Material, Solid, label
from sample_data.shapes import RoundedBox, Shape, smooth_path, tube
from sample_data.spine import CANAL_OFFSET_MM, PlacedInterspace, Spine
from sample_data.tissue import Tissue

SAC_END_MM = 42.0
"""How far below S1's middle the sac ends, at S2 (assumed)."""

ROOT_RADIUS_MM = 1.8
"""Of a root in the recess and beyond the ganglion (assumed)."""

_CANAL = ((-3.5, 7.8), (0.0, 7.8), (3.5, 7.8))
_SAC = ((-2.5, 6.2), (0.0, 6.3), (2.5, 6.2))
_FAT_HU, _SAC_HU, _NERVE_HU = -80.0, 22.0, 35.0


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """One root: (n, 3) course from inside the sac to the psoas, a radius at each point, its ganglion."""

    gap: PlacedInterspace
    side: Side
    course_mm: FloatArray
    radii_mm: FloatArray
    ganglion_mm: FloatArray
    ganglion_from: int
    ganglion_to: int


def canal_line(spine: Spine, x_mm: float = 0.0) -> FloatArray:
    """(n, 3) along the canal's middle, cranial to caudal, from T10 to S3."""
    line = spine.beside(x_mm, CANAL_OFFSET_MM)
    sacrum = spine.vertebrae[-1]
    wall = sacrum.back_wall_mm
    lower = [sacrum.frame.point(x_mm, wall + 5.5, -28.0), sacrum.frame.point(x_mm * 0.7, wall + 1.0, -55.0)]
    top = 2 * line[0] - line[1]
    return smooth_path(np.concatenate([[top], line, lower]))


def _bundle(spine: Spine, strands: tuple[tuple[float, float], ...], keep: slice = slice(None)) -> tuple[Shape, ...]:
    shapes: list[Shape] = []
    for x, radius in strands:
        line = canal_line(spine, x)[keep]
        radii = np.full(len(line), radius)
        radii[-10:] *= np.linspace(1.0, 0.65, 10)  # it tapers in the sacrum
        shapes += tube(line, radii)
    return tuple(shapes)


def canal_solid(spine: Spine) -> Solid:
    """The canal, full of epidural fat."""
    return Solid(label(Structure.CANAL), _bundle(spine, _CANAL), Material(_FAT_HU))


def sac_solid(spine: Spine) -> Solid:
    """The thecal sac, down to S2."""
    return Solid(label(Structure.THECAL_SAC), _bundle(spine, _SAC, slice(0, -5)), Material(_SAC_HU))


def cord_solid(spine: Spine) -> Solid:
    """The cord down to L1 and the conus; without a label of its own: it lies inside the sac."""
    line = canal_line(spine)
    end = int(np.argmin(np.linalg.norm(line - spine.vertebrae[3].frame.point(0, 25, -8), axis=1)))
    radii = np.concatenate([np.full(max(end - 8, 1), 4.2), np.linspace(4.2, 1.0, 8)])[:end]
    return Solid(None, tube(line[:end], radii), Material(38.0, tissue=Tissue.NERVE))


def flavum_solid(gap: PlacedInterspace) -> Solid:
    """The ligament behind the canal, from lamina to lamina; no label of its own."""
    shapes = tuple(
        RoundedBox(
            gap.frame.at(side.sign * 6.0, gap.depth_mm / 2 + 19.6, 0.0).turned(2, -side.sign * 22.0),
            (6.5, 1.6, 9.0 + gap.height_mm / 2),
            1.4,
        )
        for side in Side
    )
    return Solid(None, shapes, Material(62.0, tissue=Tissue.LIGAMENT))


def root_of(gap: PlacedInterspace, side: Side) -> Root:
    """Leaves the sac beside the upper pedicle, passes under it, swells to the ganglion, goes on into the psoas.

    The ganglion lies about a third of the foramen's height below the pedicle, under its middle
    (Silverstein 2015, PMC4337191).
    """
    v = gap.upper
    out, under = v.pedicle_x_mm, v.pedicle_z_mm - v.sizes.pedicle_height / 2
    half, wall = v.sizes.pedicle_width / 2, v.back_wall_mm
    ganglion_radius = 3.2 if v.sizes.pedicle_width > 11 else 2.8
    below = under - ganglion_radius - 2.2
    local = np.array(
        [
            [5.5, wall + 8.5, under + 9.0],
            [9.2, wall + 7.2, under + 2.0],
            [out - half + 0.5, wall + 6.0, under - 3.4],
            [out, wall + 5.0, below],
            [out + half + 1.5, wall + 3.5, below - 4.0],
            *([out + half + x, wall + y, below + z] for x, y, z in _way_out(gap)),
        ]
    )
    local[:, 0] *= side.sign
    radii = np.array([1.2, 1.6, ROOT_RADIUS_MM, ganglion_radius, ROOT_RADIUS_MM + 0.3, 2.0, 2.0])
    path = smooth_path(np.column_stack([local, radii]), 5)
    return Root(gap, side, v.frame.points(path[:, :3]), frozen(path[:, 3]), v.frame.point(*local[3]), 12, 18)


def _way_out(gap: PlacedInterspace) -> tuple[tuple[float, float, float], ...]:
    """From the ganglion on: down into the psoas; above the sacrum forwards, over its ala; between ribs outwards."""
    if gap.lower.level is SpineLevel.S1:
        return (5.0, -9.0, -6.5), (8.0, -26.0, -14.0)
    if gap.upper.level.region == "T" and gap.lower.level.region == "T":
        return (7.0, 0.0, -2.0), (16.0, 6.0, -3.5)
    return (8.0, -3.5, -10.0), (12.0, -12.0, -19.0)


def root_solids(root: Root) -> list[Solid]:
    """The whole root, then its ganglion over it."""
    pieces = tube(root.course_mm, root.radii_mm)
    entries = (
        (pieces, Part.ROOT),
        (pieces[root.ganglion_from : root.ganglion_to], Part.GANGLION),
    )
    level = root.gap.upper.level
    return [
        Solid(label(Structure.NERVE_ROOT, level, root.side, part), shapes, Material(_NERVE_HU))
        for shapes, part in entries
    ]


def pedicle_borders(gap: PlacedInterspace, side: Side) -> tuple[FloatArray, FloatArray]:
    """Lowest point of the upper pedicle and highest of the lower one, (3,) each, at the pedicles' middle."""
    points = []
    for v, sign in ((gap.upper, -1.0), (gap.lower, 1.0)):
        z = v.pedicle_z_mm + sign * v.sizes.pedicle_height / 2
        points.append(v.frame.point(side.sign * v.pedicle_x_mm, v.back_wall_mm + 4.5, z))
    return points[0], points[1]


def foramen_center_mm(gap: PlacedInterspace, side: Side) -> FloatArray:
    """(3,) halfway between the two pedicles."""
    above, below = pedicle_borders(gap, side)
    return frozen((above + below) / 2)
