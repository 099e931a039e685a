"""One vertebra's bone: body, arch, processes, and the two joints below it with open gaps.

In: placed vertebrae and interspaces. Out: labelled solids, and the landmarks that follow from the same numbers.
Local coordinates: x left, y posterior (from the body's middle), z cranial; sizes are assumed, near Panjabi 1992.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import FloatArray, frozen
from planner.structures import Part, Side, Structure
from sample_data.scene import Material, Solid, bone_material, label
from sample_data.shapes import Ball, Frame, RoundCone, RoundedBox, RoundedColumn, Shape
from sample_data.spine import PlacedInterspace, PlacedVertebra, Spine

FACET_GAP_MM = 2.0
"""Between the bony faces of a joint: two layers of cartilage of about 1 mm (assumed)."""

_SIDES = (Side.LEFT, Side.RIGHT)
_ROUNDING_MM = 5.0
_EDGE_MM = 1.2


def body_outline(width_mm: float, depth_mm: float) -> FloatArray:
    """(m, 2) corners of a body's outline before rounding: oval with a flat back."""
    half_width, half_depth = width_mm / 2 - _ROUNDING_MM, depth_mm / 2 - _ROUNDING_MM
    angle = np.radians(np.arange(0, 360, 20.0))
    x = half_width * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.8
    y = half_depth * (0.125 + 1.125 * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.8)
    return frozen(np.stack([x, np.minimum(y, half_depth)], axis=1))


def _body(v: PlacedVertebra) -> RoundedColumn:
    half = v.sizes.height / 2 - _EDGE_MM
    waist = [(0.0, -1.0), (1.7, -0.6), (2.6, 0.0), (1.7, 0.6), (0.0, 1.0)]
    wall = [(-_EDGE_MM - depth, height * half) for depth, height in waist]
    profile = frozen([(-60.0, -half), *wall, (-60.0, half)])
    return RoundedColumn(v.frame, body_outline(v.sizes.width, v.sizes.depth), _ROUNDING_MM, profile, _EDGE_MM)


def disc_solid(gap: PlacedInterspace) -> Solid:
    """Three plates that fill the wedge between two end-plates without entering bone."""
    lean = gap.upper.frame.axes[:, 2] @ gap.lower.frame.axes[:, 1]
    opening = abs(float(lean)) * gap.depth_mm / 2
    plate = max(gap.height_mm - opening - 0.2, 2.4)
    top = gap.upper.frame.at(0, 0, -gap.upper.sizes.height / 2 - plate / 2 + 0.3)
    bottom = gap.lower.frame.at(0, 0, gap.lower.sizes.height / 2 + plate / 2 - 0.3)
    shapes = tuple(_plate(gap, frame, plate) for frame in (top, gap.frame, bottom))
    return Solid(label(Structure.DISC, gap.upper.level), shapes, Material(80.0))


def _plate(gap: PlacedInterspace, frame: Frame, thickness_mm: float) -> RoundedColumn:
    half = thickness_mm / 2 - _EDGE_MM + 0.01
    profile = frozen([(-60.0, -half), (-_EDGE_MM - 0.6, -half), (-_EDGE_MM - 0.6, half), (-60.0, half)])
    return RoundedColumn(frame, body_outline(gap.width_mm, gap.depth_mm), _ROUNDING_MM, profile, _EDGE_MM)


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """One facet joint: its middle, and axes across the gap (to posteromedial), along it (to posterolateral), cranial."""

    gap: PlacedInterspace
    side: Side
    frame: Frame

    @property
    def is_thoracic(self) -> bool:
        """Coronal, thinner processes."""
        return self.gap.upper.level.region == "T" and self.gap.lower.level.region == "T"

    @property
    def superior_process(self) -> RoundedBox:
        """Of the lower vertebra: anterolateral of the gap."""
        thickness = 4.5 if self.is_thoracic else 7.5
        half = (thickness / 2, 6.0 if self.is_thoracic else 7.0, 11.0)
        return RoundedBox(self.frame.at(-(FACET_GAP_MM + thickness) / 2, 0, -5.0), half, min(3.0, thickness / 2 - 0.1))

    @property
    def inferior_process(self) -> RoundedBox:
        """Of the upper vertebra: posteromedial of the gap."""
        thickness = 4.5 if self.is_thoracic else 7.0
        half = (thickness / 2, 6.0 if self.is_thoracic else 6.5, 11.0)
        return RoundedBox(self.frame.at((FACET_GAP_MM + thickness) / 2, 0, 5.0), half, min(3.0, thickness / 2 - 0.1))

    @property
    def posterior_gap_mm(self) -> FloatArray:
        """(3,) in the middle of the gap, 5 mm behind the joint's middle."""
        return self.frame.point(0, 5.0, 0)


def joint_of(gap: PlacedInterspace, side: Side) -> Joint:
    """The joint of one interspace and side."""
    sizes = gap.upper.sizes
    angle = np.radians(sizes.facet_deg)
    across = np.array([-side.sign * np.cos(angle), np.sin(angle), 0.0])
    along = np.array([side.sign * np.sin(angle), np.cos(angle), 0.0])
    thoracic = gap.upper.level.region == "T" and gap.lower.level.region == "T"
    behind = gap.depth_mm / 2 + (20.5 if thoracic else 18.5)
    origin = gap.frame.point(side.sign * (sizes.facet_x + (1.5 if thoracic else 0.0)), behind, 0.0)
    axes = gap.frame.axes @ np.stack([across, along, [0.0, 0.0, 1.0]], axis=1)
    return Joint(gap, side, Frame(frozen(origin), frozen(axes)))


