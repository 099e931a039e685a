"""The key pictures of one path: axial, needle plane, down the needle and 3D.

In: a subject (scan, anatomy, path, words). Out: RGB pictures, drawn off screen.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viz.annotate import Needle, annotated, write_caption, write_letters
from viz.palette import SPINE
from viz.planes import Plane, axial, down_the_needle, needle_plane
from viz.scene import plan_scene, seen_letters
from viz.slices import slice_picture, with_injectate
from viz.subject import Picture, Subject
from viz.window import photograph

SIZE_PX = 768
PAPER_PX = 460
"""For a third of a page's width: letters and needle keep their pixels, so in print they are as large as its words."""

_ACROSS_SHARE = 0.9
"""Of the needle's length out of the plane: the plane is seen along the needle, and the entry has no place in it."""

_AXIAL_REACH_MM = 30.0
"""Shown beyond entry and target in the axial picture; at least 180 mm are shown."""


def draw_pictures(subject: Subject) -> tuple[Picture, ...]:
    """Axial, needle plane, down the needle, 3D; each ``SIZE_PX`` square."""
    return (*(draw_slice(subject, plane) for plane in key_planes(subject)), draw_scene(subject))


def draw_for_paper(subject: Subject) -> tuple[Picture, ...]:
    """The three planes once more, each ``PAPER_PX`` square."""
    return tuple(draw_slice(subject, plane, PAPER_PX) for plane in key_planes(subject))


def key_planes(subject: Subject) -> tuple[Plane, ...]:
    """The planes a radiologist checks a path in."""
    path = subject.path
    reach_mm = max(180.0, 2 * (np.abs(path.entry_mm - path.target_mm).max() + _AXIAL_REACH_MM))
    size_mm = float(min(reach_mm, 320.0))
    pose = subject.plan.scan_position.pose
    return (
        axial(path.target_mm, pose, size_mm),
        needle_plane(path.entry_mm, path.target_mm, path.length_mm + 2 * _AXIAL_REACH_MM),
        down_the_needle(path.entry_mm, path.target_mm, 60.0),
    )


def draw_slice(subject: Subject, plane: Plane, size_px: int = SIZE_PX) -> Picture:
    """One plane with the needle in it."""
    pixel_mm = plane.width_mm / size_px
    grey = slice_picture(subject.volume, subject.anatomy.labels, plane, SPINE, pixel_mm)
    grey = with_injectate(grey, plane, pixel_mm, subject.target)
    needle = Needle(subject.path.entry_mm, subject.path.target_mm)
    caption = replace(subject.caption, notes=(*subject.caption.notes, _where(plane, subject)))
    picture = photograph(annotated(grey, plane, pixel_mm, needle, caption), size_px, size_px)
    return Picture(plane.name.replace(" ", "-"), f"{plane.name}, {subject.target.words}", picture)


def draw_scene(subject: Subject) -> Picture:
    """The plan in 3D, head up, seen from the entry's side."""
    renderer = plan_scene(subject)
    write_letters(renderer, seen_letters(renderer), SIZE_PX, SIZE_PX, subject.caption)
    write_caption(renderer, subject.caption, SIZE_PX)
    return Picture("3d", f"3D, {subject.target.words}", photograph(renderer, SIZE_PX, SIZE_PX))


def _where(plane: Plane, subject: Subject) -> str:
    place = f"{plane.name}; W {SPINE.width:g} C {SPINE.center:g}"
    off_mm = float(plane.in_plane_mm(subject.path.entry_mm)[2])
    is_across = abs(off_mm) > _ACROSS_SHARE * subject.path.length_mm
    return place if is_across or abs(off_mm) < 0.5 else f"{place}; entry {abs(off_mm):.0f} mm off this plane"
