"""One picture of one target: the axial slice through its tip and, with a path, the plane along the needle.

In: a scan, its anatomy, a target and its plan. Out: a PNG.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from planner.anatomy.model import Anatomy
from planner.plan import TargetPlan
from planner.structures import Pose
from planner.target import Target
from planner.volume import Volume
from viz.annotate import Needle, annotated
from viz.palette import SPINE
from viz.planes import axial, needle_plane
from viz.slices import slice_picture
from viz.subject import Caption
from viz.window import photograph

SIZE_PX = 640
BEYOND_MM = 60.0


def draw(volume: Volume, anatomy: Anatomy, pose: Pose, shown: tuple[Target, TargetPlan], out: Path) -> None:
    """Both planes side by side; without a path the needle is drawn as a point."""
    target, plan = shown
    path = plan.trajectories[0] if plan.trajectories else None
    entry, tip = (
        (path.entry_mm, path.target_mm) if path else (target.point_mm + np.array([0.0, 1.0, 0.0]), target.point_mm)
    )
    reach = 2.0 * float(np.abs(entry - tip).max()) + BEYOND_MM
    planes = (
        axial(tip, pose, max(180.0, reach)),
        needle_plane(entry, tip, float(np.linalg.norm(entry - tip)) + BEYOND_MM),
    )
    words = f"{len(plan.trajectories)} paths" if path else "no path"
    caption = Caption("NOT FOR USE: development picture", (target.words, words))
    pictures = []
    for plane in planes:
        pixel_mm = plane.width_mm / SIZE_PX
        grey = slice_picture(volume, anatomy.labels, plane, SPINE, pixel_mm)
        renderer = annotated(grey, plane, pixel_mm, Needle(entry, tip), caption)
        pictures.append(photograph(renderer, SIZE_PX, SIZE_PX))
    Image.fromarray(np.hstack(pictures)).save(out)
