"""What a page shows of an earlier scan that was laid over its case's; ``laying_over`` put it there.

In: a case's folder, the frame of its scan. Out: values that are mapped, not read; or why the scan was not laid over.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from planner.geometry import VolumeGeometry
from planner.volume import Modality, Volume
from service.viewing.keeping import REGISTERED
from viz.palette import Window
from viz.viewer.earlier import UNSEEN, EarlierImage
from viz.viewer.looks import mr_windows

FILE, VOXELS = "registered.json", "voxels.npy"


def open_registered(folder: Path, frame: str) -> EarlierImage | None:
    """What is shown of an earlier scan; None where none was ever laid over, or over another scan than this frame's."""
    file = folder / REGISTERED / FILE
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content["frame"] != frame:
        return None
    if "refused" in content:
        return EarlierImage(content["words"], refused=content["refused"])
    voxels = np.load(folder / REGISTERED / VOXELS, mmap_mode="r", allow_pickle=False)
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
