"""Sacrum and iliac wings, with open sacral foramina and sacroiliac gaps.

In: the placed spine. Out: labelled solids. Sizes are assumed; the pelvis follows S1's frame.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray, frozen, unit
from planner.structures import Part, Side, SpineLevel, Structure
from sample_data.scene import Solid, bone_material, label
from sample_data.shapes import Frame, RoundedBox, RoundedColumn, Shape, smooth_path, tube
from sample_data.spine import Spine
from sample_data.vertebrae import body_outline, sacral_processes

SACROILIAC_GAP_MM = 2.5
"""Between the bony faces (assumed)."""

_SEGMENTS = (
    (SpineLevel.S1, 0.0, 0.0, 50.0, 31.0, 30.0, 20.5),
    (SpineLevel.S2, -29.0, 1.5, 36.0, 22.0, 28.5, 19.0),
    (SpineLevel.S3, -56.0, 1.0, 28.0, 16.0, 27.5, 16.0),
)
"""Level, local z and y of the middle in S1's frame, width, depth, height, and from the back wall to the lamina."""

_WING_HEIGHTS = [(6, -50), (-10, 22), (2, 48), (24, 66), (50, 70), (74, 58), (88, 22), (78, -22), (46, -52)]


def _flat(frame: Frame, outline: FloatArray, thickness_mm: float, rounding_mm: float) -> RoundedColumn:
    edge = min(2.0, thickness_mm / 2 - 0.5)
    half = thickness_mm / 2 - edge
    profile = frozen([(-200.0, -half), (-edge, -half), (-edge, half), (-200.0, half)])
    return RoundedColumn(frame, outline, rounding_mm, profile, edge)


def wing_frame(spine: Spine, side: Side) -> Frame:
    """At the sacroiliac joint; axes: forwards along the wing, upwards along it, to lateral."""
    lateral = unit(np.array([side.sign * 0.93, 0.34, -0.12]))
    up = np.array([side.sign * 0.1, -0.18, 0.98])
    up = unit(up - up @ lateral * lateral)
    forward = np.cross(lateral, up) * side.sign
    origin = spine.vertebrae[-1].frame.origin_mm + np.array([side.sign * 55.0, 14.0, -14.0])
    return Frame(frozen(origin), frozen(np.stack([forward, up, lateral], axis=1)))


def ilium_solid(spine: Spine, side: Side, marrow_hu: float) -> Solid:
    """A plate at the joint and a thinner one that flares forwards, under a thick crest."""
    joint = wing_frame(spine, side)
    back = frozen([(-34, -30), (-36, 14), (-16, 30), (10, 34), (16, 6), (14, -34), (-8, -44)])
    axes = joint.axes
    flare = unit(axes[:, 0] + 0.62 * axes[:, 2])
    up = unit(axes[:, 1] + 0.28 * axes[:, 2] - (axes[:, 1] + 0.28 * axes[:, 2]) @ flare * flare)
    out = np.cross(flare, up) * (1.0 if np.cross(flare, up) @ axes[:, 2] > 0 else -1.0)
    wing = Frame(joint.point(10.0, 9.0, 1.0), frozen(np.stack([flare, up, out], axis=1)))
    outline = frozen(_WING_HEIGHTS)
    crest = wing.points([(*corner, 0.0) for corner in _WING_HEIGHTS[1:7]])
    shapes: tuple[Shape, ...] = (
        _flat(joint, back, 13.0, 3.0),
        _flat(wing, outline, 8.0, 3.0),
        *tube(smooth_path(crest, 4), 6.5),
    )
    return Solid(label(Structure.ILIUM, None, side), shapes, bone_material(marrow_hu * 0.7, 1.5))


def sacrum_solids(spine: Spine, marrow_hu: float) -> list[Solid]:
    """Three segments' bodies, alae, lateral masses, laminae and S1's superior articular processes."""
    sacrum = spine.vertebrae[-1].frame
    posterior: list[Shape] = [_lateral_mass(spine, side) for side in Side]
    bodies: list[Solid] = []
    thin, thick = bone_material(marrow_hu * 0.8, 0.9), bone_material(marrow_hu * 0.8, 1.5)
    for level, z, y, width, depth, height, lamina in _SEGMENTS:
        posterior += _segment_arch(sacrum.at(0, y, z), width, depth, lamina)
        half = height / 2 - 1.2
        profile = frozen([(-60.0, -half), (-1.2, -half), (-2.5, 0.0), (-1.2, half), (-60.0, half)])
        column = RoundedColumn(sacrum.at(0, y, z), body_outline(width, depth), 5.0, profile, 1.2)
        bodies.append(Solid(label(Structure.SACRUM, level, None, Part.BODY), (column,), thin))
    arch = Solid(label(Structure.SACRUM, SpineLevel.S1, None, Part.POSTERIOR), tuple(posterior), thick)
    processes = [
        Solid(label(Structure.SACRUM, SpineLevel.S1, side, Part.SUPERIOR_ARTICULAR_PROCESS), (box,), thick)
        for side, box in sacral_processes(spine)
    ]
    return [arch, *processes, *bodies]


def _lateral_mass(spine: Spine, side: Side) -> RoundedBox:
    thickness = 15.0
    joint = wing_frame(spine, side)
    frame = joint.at(-2.0, -6.0, -(13.0 + thickness) / 2 - SACROILIAC_GAP_MM)
    return RoundedBox(frame, (21.0, 30.0, thickness / 2), 6.0)


def _segment_arch(frame: Frame, width: float, depth: float, lamina: float) -> list[Shape]:
    """Ala, pedicle and lamina on both sides, and the median crest."""
    wall, ala = depth / 2, 16.0 if width > 45 else 12.0
    shapes: list[Shape] = [RoundedBox(frame.at(0, wall + lamina + 4.0, -3.0), (3.0, 5.5, 9.0), 2.5)]
    for side in Side:
        sign = side.sign
        shapes += [
            RoundedBox(frame.at(sign * (width / 2 + ala - 10.0), 1.0, 2.0), (ala, depth / 2 - 1.0, 8.5), 5.0),
            RoundedBox(frame.at(sign * 17.5, wall + 6.0, 2.0), (5.0, 10.0, 7.0), 4.0),
            RoundedBox(frame.at(sign * 15.5, wall + lamina - 7.0, 1.0), (3.5, 6.0, 10.5), 3.0),
            RoundedBox(frame.at(sign * 8.5, wall + lamina, -4.5).turned(2, -sign * 12.0), (10.5, 2.6, 14.8), 2.2),
        ]
    return shapes
