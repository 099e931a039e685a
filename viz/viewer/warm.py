"""Everything that the first picture of a process pays for, paid before a case is there: graphics context, shaders, fonts.

In: nothing. Out: a canvas that has drawn a slice and a solid of every kind, of a made-up block; nothing of it is shown to anybody.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.model import Anatomy, Lie
from planner.geometry import VolumeGeometry
from planner.structures import Pose, Structure
from planner.volume import LabelEntry, LabelMap, Volume
from viz.palette import SPINE
from viz.planes import axial
from viz.viewer.panes import Marks, SlicePane, View
from viz.viewer.scan import ScanImage, Slab
from viz.viewer.screen import Canvas, Screen
from viz.viewer.solid import ScenePane

_SIZE = (640, 480)
"""At least a pane on a small screen: a window that grows is made anew."""
_NO_POINTS = np.zeros((0, 3))


def warmed_canvas() -> Canvas:
    """Ready for the first case."""
    canvas = Canvas()
    anatomy, tip_mm, entry_mm = _block(), np.zeros(3), np.array([0.0, 40.0, 0.0])
    scan = ScanImage(Volume(anatomy.labels.geometry, (100 * anatomy.labels.labels).astype(np.int16)), anatomy.labels)
    slice_screen, scene_screen = Screen(*_SIZE, canvas), Screen(*_SIZE, canvas)
    pane = SlicePane(scan, slice_screen)
    pane.show(
        View(axial(tip_mm, Pose.PRONE, 1.0), 0.5, SPINE, Slab()),
        Marks((entry_mm, tip_mm), tip_mm, (("L3", tip_mm),), "S1 / 1  z 0.0 mm", "JPEG (lossy)\nW 600 C 100"),
    )
    pane.picture()
    scene = ScenePane(anatomy, scene_screen, entry_mm, tip_mm)
    scene.show(entry_mm, tip_mm, 90.0)
    scene.picture()
    slice_screen.close()
    scene_screen.close()
    return canvas


def _block() -> Anatomy:
    """A vertebra in soft tissue."""
    grid = VolumeGeometry.from_spacing((24, 40, 40), (2.0, 2.0, 2.0), (-39.0, -39.0, -23.0))
    labels = np.ones(grid.shape, np.uint16)
    labels[8:16, 10:22, 12:28] = 2
    names = {1: LabelEntry(Structure.BODY), 2: LabelEntry(Structure.VERTEBRA)}
    return Anatomy(
        labels=LabelMap(grid, labels, names),
        surroundings=LabelMap(grid, np.zeros(grid.shape, np.uint16)),
        vertebrae=(),
        discs=(),
        canal_centreline_mm=_NO_POINTS,
        foramina=(),
        facets=(),
        nerve_roots=(),
        confidence={},
        uncertainty_mm={},
        lie=Lie(Pose.PRONE, 0.0, "made up"),
        naming="",
    )
