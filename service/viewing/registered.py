"""An earlier scan that was laid over a kept case's, ready to be looked at on its page; or why it was not laid over.

In: a registration with both scans. Out: a folder beside the case's own arrays, and what the page shows. Only the surroundings of the spine
are kept: elsewhere nothing says where the earlier scan's places lie today.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from planner.anatomy.registration.fused import on_todays_grid
from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import Registration
from planner.geometry import FloatArray, VolumeGeometry
from planner.volume import Modality, Volume
from service.files import write_text
from service.opening import OpenSeries
from service.viewing.keeping import REGISTERED
from viz.palette import Window
from viz.viewer.earlier import UNSEEN, EarlierImage
from viz.viewer.looks import mr_windows

_FILE, _VOXELS = "registered.json", "voxels.npy"
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
    np.save(place / _VOXELS, np.ascontiguousarray(moved.voxels), allow_pickle=False)
    content = {
        "words": _words(earlier),
        "modality": str(earlier.volume.modality),
        "lps_from_index": near.lps_from_index.tolist(),
        "frame": near.frame_of_reference_uid,
        "residuals": [[str(fit.level), fit.residual_mm, fit.is_usable] for fit in found.levels],
    }
    return write_text(place / _FILE, json.dumps(content))


def keep_refused(folder: Path, earlier: OpenSeries, grid: VolumeGeometry, why: str) -> Path:
    """Say beside the case that an earlier scan was not laid over, and why."""
    place = folder / REGISTERED
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / _VOXELS).unlink(missing_ok=True)
    return write_text(
        place / _FILE, json.dumps({"words": _words(earlier), "frame": grid.frame_of_reference_uid, "refused": why})
    )


def open_registered(folder: Path, frame: str) -> EarlierImage | None:
    """What is shown of an earlier scan; None where none was ever laid over, or over another scan than this frame's."""
    file = folder / REGISTERED / _FILE
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content["frame"] != frame:
        return None
    if "refused" in content:
        return EarlierImage(content["words"], refused=content["refused"])
    voxels = np.load(folder / REGISTERED / _VOXELS, mmap_mode="r", allow_pickle=False)
    grid = VolumeGeometry(np.array(content["lps_from_index"]), voxels.shape, content["frame"])
    modality = Modality(content["modality"])
    residuals = tuple((level, mm, is_usable) for level, mm, is_usable in content["residuals"])
    volume = Volume(grid, voxels, modality)
    return EarlierImage(content["words"], volume, _window(volume), residuals)


def _window(volume: Volume) -> Window | None:
    """An MR's own; a CT is seen through today's."""
    if volume.modality is Modality.CT:
        return None
    shown = volume.voxels[::2, ::3, ::3]
    low, middle, high = (float(p) for p in np.percentile(shown[shown != UNSEEN], (2, 50, 98)))
    return mr_windows((low, middle, high))[1]


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


def _words(earlier: OpenSeries) -> str:
    """*MR 2024-03-01*; no identity."""
    source = earlier.facts.source
    day = "" if source is None else source.study.study_date
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == len("20240301") else day
    return f"{str(earlier.volume.modality).upper()} {date}".strip()