def pedicle(v: PlacedVertebra, side: Side) -> RoundedBox:
    """From 6 mm inside the body to the articular pillar."""
    half = (v.sizes.pedicle_width / 2, 9.5, v.sizes.pedicle_height / 2)
    frame = v.frame.at(side.sign * v.pedicle_x_mm, v.back_wall_mm + 3.5, v.pedicle_z_mm)
    return RoundedBox(frame, half, v.sizes.pedicle_width / 2 - 0.4)


def _arch(v: PlacedVertebra) -> list[Shape]:
    wall = v.back_wall_mm
    height = -v.sizes.height / 2 + 9.0
    plate = (8.0, 2.6, 8.0) if v.level.region == "T" else (9.5, 3.0, 10.5)
    shapes: list[Shape] = []
    for side in _SIDES:
        lamina = v.frame.at(side.sign * 8.0, wall + 20.0, height).turned(2, -side.sign * 22.0)
        shapes += [pedicle(v, side), RoundedBox(lamina, plate, 2.5)]
    if v.level.region == "T":
        spinous = v.frame.at(0, wall + 35.0, height - 3.0).turned(0, -22.0)
        return [*shapes, RoundedBox(spinous, (3.2, 15.0, 6.0), 2.6)]
    spinous = v.frame.at(0, wall + 36.0, height - 2.5).turned(0, -8.0)
    return [*shapes, RoundedBox(spinous, (3.6, 15.0, 10.5), 2.8)]


def transverse_tip_mm(v: PlacedVertebra, side: Side) -> FloatArray:
    """(3,) middle of the transverse process's tip."""
    return v.frame.point(side.sign * v.sizes.transverse_reach, v.back_wall_mm + 14.0, v.pedicle_z_mm - 2.0)


def _transverse(v: PlacedVertebra, side: Side) -> RoundCone:
    base = v.frame.point(
        side.sign * (v.pedicle_x_mm + v.sizes.pedicle_width / 2 - 2.0), v.back_wall_mm + 10.0, v.pedicle_z_mm - 2.5
    )
    thick = 6.5 if v.sizes.pedicle_width > 13 else 5.0
    return RoundCone(base, transverse_tip_mm(v, side), thick, 3.8)


def _pars(v: PlacedVertebra, joint: Joint) -> RoundCone:
    top = v.frame.point(joint.side.sign * v.pedicle_x_mm, v.back_wall_mm + 12.0, v.pedicle_z_mm - 1.0)
    bottom = joint.inferior_process.frame.point(0, 0, 8.0)
    return RoundCone(top, bottom, 4.5, 3.6)


def vertebra_solids(
    v: PlacedVertebra, above: PlacedInterspace | None, below: PlacedInterspace, marrow_hu: float
) -> list[Solid]:
    """Posterior elements first, then articular processes, then the body: later labels win."""
    arch = _arch(v)
    processes: list[tuple[Part, Side, Shape]] = []
    for side in _SIDES:
        lower = joint_of(below, side)
        arch += [_transverse(v, side), _pars(v, lower)]
        processes.append((Part.INFERIOR_ARTICULAR_PROCESS, side, lower.inferior_process))
        if above is not None:
            processes.append((Part.SUPERIOR_ARTICULAR_PROCESS, side, joint_of(above, side).superior_process))
    bone, thick, thin = Structure.VERTEBRA, bone_material(marrow_hu, 1.6), bone_material(marrow_hu, 0.9)
    return [
        Solid(label(bone, v.level, None, Part.POSTERIOR), tuple(arch), thick),
        *(Solid(label(bone, v.level, side, part), (shape,), thick) for part, side, shape in processes),
        Solid(label(bone, v.level, None, Part.BODY), (_body(v),), thin),
    ]


def spine_solids(spine: Spine, marrow_hu: float) -> list[Solid]:
    """All vertebrae above the sacrum."""
    solids: list[Solid] = []
    for n, v in enumerate(spine.vertebrae[:-1]):
        above = spine.interspaces[n - 1] if n else None
        solids += vertebra_solids(v, above, spine.interspaces[n], marrow_hu)
    return solids


def screw_solids(spine: Spine) -> list[Solid]:
    """Titanium screws of 6 mm through both pedicles of the last lumbar vertebra; without streaks."""
    v = spine.last_lumbar
    solids = []
    for side in _SIDES:
        head = v.frame.point(side.sign * (v.pedicle_x_mm + 1.0), v.back_wall_mm + 24.0, v.pedicle_z_mm)
        tip = v.frame.point(side.sign * (v.pedicle_x_mm - 5.0), -6.0, v.pedicle_z_mm)
        shapes = (RoundCone(head, tip, 3.0, 2.4), Ball(head, 6.5))
        solids.append(Solid(label(Structure.METAL, v.level, side), shapes, Material(6000.0)))
    return solids


def sacral_processes(spine: Spine) -> list[tuple[Side, RoundedBox]]:
    """S1's superior articular processes."""
    return [(side, joint_of(spine.interspaces[-1], side).superior_process) for side in _SIDES]
