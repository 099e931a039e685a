"""Pictures of one target: the axial slice through its tip and, with a path, the plane along the needle; many to a sheet.

In: a scan with its anatomy, a target and its plan. Out: PNG files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from coverage_rows import Shown
from coverage_scans import Scan
from PIL import Image

from planner.geometry import AnyArray
from viz.annotate import Needle, annotated
from viz.palette import SPINE
from viz.planes import axial, needle_plane
from viz.slices import slice_picture
from viz.subject import Caption
from viz.window import photograph

SIZE_PX = 480
AXIAL_MM = 150.0
BEYOND_MM = 40.0
COLUMNS, ROWS = 2, 3


def drawn(scan: Scan, shown: Shown) -> AnyArray:
    """Both planes side by side, uint8 RGB; without a path the needle is drawn as a point."""
    target, plan = shown.target, shown.plan
    path = plan.trajectories[0] if plan.trajectories else None
    entry, tip = (
        (path.entry_mm, path.target_mm) if path else (target.point_mm + np.array([0.0, 1.0, 0.0]), target.point_mm)
    )
    planes = (
        axial(tip, scan.pose, AXIAL_MM),
        needle_plane(entry, tip, float(np.linalg.norm(entry - tip)) + BEYOND_MM),
    )
    words = (
        f"{len(plan.trajectories)} paths"
        if path
        else f"no path: {max(plan.rejected, key=plan.rejected.__getitem__, default='')}"
    )
    caption = Caption("NOT FOR USE: development picture", (target.words, words))
    pictures = []
    for plane in planes:
        pixel_mm = plane.width_mm / SIZE_PX
        grey = slice_picture(scan.volume, scan.anatomy.labels, plane, SPINE, pixel_mm)
        renderer = annotated(grey, plane, pixel_mm, Needle(entry, tip), caption)
        pictures.append(photograph(renderer, SIZE_PX, SIZE_PX))
    return np.hstack(pictures)


def save_sheets(pictures: list[AnyArray], stem: Path) -> None:
    """``COLUMNS`` x ``ROWS`` targets to a file: *stem-1.png*, *stem-2.png*."""
    each = COLUMNS * ROWS
    for number, first in enumerate(range(0, len(pictures), each), start=1):
        some = pictures[first : first + each]
        some += [np.zeros_like(some[0])] * (-len(some) % COLUMNS)
        rows = [np.hstack(some[n : n + COLUMNS]) for n in range(0, len(some), COLUMNS)]
        Image.fromarray(np.vstack(rows)).save(f"{stem}-{number}.png")
