"""Nerve roots and ganglia: an anatomical model hung up in each foramen, moved to what is seen where fat shows it.

In: the straightened spine and its foramina. Out: one ``NerveRoot`` per foramen, and their voxels on the scan's grid.
A root differs from its surroundings by 3 to 9 HU unless fat lies around it: what is not seen has an uncertainty of 3.5 mm.
Spine coordinates inside, LPS mm outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.column import SpineColumn
from planner.anatomy.foramina import Opening, foramen_confidence
from planner.anatomy.model import NerveRoot
from planner.geometry import FloatArray, VolumeGeometry, frozen
from planner.structures import Interspace, SpineLevel
from planner.volume import linear

ROOT_RADIUS_MM = 1.8
"""Of a root in the recess and beyond the ganglion (assumed)."""

MODEL_UNCERTAINTY_MM = 3.5
"""Where only the model places it: about the spread of the ganglion's place between people, 95 % (assumed from the zones
of Silverstein 2015, PMC4337191, and Hasegawa 1996, Spine 21:1005; on phantoms up to 3.2 mm)."""

SEEN_UNCERTAINTY_MM = 2.9
"""Where a soft blob stands in fat: its place in the sheet is seen to a millimetre, along the root it is still modelled. Of 55 such
ganglia in five phantoms of up to 3 mm slices 53 lay within it (96 %, 95 % interval 88 to 99 %)."""

_SHOWN_TO_MM, _SURE_FORAMEN, _DOUBT_MM = 2.0, 0.8, 2.5
"""Voxels up to the first were behind these figures, half of what is longer is added; and the last for each unit of confidence that the
foramen which it hangs in lacks (assumed: its border is unseen then)."""

_UNNAMED_MM = 3.3
"""Without a name it is not known whether the ganglion lies medial (L1: 1.8 mm beyond the pedicle's border) or lateral (L5: 8.3 mm): it
is placed half-way, and may lie this much to either side, whether its place in the sheet is seen or not."""

_SHARE_BELOW_PEDICLE = 1.0 / 3.0
"""Of the foramen's height: a ganglion lies in its upper third (Silverstein 2015, PMC4337191)."""

_RING_MM = 4.2
_BLOB_MM = 2.0
_SEARCH_MM = 4.0
_CONTRAST_HU = 50.0
"""Nerve (30 HU) against fat (-100 HU) is 130; less than half of it may be a vein's edge or partial volume (assumed)."""

_FAT_HU = -25.0


@dataclass(frozen=True, slots=True)
class GanglionSize:
    """Where a ganglion's middle lies beyond the pedicle's medial border, along the root, and how large it is."""

    beyond_border_mm: float
    width_mm: float
    length_mm: float


_SILAV_2016 = {
    SpineLevel.L1: GanglionSize(1.77, 4.36, 5.39),
    SpineLevel.L2: GanglionSize(2.79, 4.56, 5.83),
    SpineLevel.L3: GanglionSize(3.23, 4.99, 7.24),
    SpineLevel.L4: GanglionSize(7.28, 5.22, 7.97),
    SpineLevel.L5: GanglionSize(8.31, 5.82, 10.83),
    SpineLevel.L6: GanglionSize(8.31, 5.82, 10.83),
}
"""Silav 2016, J Neurosurg Sci 60:339, 150 ganglia (L6: as L5, assumed)."""

_THORACIC = GanglionSize(3.0, 4.4, 5.5)
"""Near L1 (assumed)."""

_UNNAMED = GanglionSize(5.0, 4.4, 5.5)
"""As far out as half-way between L1 and L5, and no larger than L1's: a wider shell goes with it."""


def ganglion_size(between: Interspace) -> GanglionSize:
    """Size and place of the ganglion in this foramen."""
    return _SILAV_2016.get(between.upper, _THORACIC) if isinstance(between.upper, SpineLevel) else _UNNAMED


def find_roots(column: SpineColumn, openings: tuple[Opening, ...]) -> tuple[NerveRoot, ...]:
    """One root per foramen."""
    return tuple(_root(column, opening, foramen_confidence(opening, openings)) for opening in openings)


def _root(column: SpineColumn, opening: Opening, confidence: float) -> NerveRoot:
    model = _modelled_ganglion(opening)
    seen = _seen_ganglion(column, model)
    ganglion = model if seen is None else seen
    course = _course(column, opening, ganglion)
    placed = MODEL_UNCERTAINTY_MM if seen is None else SEEN_UNCERTAINTY_MM
    of_level = 0.0 if opening.between.is_named else _UNNAMED_MM
    more = max(0.0, column.voxel_mm - _SHOWN_TO_MM) / 2.0 + _DOUBT_MM * max(0.0, _SURE_FORAMEN - confidence)
    to_lps = column.grid.frame.to_lps
    return NerveRoot(
        opening.between.root,
        opening.between,
        opening.side,
        frozen(to_lps(course)),
        frozen(to_lps(ganglion)),
        ROOT_RADIUS_MM,
        round(float(np.hypot(placed, of_level)) + more, 2),
        round(confidence * (0.7 if seen is None else 0.9), 3),
    )


def _modelled_ganglion(opening: Opening) -> FloatArray:
    """(3,) s, u, v: a third of the height below the pedicle, in the middle of the opening there."""
    pedicle, size = opening.sheet.above, ganglion_size(opening.between)
    (roof, _), (floor, _) = opening.roof_and_floor_sv_mm
    s = roof - max(_SHARE_BELOW_PEDICLE * (roof - floor), size.width_mm / 2.0 + 1.0)
    inward = abs(pedicle.u_mm) - pedicle.width_mm / 2.0
    outward = float(np.clip(size.beyond_border_mm, 0.2 * pedicle.width_mm, 0.6 * pedicle.width_mm))
    return np.array([s, opening.side.sign * (inward + outward), _middle_v(opening, s)])


def _middle_v(opening: Opening, s_mm: float) -> float:
    """Half-way between the front and the back of the contour at this height."""
    s, v = opening.contour_sv_mm
    level = v[np.abs(s - s_mm) <= 2.0]
    return float(level.min() + level.max()) / 2.0 if len(level) > 1 else opening.v_mm


def _seen_ganglion(column: SpineColumn, model: FloatArray) -> FloatArray | None:
    """(3,) the clearest soft blob in fat near the model's place; None where fat does not show one."""
    offsets = np.arange(-_SEARCH_MM, _SEARCH_MM + 0.1, 0.5)
    ds, dv = (grid.ravel() for grid in np.meshgrid(offsets, offsets, indexing="ij"))
    near = np.hypot(ds, dv) <= _SEARCH_MM
    ds, dv = ds[near], dv[near]
    angles = np.arange(0, 2 * np.pi, np.pi / 8)
    blob = _around(column, model, (ds, dv), angles[::2], _BLOB_MM / 2.0).mean(axis=1)
    ring = _around(column, model, (ds, dv), angles, _RING_MM)
    clear = np.minimum(blob - np.median(ring, axis=1), 130.0)
    score = clear - 4.0 * (ds**2 + dv**2)
    best = int(score.argmax())
    is_in_fat = float(np.median(ring[best])) < _FAT_HU and clear[best] >= _CONTRAST_HU and blob[best] > _FAT_HU
    if not is_in_fat:
        return None
    moved: FloatArray = model + np.array([ds[best], 0.0, dv[best]])
    return moved


def _around(
    column: SpineColumn, model: FloatArray, moved: tuple[FloatArray, FloatArray], angles: FloatArray, radius_mm: float
) -> FloatArray:
    """(n, n_angles) HU on circles in the sagittal plane, averaged over 3 mm across it."""
    s = model[0] + moved[0][:, None] + radius_mm * np.cos(angles)
    v = model[2] + moved[1][:, None] + radius_mm * np.sin(angles)
    u = model[1] + np.array([-1.5, -0.5, 0.5, 1.5])
    suv = np.stack(np.broadcast_arrays(s[..., None], u, v[..., None]), axis=-1)
    mean: FloatArray = linear(column.hu, column.grid.index(suv), 0.0).mean(axis=-1)
    return mean


def _course(column: SpineColumn, opening: Opening, ganglion: FloatArray) -> FloatArray:
    """(n, 3) s, u, v from the sac through the ganglion to beyond the foramen, a point per millimetre or so.

    The root leaves the sac at 45 degrees (50 to 59 in Silverstein 2015; the zero of that angle is not stated, so the
    even value is assumed), having run down the lateral recess beside the pedicle. Lumbar nerves then descend in front
    of the next transverse process, thoracic ones run out under the rib (assumed from anatomy).
    """
    pedicle, sign = opening.sheet.above, opening.side.sign
    row = int(np.clip(np.searchsorted(column.grid.s_mm, ganglion[0]), 0, column.grid.shape[0] - 1))
    sac = 0.75 * float(column.walls.half_width_mm[row])
    out = abs(ganglion[1])
    exit_s = ganglion[0] + max(out - sac, 2.0)
    edge = abs(pedicle.u_mm) + pedicle.width_mm / 2.0
    beyond = max(edge + 1.5 - out, 3.0)
    recess_v = min(ganglion[2], 0.3 * float(column.walls.front_mm[row]))
    fall, forward = _outside(opening.between)
    corners = np.array(
        [
            [max(exit_s + 6.0, pedicle.s_mm), 0.7 * sac, recess_v],
            [exit_s, sac, recess_v],
            [*ganglion[[0]], out, ganglion[2]],
            [ganglion[0] - fall * beyond, out + beyond, ganglion[2] + forward],
            [ganglion[0] - fall * (beyond + 10.0), out + beyond + 7.0, ganglion[2] + 4.0 * forward],
            [ganglion[0] - fall * (beyond + 20.0), out + beyond + 12.0, ganglion[2] + 6.0 * forward],
        ]
    )
    corners[:, 1] *= sign
    return _rounded(corners)


def _outside(between: Interspace) -> tuple[float, float]:
    """Millimetres down per millimetre outwards, and forwards beyond the pedicle's outer edge."""
    thoracic = isinstance(between.upper, SpineLevel) and between.upper.region == "T" and between.upper.number < 12
    return (0.15, -0.5) if thoracic else (0.7, 1.5)


def _rounded(corners: FloatArray, count: int = 48) -> FloatArray:
    """Corners joined by a Catmull-Rom curve: through every corner, without kinks."""
    padded = np.concatenate([2 * corners[:1] - corners[1:2], corners, 2 * corners[-1:] - corners[-2:-1]])
    at = np.linspace(0, len(corners) - 1 - 1e-9, count)
    first = at.astype(int)
    t = (at - first)[:, None]
    a, b, c, d = (padded[first + n] for n in range(4))
    course: FloatArray = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return course


def draw_roots(roots: tuple[NerveRoot, ...], geometry: VolumeGeometry) -> npt.NDArray[np.uint8]:
    """(k, j, i) voxels: 2 n + 1 in root n, 2 n + 2 in its ganglion, 0 elsewhere."""
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    for n, root in enumerate(roots):
        size = ganglion_size(root.between)
        length = np.linalg.norm(np.diff(root.course_mm, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(length)])
        middle = along[np.argmin(np.linalg.norm(root.course_mm - root.ganglion_mm, axis=1))]
        swollen = root.course_mm[np.abs(along - middle) <= max((size.length_mm - size.width_mm) / 2.0, 0.5)]
        _fill_tube(labels, geometry, root.course_mm, root.radius_mm, 2 * n + 1)
        _fill_tube(labels, geometry, np.concatenate([swollen, [root.ganglion_mm]]), size.width_mm / 2.0, 2 * n + 2)
    return labels


def _fill_tube(
    labels: npt.NDArray[np.uint8], geometry: VolumeGeometry, path_mm: FloatArray, radius_mm: float, value: int
) -> None:
    """Set the voxels within ``radius_mm`` of a densely sampled path; voxels wider than the tube get its middle line."""
    dense = np.stack([np.interp(np.arange(0, len(path_mm) - 0.99, 0.5), np.arange(len(path_mm)), c) for c in path_mm.T])
    at, reach = geometry.indices(dense.T), radius_mm / geometry.spacing_mm
    lows = np.clip(np.floor(at - reach), 0, geometry.shape).astype(int)
    highs = np.clip(np.ceil(at + reach) + 1, 0, geometry.shape).astype(int)
    for center, low, high in zip(dense.T, lows.tolist(), highs.tolist(), strict=True):
        points = geometry.points_mm(np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1))
        k, j, i = (slice(a, b) for a, b in zip(low, high, strict=True))
        labels[k, j, i][((points - center) ** 2).sum(axis=-1) <= radius_mm**2] = value
    k, j, i = np.round(geometry.indices(dense.T)).astype(int).T
    inside = (
        (k >= 0) & (j >= 0) & (i >= 0) & (k < geometry.shape[0]) & (j < geometry.shape[1]) & (i < geometry.shape[2])
    )
    labels[k[inside], j[inside], i[inside]] = value
