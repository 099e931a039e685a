"""An earlier scan that was laid over a kept case's is put beside it, ready to be looked at; or why it was not laid over.

In: a registration with both scans. Out: a folder beside the case's own arrays. Only the surroundings of the spine are kept: elsewhere
nothing says where the earlier scan's places lie today.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from planner.anatomy.registration.fused import on_todays_grid
from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import Registration
from planner.geometry import FloatArray, VolumeGeometry
from service.files import write_text
from service.opening import OpenSeries
from service.viewing.keeping import REGISTERED
from service.viewing.registered import FILE, VOXELS

AROUND_MM = (30.0, 70.0, 70.0)
"""Kept of the earlier scan around the vertebrae that fit: along the body, across, left and right; assumed: foramina and what lies behind."""


def keep_registered(
    folder: Path, earlier: OpenSeries, found: Registration, today: tuple[Landmark, ...], grid: VolumeGeometry
) -> Path:
    """Put the earlier scan, where today's vertebrae lie, to a case's folder."""
    place = folder / REGISTERED
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    near = _around(grid, np.stack([mark.body_mm for mark in today if _fits(found, mark)]))
    moved = on_todays_grid(found, today, earlier.volume, near)
    np.save(place / VOXELS, np.ascontiguousarray(moved.voxels), allow_pickle=False)
    content = {
        "words": words_of(earlier),
        "modality": str(earlier.volume.modality),
        "lps_from_index": near.lps_from_index.tolist(),
        "frame": near.frame_of_reference_uid,
        "residuals": [[str(fit.level), fit.residual_mm, fit.is_usable] for fit in found.levels],
    }
    return write_text(place / FILE, json.dumps(content))


def keep_refused(folder: Path, earlier: OpenSeries, grid: VolumeGeometry, why: str) -> Path:
    """Say beside the case that an earlier scan was not laid over, and why."""
    place = folder / REGISTERED
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / VOXELS).unlink(missing_ok=True)
    return write_text(
        place / FILE, json.dumps({"words": words_of(earlier), "frame": grid.frame_of_reference_uid, "refused": why})
    )


def _fits(found: Registration, mark: Landmark) -> bool:
    return any(fit.level is mark.level and fit.is_usable for fit in found.levels)


def _around(grid: VolumeGeometry, places_mm: FloatArray) -> VolumeGeometry:
    """The part of a grid around some places."""
    indices = grid.indices(places_mm)
    reach = np.abs(grid.index_from_lps[:3, :3]) @ np.array(AROUND_MM[::-1])
    low = np.clip(np.floor(indices.min(axis=0) - reach), 0, np.array(grid.shape) - 1).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0) + reach) + 1, 1, grid.shape).astype(int)
    matrix = grid.lps_from_index.copy()
    matrix[:3, 3] = grid.points_mm(low)
    k, j, i = (high - low).tolist()
    return VolumeGeometry(matrix, (k, j, i), grid.frame_of_reference_uid)


def words_of(earlier: OpenSeries) -> str:
    """*MR 2024-03-01*; no identity."""
    source = earlier.facts.source
    day = "" if source is None else source.study.study_date
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == len("20240301") else day
    return f"{str(earlier.volume.modality).upper()} {date}".strip()
