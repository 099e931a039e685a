"""The pictures of a plan: drawn where this machine can draw, left out with the line that installs what is missing.

In: a volume, its anatomy, a plan. Out: pictures of the best path, each with the words that must stand on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
from PIL import Image

from dicom_io.pictures import Picture
from planner.anatomy.model import Anatomy
from planner.plan import Plan, TargetPlan
from service import words
from service.opening import OpenSeries
from viz.graphics import probe_graphics
from viz.planes import Plane
from viz.render import draw_pictures, key_planes
from viz.subject import Caption, Subject
from viz.subject import Picture as Drawing


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The pictures, or why there are none."""

    pictures: tuple[Picture, ...]
    note: str


def draw(plan: Plan, anatomy: Anatomy, series: OpenSeries) -> Drawn:
    """The key pictures of the best path to the first target that has one."""
    target = next((target for target in plan.targets if target.trajectories), None)
    if target is None:
        return Drawn((), "no pictures: no path is safe")
    graphics = probe_graphics()
    if not graphics.is_available:
        return Drawn((), graphics.words)
    caption = _caption(plan, target, series)
    subject = Subject(series.volume, anatomy, plan, target, target.trajectories[0], caption)
    drawn = zip_longest(draw_pictures(subject), key_planes(subject))
    return Drawn(tuple(_key_picture(picture, plane, series) for picture, plane in drawn), "")


def _key_picture(picture: Drawing, plane: Plane | None, series: OpenSeries) -> Picture:
    """The drawing with where it lies; one without a plane is in perspective."""
    if plane is None:
        return Picture(picture.name, picture.title, picture.rgb)
    _, right, _, bottom = plane.letters
    k = series.facts.slice_index(plane.center_mm)
    return Picture(picture.name, picture.title, picture.rgb, (right, bottom), () if k is None else (k,))


def sheet(pictures: tuple[Picture, ...]) -> Image.Image:
    """Four pictures in one, two by two."""
    rows = [np.hstack([one.rgb for one in pictures[row : row + 2]]) for row in (0, 2)]
    tiled: npt.NDArray[np.uint8] = np.vstack(rows)
    return Image.fromarray(tiled)


def _caption(plan: Plan, target: TargetPlan, series: OpenSeries) -> Caption:
    path = target.trajectories[0]
    marks = (words.state_words(plan), words.rehearsal_mark(plan), words.not_checked_words(plan.not_checked))
    positions = f"scanned {words.scan_position_words(plan.scan_position)}, treated {plan.treatment_pose}"
    return Caption(
        banner="\n".join(mark for mark in marks if mark),
        identity=(*_who(series), target.words, positions),
        notes=(
            words.entry_words(path),
            words.landmark_words(path),
            words.obliquity_words(path),
            words.tilt_words(path),
            words.depth_words(path),
        ),
    )


def _who(series: OpenSeries) -> tuple[str, ...]:
    source = series.facts.source
    if source is None:
        return ("patient unknown",)
    patient = source.patient
    return (
        f"{patient.name or 'no name'}, ID {patient.patient_id or 'none'}",
        f"scan of {source.study.study_date or 'unknown date'}",
    )
