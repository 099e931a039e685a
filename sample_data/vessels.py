"""Aorta, inferior vena cava, iliac and renal vessels, ureters.

In: the placed spine. Out: labelled solids; tubes, so every distance is exact. Courses and calibres are assumed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.geometry import FloatArray
from planner.structures import Side, Structure
from sample_data.parameters import Contrast
from sample_data.scene import Material, Solid, label
from sample_data.shapes import RoundCone, smooth_path, tube
from sample_data.spine import Spine

_BLOOD_HU = {Contrast.NONE: (42.0, 42.0), Contrast.PORTAL: (165.0, 155.0)}
"""Artery and vein: plain, and in the portal venous phase (assumed)."""


def _curve(points: npt.ArrayLike, radii: npt.ArrayLike) -> tuple[RoundCone, ...]:
    rows = smooth_path(np.column_stack([np.asarray(points), np.asarray(radii)]), 5)
    return tube(rows[:, :3], rows[:, 3])


def _front(spine: Spine, x_mm: float, gap_mm: float, radius_mm: float) -> FloatArray:
    """(n, 3) along the front of the spine, ``gap_mm`` before it, cranial to caudal."""
    line = spine.beside(x_mm, -(gap_mm + radius_mm), from_front=True)
    return np.concatenate([[2 * line[0] - line[1]], line])


def aorta_end_mm(spine: Spine) -> FloatArray:
    """(3,) the bifurcation, before the lower half of the last but one lumbar vertebra."""
    v = spine.vertebrae[-3]
    return v.frame.point(5.0, -v.sizes.depth / 2 - 13.0, -7.0)


def cava_start_mm(spine: Spine) -> FloatArray:
    """(3,) the confluence, before the last lumbar vertebra, to the right."""
    v = spine.vertebrae[-2]
    return v.frame.point(-13.0, -v.sizes.depth / 2 - 10.8, 1.0)


def vessel_solids(spine: Spine, contrast: Contrast) -> list[Solid]:
    """All of them."""
    artery, vein = (Material(hu) for hu in _BLOOD_HU[contrast])
    return [
        *_cava(spine, vein),
        *_aorta(spine, artery),
        *(solid for side in Side for solid in _iliacs(spine, side, artery, vein)),
        *(solid for side in Side for solid in _renals(spine, side, artery, vein)),
        *(_ureter(spine, side) for side in Side),
    ]


def _aorta(spine: Spine, blood: Material) -> list[Solid]:
    end = aorta_end_mm(spine)
    line = _front(spine, 9.0, 2.5, 10.5)
    line = np.concatenate([line[line[:, 2] > end[2] + 12.0], [end]])
    radii = np.linspace(11.0, 8.6, len(line))
    l1 = spine.vertebrae[3]
    down = [l1.frame.point(5.0, -l1.sizes.depth / 2 - y, z) for y, z in ((14, 0), (26, -8), (33, -26), (36, -70))]
    mesenteric = Solid(label(Structure.ARTERY), _curve(down, [4.0, 3.8, 3.6, 3.0]), blood)
    return [mesenteric, Solid(label(Structure.AORTA), _curve(line, radii), blood)]


def _cava(spine: Spine, blood: Material) -> list[Solid]:
    """Flat in the abdomen: two parallel tubes; round and further forward beside the liver."""
    start = cava_start_mm(spine)
    shapes: list[RoundCone] = []
    for shift in (-3.5, 3.5):
        line = _front(spine, -17.0 + shift, 2.0, 9.0)
        line = line[line[:, 2] > start[2] + 12.0]
        rise = np.clip((line[:, 2] - 50.0) / 100.0, 0.0, 1.0)[:, None]
        line = line + rise * np.array([-9.0 - 0.6 * shift, -22.0, 0.0])
        line = np.concatenate([line, [start + np.array([0.6 * shift, 0.0, 0.0])]])
        shapes += _curve(line, np.linspace(10.0, 8.2, len(line)))
    return [Solid(label(Structure.INFERIOR_VENA_CAVA), tuple(shapes), blood)]


def _iliacs(spine: Spine, side: Side, artery: Material, vein: Material) -> list[Solid]:
    """Common, then external iliac, along the medial border of the psoas."""
    pelvis = spine.vertebrae[-1].frame.origin_mm
    offsets = ((26.0, -42.0, 16.0), (44.0, -46.0, -14.0), (58.0, -62.0, -50.0), (72.0, -86.0, -95.0))
    line = np.array([pelvis + np.array([side.sign * x, y, z]) for x, y, z in offsets])
    v = spine.last_lumbar
    over = v.frame.point(side.sign * 15.0, -v.sizes.depth / 2 - 27.0, 6.0)
    behind = line + np.array([-side.sign * 3.0, 10.0, -4.0])
    return [
        Solid(
            label(Structure.VEIN, None, side), _curve([cava_start_mm(spine), *behind], [7.0, 6.6, 6.4, 6.0, 6.0]), vein
        ),
        Solid(
            label(Structure.ARTERY, None, side),
            _curve([aorta_end_mm(spine), over, *line], [6.0, 5.7, 5.4, 5.0, 4.6, 4.4]),
            artery,
        ),
    ]


def kidney_center_mm(spine: Spine, side: Side) -> FloatArray:
    """(3,) left beside L1/L2, right 12 mm lower; behind the front of the spine."""
    gap = spine.interspaces[3].frame.origin_mm
    lower = 0.0 if side is Side.LEFT else 12.0
    return np.asarray(gap + np.array([side.sign * 64.0, -5.0, 4.0 - lower]))


def _renals(spine: Spine, side: Side, artery: Material, vein: Material) -> list[Solid]:
    hilum = kidney_center_mm(spine, side) + np.array([-side.sign * 20.0, -8.0, 0.0])
    body = spine.interspaces[3].upper
    front = -body.sizes.depth / 2
    heights = (-2.0, -6.0) if side is Side.LEFT else (-4.0, -9.0)
    root = body.frame.point(9.0 + 6.0 * side.sign, front - 12.0, heights[0])
    way = [body.frame.point(side.sign * 31.0, front + 2.0, heights[0])]
    arteries = _curve([root, *way, hilum], [3.2, 3.0, 2.6])
    cava = body.frame.point(-20.0 + 5.0 * side.sign, front - 17.0, heights[1])
    over = [body.frame.point(8.0, front - 29.0, heights[1] + 2.0)] if side is Side.LEFT else []
    lateral = [body.frame.point(side.sign * 38.0, front - 9.0, heights[1])]
    line = [cava, *over, *lateral, hilum + np.array([0.0, -5.0, -3.0])]
    return [
        Solid(label(Structure.ARTERY, None, side), arteries, artery),
        Solid(label(Structure.VEIN, None, side), _curve(line, np.linspace(5.0, 4.0, len(line))), vein),
    ]


def _ureter(spine: Spine, side: Side) -> Solid:
    start = kidney_center_mm(spine, side) + np.array([-side.sign * 22.0, -6.0, -16.0])
    pelvis = spine.vertebrae[-1].frame.origin_mm
    stops = [
        start,
        np.array([side.sign * 39.0, -16.0, -20.0]),
        np.array([side.sign * 37.0, -19.0, -60.0]),
        pelvis + np.array([side.sign * 33.0, -62.0, 0.0]),
        pelvis + np.array([side.sign * 46.0, -36.0, -60.0]),
    ]
    return Solid(label(Structure.URETER, None, side), _curve(stops, np.full(5, 2.2)), Material(12.0))
