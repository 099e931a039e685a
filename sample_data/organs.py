"""Muscles beside the spine, kidneys, liver, spleen, stomach and bowel with gas, lungs.

In: the placed spine and parameters. Out: labelled solids. Kidneys, bowel and psoas are tubes (exact distances);
muscles, liver and spleen are ellipsoids, lungs a cut trunk (first order). Places and sizes are assumed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.geometry import FloatArray, frozen
from planner.structures import Pose, Side, Structure
from sample_data.parameters import Contrast, PhantomParameters
from sample_data.scene import Material, Solid, label
from sample_data.shapes import Ball, Ellipsoid, Frame, RoundCone, RoundedBox, Shape, smooth_path, tube, turn_about
from sample_data.spine import Spine
from sample_data.tissue import Tissue
from sample_data.trunk import CAVITY_INSET_MM, Cut, HalfSpace, TrunkShell, Within, inside_cavity
from sample_data.vessels import kidney_center_mm

_WATER_HU, _STOOL_HU, _GAS_HU = 18.0, 25.0, -960.0


def _curve(points: npt.ArrayLike, radii: npt.ArrayLike, steps: int = 5) -> tuple[RoundCone, ...]:
    rows = smooth_path(np.column_stack([np.asarray(points), np.asarray(radii)]), steps)
    return tube(rows[:, :3], rows[:, 3])


def psoas_solid(spine: Spine, side: Side) -> Solid:
    """From L1 to the pelvic brim; three tubes make the oval section."""
    shapes: list[Shape] = []
    for back, lateral in ((7.0, 0.0), (-2.0, 3.0), (-9.0, 5.0)):
        points, radii = [], []
        lumbar = spine.vertebrae[3:-1]
        for n, v in enumerate(lumbar):
            radius = float(np.interp(n / (len(lumbar) - 1), [0, 0.25, 0.5, 0.75, 1], [6, 10.5, 14, 16, 16.5]))
            x = v.sizes.width / 2 + 0.8 * radius + lateral * radius / 14.0
            points.append(v.frame.point(side.sign * x, back * radius / 14.0 + 2.0, 0.0))
            radii.append(radius)
        pelvis = spine.vertebrae[-1].frame.origin_mm
        points += [pelvis + np.array([side.sign * 65, -36 + back, -10]), pelvis + np.array([side.sign * 86, -64, -70])]
        shapes += _curve(points, [*radii, 16.0, 14.0])
    return Solid(label(Structure.PSOAS, None, side), tuple(shapes), Material(58.0))


def back_muscle_solids(spine: Spine, side: Side) -> list[Solid]:
    """Multifidus, longissimus, iliocostalis and quadratus lumborum as tubes along the spine."""
    strands = (
        (12.0, 33.0, (11.5, 12.5, 13.5), 50.0),
        (31.0, 36.0, (15.5, 17.0, 15.0), 50.0),
        (53.0, 34.0, (14.0, 16.0, 10.0), 48.0),
    )
    solids = []
    for x, y, radii, hu in strands:
        line = spine.beside(side.sign * x, y)
        line = np.concatenate([[2 * line[0] - line[1]], line])
        line[:, 1] = np.minimum(line[:, 1], 92.0)
        thickness = np.interp(np.linspace(0, 1, len(line)), [0, 0.6, 1], radii)
        solids.append(Solid(label(Structure.MUSCLE, None, side), _curve(line, thickness, 3), Material(hu)))
    ribs, crest = spine.vertebrae[2], spine.vertebrae[-2]
    stops = [
        ribs.frame.point(side.sign * 44, 24, -26),
        spine.vertebrae[4].frame.point(side.sign * 56, 20, 0),
        crest.frame.point(side.sign * 66, 18, 8),
    ]
    shapes = (*_curve(stops, [6, 9, 8]), *_curve(np.array(stops) + np.array([side.sign * 10.0, 1.0, 0.0]), [5, 7, 8]))
    return [*solids, Solid(label(Structure.MUSCLE, None, side), shapes, Material(54.0))]


def gluteal_solid(spine: Spine, side: Side) -> Solid:
    """Behind and beside the iliac wing."""
    center = spine.vertebrae[-1].frame.origin_mm + np.array([side.sign * 100.0, 20.0, -60.0])
    frame = Frame(frozen(center), turn_about(2, side.sign * 48.0))
    return Solid(label(Structure.MUSCLE, None, side), (Ellipsoid(frame, (24.0, 74.0, 78.0)),), Material(52.0))


def kidney_solids(spine: Spine, side: Side, contrast: Contrast) -> list[Solid]:
    """A bent tube, its upper pole medial and behind; sinus fat at the hilum."""
    center = kidney_center_mm(spine, side)
    hu = 32.0 if contrast is Contrast.NONE else 165.0
    stops = [
        center + np.array([side.sign * x, y, z]) for x, y, z in ((-9, 10, 31), (2, 4, 14), (4, 0, -6), (0, -6, -27))
    ]
    sinus = center + np.array([-side.sign * 12.0, -4.0, 0.0])
    return [
        Solid(label(Structure.KIDNEY, None, side), _curve(stops, [21.0, 25.0, 25.5, 22.0]), Material(hu)),
        Solid(
            None, (Ellipsoid(Frame(frozen(sinus), np.eye(3)), (9.0, 8.0, 20.0)),), Material(-60.0, tissue=Tissue.FAT)
        ),
    ]


def lung_solids(spine: Spine, pose: Pose) -> list[Solid]:
    """Lower lobes round the domes of the diaphragm; below them the recess, closed, down to L1."""
    t12 = spine.vertebrae[2].frame.origin_mm
    cage = TrunkShell(pose, 31.0, t12[2] - 60.0)
    dome = _dome(t12[2])
    chest = Cut(Cut(Cut(cage, dome), _beside_spine(t12, 29.0, -14.0)), _beside_spine(t12, 58.0, 34.0))
    recess = Cut(chest, HalfSpace(t12 - np.array([0, 0, 34.0]), np.array([0.0, 0.0, 1.0])))
    air = Cut(chest, HalfSpace(t12 - np.array([0, 0, 10.0]), np.array([0.0, 0.30, 0.954])))
    return [
        Solid(label(Structure.PLEURAL_ZONE), (recess,), Material(20.0)),
        Solid(label(Structure.LUNG), (air,), Material(-850.0)),
    ]


def _beside_spine(t12_mm: FloatArray, half_width_mm: float, from_mm: float) -> RoundedBox:
    """Vertebrae with their rib heads, or the muscles behind transverse processes: no pleura reaches there; sizes are assumed."""
    half_depth = 100.0
    middle = frozen([0.0, t12_mm[1] + from_mm + half_depth, t12_mm[2]])
    return RoundedBox(Frame(middle, np.eye(3)), (half_width_mm, half_depth, 400.0), 12.0)


def _dome(z_mm: float) -> Ellipsoid:
    frame = Frame(frozen([0.0, -8.0, z_mm - 52.0]), np.eye(3))
    return Ellipsoid(frame, (135.0, 82.0, 150.0))


def upper_organ_solids(spine: Spine, contrast: Contrast, pose: Pose) -> list[Solid]:
    """Liver, spleen and stomach under the diaphragm."""
    top = spine.vertebrae[2].frame.origin_mm
    bright = contrast is Contrast.PORTAL
    liver = (_egg(top + np.array([-70.0, -50.0, 18.0]), (62.0, 54.0, 68.0), 12.0),)
    left_lobe = _egg(top + np.array([-8.0, -82.0, 20.0]), (62.0, 32.0, 40.0), 0.0)
    spleen = (_egg(top + np.array([100.0, 6.0, 10.0]), (20.0, 40.0, 46.0), -18.0),)
    stomach = _egg(top + np.array([52.0, -62.0, 14.0]), (40.0, 34.0, 42.0), 0.0)
    cavity = Within(_dome(top[2]), TrunkShell(pose, CAVITY_INSET_MM + 4.0))
    rows = (
        (Structure.LIVER, (*liver, left_lobe), 110.0 if bright else 58.0),
        (Structure.SPLEEN, spleen, 115.0 if bright else 48.0),
        (Structure.BOWEL, (stomach,), _WATER_HU),
    )
    return [
        Solid(label(structure), tuple(Within(shape, cavity) for shape in shapes), Material(hu))
        for structure, shapes, hu in rows
    ]


def _egg(center: FloatArray, half: tuple[float, float, float], turn_deg: float) -> Ellipsoid:
    return Ellipsoid(Frame(frozen(center), turn_about(2, turn_deg)), half)


_COLON_LEFT = ((122, -20, 40), (124, 0, 10), (120, 2, -30), (108, -12, -70), (98, -24, -105), (80, -40, -140))
_COLON_RIGHT = ((-116, -28, 22), (-121, -6, 0), (-119, -3, -35), (-107, -16, -70), (-98, -28, -105))
_COLON_ACROSS = ((-112, -40, 30), (-70, -70, 8), (-20, -78, -4), (40, -76, 6), (88, -58, 30), (118, -30, 48))
_SMALL = (
    ((-80, -42, -18), (-48, -58, -30), (-14, -46, -22), (18, -60, -34), (48, -44, -24)),
    ((84, -40, -30), (60, -62, -52), (24, -50, -58), (-10, -64, -50), (-46, -48, -60), (-84, -40, -48)),
    ((-80, -48, -88), (-40, -64, -80), (0, -52, -90), (36, -66, -84), (78, -46, -76)),
    ((70, -60, -116), (30, -70, -112), (-10, -58, -120), (-52, -68, -112)),
    ((92, -22, 22), (68, -34, 4), (84, -24, -18), (62, -30, -36), (80, -22, -58), (60, -32, -84)),
    ((-86, -18, -32), (-60, -30, -50), (-84, -22, -70), (-64, -34, -92), (-84, -30, -112)),
    ((-30, -28, 42), (-46, -26, 22), (-40, -24, -4), (-14, -36, -16), (22, -36, -14), (44, -30, 4)),
)


def bowel_solids(pose: Pose) -> list[Solid]:
    """Colon with stool and gas, small bowel; gas rises to the side away from the table."""
    solids = []
    for course, radius, gas in (
        (_COLON_LEFT, 15.0, 0.62),
        (_COLON_RIGHT, 19.0, 0.66),
        (_COLON_ACROSS, 15.5, 0.7),
        *((course, 12.0, 0.35) for course in _SMALL),
    ):
        line = inside_cavity(np.array(course, dtype=float), pose, radius + 2.0)
        wall = _curve(line, np.full(len(course), radius))
        hu = _STOOL_HU if radius > 14 else 30.0
        solids.append(Solid(label(Structure.BOWEL), wall, Material(hu)))
        solids += _gas_pockets(line, radius * gas, pose)
    return solids


def _gas_pockets(course: FloatArray, radius_mm: float, pose: Pose) -> list[Solid]:
    up = np.array([0.0, -1.0 if pose is Pose.SUPINE else 1.0, 0.0])
    line = smooth_path(course, 3) + 0.25 * radius_mm * up
    pockets = [
        Solid(label(Structure.GAS), (Ball(frozen(a), radius_mm), *tube([a, b], radius_mm)), Material(_GAS_HU))
        for a, b in zip(line[1::4], line[2::4], strict=False)
    ]
    return pockets if radius_mm > 6 else pockets[::3]


def organ_solids(spine: Spine, parameters: PhantomParameters) -> list[Solid]:
    """In painting order."""
    solids = [
        *lung_solids(spine, parameters.pose),
        *upper_organ_solids(spine, parameters.contrast, parameters.pose),
        *bowel_solids(parameters.pose),
    ]
    for side in Side:
        solids += [gluteal_solid(spine, side), *back_muscle_solids(spine, side), psoas_solid(spine, side)]
        solids += kidney_solids(spine, side, parameters.contrast)
    return solids
