"""The trunk's outline, its wall, the rib cage, the table, and what hangs on them: ribs and lungs.

In: the placed spine and the parameters. Out: shapes and labelled solids in LPS mm.
Outlines are superellipses whose size changes along z; their distance is of first order (exact at the surface).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import AnyArray, FloatArray, frozen
from planner.structures import Pose, Side, Structure
from sample_data.scene import Material, Solid, bone_material, label
from sample_data.shapes import Points, Shape, smooth_path, tube
from sample_data.spine import PlacedVertebra, Spine
from sample_data.tissue import Tissue
from sample_data.vertebrae import transverse_tip_mm

_HEIGHTS_MM = frozen([-260.0, -170.0, -110.0, -60.0, 0.0, 60.0, 120.0, 240.0])
_HALF_WIDTHS_MM = frozen([178.0, 178.0, 174.0, 165.0, 160.0, 160.0, 158.0, 155.0])
_FRONTS_MM = frozen([-96.0, -98.0, -102.0, -106.0, -106.0, -104.0, -104.0, -106.0])
_BACKS_MM = frozen([124.0, 126.0, 122.0, 114.0, 110.0, 110.0, 112.0, 116.0])
_POWER = 2.5
"""Of the superellipse: rounder than a box, fuller than an ellipse (assumed)."""

TABLE_GAP_MM = 2.0
"""Between skin and table: a sheet."""

CAVITY_INSET_MM = 29.0
"""From the skin to the inside of the muscular wall (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class TrunkShell:
    """The trunk shrunk by ``inset_mm``, flattened where it lies on the table."""

    pose: Pose
    inset_mm: float = 0.0
    lowest_mm: float = -1e4
    highest_mm: float = 1e4

    def distance_mm(self, points: Points) -> AnyArray:
        """First order; negative inside."""
        z = points[2]
        width, front, back = (
            np.interp(z, _HEIGHTS_MM, row).astype(z.dtype) for row in (_HALF_WIDTHS_MM, _FRONTS_MM, _BACKS_MM)
        )
        half_x, half_y = width - self.inset_mm, (back - front) / 2 - self.inset_mm
        x, y = np.abs(points[0]) / half_x, np.abs(points[1] - (back + front) / 2) / half_y
        x_steep, y_steep = x * np.sqrt(x), y * np.sqrt(y)
        excess = x_steep * x + y_steep * y - 1.0
        slope = np.sqrt((x_steep / half_x) ** 2 + (y_steep / half_y) ** 2) * _POWER
        return np.asarray(np.maximum(excess / np.maximum(slope, 1e-6), self._flat(points[1])))

    def _flat(self, y: AnyArray) -> AnyArray:
        plane = flat_y_mm(self.pose)
        return (y - plane if self.pose is Pose.SUPINE else plane - y) + self.inset_mm

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        return np.array(
            [
                [-_HALF_WIDTHS_MM.max(), _FRONTS_MM.min(), self.lowest_mm],
                [_HALF_WIDTHS_MM.max(), _BACKS_MM.max(), self.highest_mm],
            ]
        )


def inside_cavity(points_mm: FloatArray, pose: Pose, room_mm: float) -> FloatArray:
    """(n, 3) points, drawn inwards until each has ``room_mm`` to the muscular wall."""
    inset = CAVITY_INSET_MM + room_mm
    width, front, back = (
        np.interp(points_mm[:, 2], _HEIGHTS_MM, row) for row in (_HALF_WIDTHS_MM, _FRONTS_MM, _BACKS_MM)
    )
    middle = (back + front) / 2
    x, y = points_mm[:, 0], points_mm[:, 1] - middle
    size = (np.abs(x / (width - inset)) ** _POWER + np.abs(y / (middle - front - inset)) ** _POWER) ** (1 / _POWER)
    shrink = 1.0 / np.maximum(size, 1.0)
    plane = flat_y_mm(pose)
    y = middle + y * shrink
    y = np.minimum(y, plane - inset) if pose is Pose.SUPINE else np.maximum(y, plane + inset)
    return np.stack([x * shrink, y, points_mm[:, 2]], axis=1)


def flat_y_mm(pose: Pose) -> float:
    """LPS y of the plane that the table presses the skin to."""
    return float(_BACKS_MM.max() - 8.0) if pose is Pose.SUPINE else float(_FRONTS_MM.min() + 12.0)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One shape without another; the distance is a lower bound near the rim of the cut."""

    solid: Shape
    without: Shape

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact away from the rim where both shapes are."""
        return np.asarray(np.maximum(self.solid.distance_mm(points), -self.without.distance_mm(points)))

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        return self.solid.bounds_mm


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """The part of one shape that lies in another; the distance is a lower bound near their common rim."""

    solid: Shape
    container: Shape

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact away from the rim where both shapes are."""
        return np.asarray(np.maximum(self.solid.distance_mm(points), self.container.distance_mm(points)))

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        inner, outer = self.solid.bounds_mm, self.container.bounds_mm
        return np.stack([np.maximum(inner[0], outer[0]), np.minimum(inner[1], outer[1])])


@dataclass(frozen=True, slots=True, eq=False)
class HalfSpace:
    """All points on one side of a plane; ``normal`` is a unit vector that points out of it."""

    point_mm: FloatArray
    normal: FloatArray

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact."""
        point, normal = self.point_mm.astype(points[0].dtype), self.normal.astype(points[0].dtype)
        return np.asarray(sum((points[axis] - point[axis]) * normal[axis] for axis in range(3)))

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        return np.array([[-1e4] * 3, [1e4] * 3])


@dataclass(frozen=True, slots=True, eq=False)
class TableShell:
    """A curved plate along z below the patient: the hollow of a cylinder's wall."""

    pose: Pose
    depth_mm: float
    thickness_mm: float

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact away from the plate's ends."""
        towards = 1.0 if self.pose is Pose.SUPINE else -1.0
        top = flat_y_mm(self.pose) + towards * (TABLE_GAP_MM + self.depth_mm)
        radius = 900.0
        sink = np.sqrt(points[0] ** 2 + ((points[1] - top) * towards + radius) ** 2) - radius
        wall = np.abs(sink - self.thickness_mm / 2) - self.thickness_mm / 2
        return np.asarray(np.maximum(wall, np.abs(points[0]) - 210.0))

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        y = flat_y_mm(self.pose)
        return np.array([[-212.0, y - 90.0, -1e4], [212.0, y + 90.0, 1e4]])


def table_solids(pose: Pose) -> list[Solid]:
    """Carbon fibre skins around foam; the lower skin lies 45 mm deeper."""
    return [
        Solid(None, (TableShell(pose, 1.5, 45.0),), Material(-940.0, tissue=Tissue.NOTHING)),
        Solid(None, (TableShell(pose, 0.0, 2.0),), Material(-40.0, tissue=Tissue.NOTHING)),
        Solid(None, (TableShell(pose, 45.0, 2.5),), Material(-40.0, tissue=Tissue.NOTHING)),
    ]


def wall_solids(pose: Pose) -> list[Solid]:
    """Skin, subcutaneous fat, the muscular wall, and the fat inside it."""
    return [
        Solid(label(Structure.SKIN), (TrunkShell(pose),), Material(35.0)),
        Solid(label(Structure.BODY), (TrunkShell(pose, 2.0),), Material(-105.0)),
        Solid(label(Structure.MUSCLE), (TrunkShell(pose, 17.0),), Material(52.0)),
        Solid(label(Structure.BODY), (TrunkShell(pose, CAVITY_INSET_MM),), Material(-98.0)),
    ]


def rib_course(spine: Spine, v: PlacedVertebra, side: Side) -> FloatArray:
    """(n, 3) from the costovertebral joint past the transverse process and along the trunk's wall."""
    index = spine.vertebrae.index(v)
    sweep, drop = ((118.0, 105.0), (92.0, 95.0), (52.0, 62.0))[min(index, 2)]
    head = v.frame.point(side.sign * (v.sizes.width / 2 + 4.5), v.back_wall_mm - 3.0, v.sizes.height / 2 - 6.0)
    tip = transverse_tip_mm(v, side) + np.array([side.sign * 7.0, -3.0, 1.0])
    angles = np.radians(np.linspace(24.0, 24.0 + sweep, 9))
    fall = np.linspace(0.12, 1.0, 9) ** 1.15
    wall = np.array([_on_wall(a, side, tip[2] - drop * f) for a, f in zip(angles, fall, strict=True)])
    return smooth_path(np.concatenate([[head, tip], wall[wall[:, 0] * side.sign > tip[0] * side.sign + 8.0]]), 4)


def _on_wall(angle: float, side: Side, z_mm: float) -> FloatArray:
    """A point 23 mm under the skin, ``angle`` from posterior round to the side."""
    width, front, back = (np.interp(z_mm, _HEIGHTS_MM, row) for row in (_HALF_WIDTHS_MM, _FRONTS_MM, _BACKS_MM))
    sin, cos = np.sin(angle), np.cos(angle)
    x = (width - 23.0) * abs(sin) ** (2 / _POWER)
    y = (back + front) / 2 + ((back - front) / 2 - 23.0) * np.sign(cos) * abs(cos) ** (2 / _POWER)
    return np.array([side.sign * x, y, z_mm])


def rib_solids(spine: Spine, marrow_hu: float) -> list[Solid]:
    """Ribs 10, 11 and 12: two parallel tubes each make the flat section."""
    solids = []
    for v in spine.vertebrae[:3]:
        for side in Side:
            line = rib_course(spine, v, side)
            radii = np.interp(np.arange(len(line)), [0, 4, 10, len(line) - 1], [4.2, 3.6, 3.9, 3.2])
            lower = line - np.array([0.0, 0.0, 4.0])
            shapes = (*tube(line, radii), *tube(lower[5:], radii[5:]))
            solids.append(Solid(label(Structure.RIB, v.level, side), shapes, bone_material(marrow_hu * 0.8, 1.3)))
    return solids
