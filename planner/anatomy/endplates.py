"""The end-plates of a vertebral body: where bone turns into disc, as smooth surfaces.

In: the straightened image, a disc plane and the column of a body. Out: arc length of the end-plate over each column of the
straight grid. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.plate_edge import DEPTH_MM, border_inside
from planner.anatomy.rings import outward_drop
from planner.anatomy.straight import StraightGrid
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.volume import linear

_STEP_MM = 0.5
_BEYOND_MM = 2.0
"""How far past the disc's mid-plane an end-plate may lie: the plane's own error (assumed)."""

_DEEPEST_SHARE = 0.33
"""Of the distance between two discs: a crushed end-plate reaches no further (assumed)."""

_NEAR_MM = 2.5
"""Around the first smooth surface, where the second look searches: half a thin disc."""

_REJECT_MM = 3.0
"""Residual at which a column no longer counts (Tukey's biweight)."""

_LEAST_ROOM_MM = 1.5
"""Of a disc, before its end-plate: beyond its middle lies the next vertebra's."""


@dataclass(frozen=True, slots=True, eq=False)
class EndPlate:
    """``s_mm`` (n_v, n_u) and the median distance of the edges found from the surface."""

    s_mm: FloatArray
    scatter_mm: float


def find_endplate(
    image: Float32Array, grid: StraightGrid, disc_s_mm: FloatArray, other_s_mm: FloatArray, column: BoolArray
) -> EndPlate:
    """The end-plate between a body, whose other disc lies at ``other_s_mm``, and the disc at ``disc_s_mm``."""
    v, u = np.nonzero(column)
    disc, span = disc_s_mm[v, u], (other_s_mm - disc_s_mm)[v, u]
    into = np.sign(span)
    deepest = float(np.median(np.abs(span))) * _DEEPEST_SHARE
    depth = np.arange(-_BEYOND_MM, deepest + _STEP_MM, _STEP_MM)
    index = np.empty((len(v), len(depth), 3))
    index[..., 0] = (disc[:, None] + into[:, None] * depth - grid.first_mm[0]) / grid.step_mm
    index[..., 1], index[..., 2] = v[:, None], u[:, None]
    samples = linear(image, index, 0.0)
    rise = -outward_drop(samples[None], 2)[0]
    columns = np.stack([grid.v_mm[v] - grid.v_mm[v].mean(), grid.u_mm[u] - grid.u_mm[u].mean()])
    found = _fitted(columns, rise, depth)
    everywhere = np.stack(np.meshgrid(grid.v_mm - grid.v_mm[v].mean(), grid.u_mm - grid.u_mm[u].mean(), indexing="ij"))
    surface = np.clip(_terms(everywhere) @ found[0], -_BEYOND_MM, deepest)
    return EndPlate(disc_s_mm + float(np.median(into)) * surface, found[1])


def at_border(
    plate: EndPlate, image: Float32Array, grid: StraightGrid, disc_s_mm: FloatArray, column: BoolArray
) -> EndPlate:
    """The end-plate moved from the steepest rise to where its bone begins, as the usual profile across it tells.

    ``image`` is not clipped at marrow's HU: how bright the plate is tells how far its blur reaches.
    """
    v, u = np.nonzero(column)
    surface, disc = plate.s_mm[v, u], disc_s_mm[v, u]
    into = float(np.sign(np.median(surface - disc))) or 1.0
    room = max(_LEAST_ROOM_MM, float(np.median(np.abs(surface - disc))))
    index = np.empty((len(v), len(DEPTH_MM), 3))
    index[..., 0] = (surface[:, None] + into * DEPTH_MM - grid.first_mm[0]) / grid.step_mm
    index[..., 1], index[..., 2] = v[:, None], u[:, None]
    profile = np.median(linear(image, index, 0.0), axis=0)
    profile[room + DEPTH_MM < 0.0] = np.nan
    return replace(plate, s_mm=plate.s_mm + into * border_inside(profile))


def _fitted(columns: FloatArray, rise: FloatArray, depth: FloatArray) -> tuple[FloatArray, float]:
    """Coefficients of the quadratic surface through the strongest rises, and their median residual [mm]."""
    terms = _terms(columns)
    edge, weight = _strongest(rise, depth)
    surface = _robust(terms, edge, weight, np.full(len(edge), float(np.median(edge))))
    for _ in range(2):
        near = np.abs(depth - (terms @ surface)[:, None]) <= _NEAR_MM
        edge, weight = _strongest(np.where(near, rise, -np.inf), depth)
        surface = _robust(terms, edge, weight, terms @ surface)
    return surface, float(np.median(np.abs(edge - terms @ surface)))


def _strongest(rise: FloatArray, depth: FloatArray) -> tuple[FloatArray, FloatArray]:
    at = rise.argmax(axis=1)
    strength = np.take_along_axis(rise, at[:, None], axis=1)[:, 0]
    return depth[at], np.where(np.isfinite(strength), np.clip(strength, 1.0, 200.0), 0.0)


def _terms(columns: FloatArray) -> FloatArray:
    """(..., 6) terms of a quadratic surface; columns in units of 20 mm keep them of one size."""
    v, u = columns / 20.0
    terms: FloatArray = np.stack([np.ones_like(v), v, u, v * v, u * v, u * u], axis=-1)
    return terms


def _robust(terms: FloatArray, edge: FloatArray, weight: FloatArray, start: FloatArray) -> FloatArray:
    """Weighted least squares, columns far from the surface losing their vote (Tukey's biweight)."""
    fit = start
    coefficients: FloatArray = np.zeros(terms.shape[1])
    for _ in range(8):
        vote = weight * np.clip(1.0 - ((edge - fit) / _REJECT_MM) ** 2, 0.0, 1.0) ** 2 + 1e-3
        root = np.sqrt(vote)[:, None]
        coefficients = np.asarray(np.linalg.lstsq(terms * root, edge * root[:, 0], rcond=None)[0])
        fit = terms @ coefficients
    return coefficients
