"""What is drawn over one pane's scan: needle, crosshair, level names, and the words in its corners.

In: the case, how it is looked at, the path, the plane. Out: ``Marks``. A vertebra outside the scan is not named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import FloatArray
from planner.injectate import Injectate
from planner.plan import PlannedTrajectory
from planner.structures import Structure
from viz.palette import CONTOURS
from viz.planes import Plane
from viz.viewer.looks import AXIAL, DOWN, NEEDLE, SLABS, Looks
from viz.viewer.opencase import OpenCase
from viz.viewer.panes import Marks
from viz.viewer.ruler import Ruler

_SHOWN_MM = 0.05
"""A crosshair nearer to the plane than this is in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One pane, its plane, and a word where its picture is lossy."""

    name: str
    plane: Plane
    lossy: str
    spots: tuple[tuple[str, FloatArray, bool], ...] = ()
    rulers: tuple[Ruler, ...] = ()
    balls: tuple[tuple[FloatArray, float], ...] = ()
    injectate: Injectate | None = None


def marks_of(case: OpenCase, looks: Looks, path: PlannedTrajectory | None, shown: Shown) -> Marks:
    """Everything over the scan in one pane."""
    binding = None if path is None else path.binding
    off_mm = float(shown.plane.in_plane_mm(looks.cross_mm)[2])
    off = f"\n+ {off_mm:+.1f} mm" if abs(off_mm) >= _SHOWN_MM else ""
    before = (
        "" if case.earlier is None or not looks.blend else f"{case.earlier.words} {looks.blend:.0%}\nFOR LOOKING ONLY"
    )
    window = f"W {looks.window.width:.0f} C {looks.window.center:.0f}"
    return Marks(
        needle=None if path is None else (path.entry_mm, path.target_mm),
        cross_mm=looks.cross_mm,
        names=case.names,
        title=_title(case, looks, path, shown) + off,
        note="\n".join(word for word in (shown.lossy, before, SLABS[looks.slab].words, window) if word),
        shows_outlines=looks.shows_outlines,
        colours=_colours(looks),
        spots=shown.spots,
        rulers=shown.rulers,
        balls=shown.balls,
        injectate=shown.injectate,
        closest=None if binding is None else (binding.on_path_mm, binding.on_structure_mm),
    )


def _colours(looks: Looks) -> dict[Structure, tuple[int, int, int]] | None:
    """Of the outlines that are shown; None where nobody changed any."""
    if not looks.hidden and not looks.colours:
        return None
    return {one: colour for one, colour in {**CONTOURS, **looks.colours}.items() if one not in looks.hidden}


def _title(case: OpenCase, looks: Looks, path: PlannedTrajectory | None, shown: Shown) -> str:
    if shown.name == DOWN and path is not None:
        return f"{looks.depth_mm:.1f} / {path.length_mm:.1f} mm"
    if shown.name == NEEDLE:
        return f"{looks.needle_offset_mm:+.1f} mm" if looks.needle_offset_mm else ""
    plane = shown.plane
    axis = int(np.argmax(np.abs(plane.toward_viewer)))
    place = f"{'xyz'[axis]} {plane.center_mm[axis]:.1f} mm"
    return f"{case.slice_words(plane.center_mm)}  {place}".strip() if shown.name == AXIAL else place
