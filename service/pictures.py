"""The pictures of a plan: drawn where this machine can draw, left out with the line that installs what is missing.

In: a volume, its anatomy, a plan. Out: pictures of the best path, each with the words that must stand on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from threading import Thread

import numpy as np
import numpy.typing as npt
from PIL import Image

from dicom_io.pictures import Picture
from planner.anatomy.model import Anatomy
from planner.plan import Plan, PlannedTrajectory, TargetPlan
from service import words
from service.opening import OpenSeries
from service.placed import first_placed, placed_path
from viz.graphics import probe_graphics
from viz.planes import Plane
from viz.render import draw_for_paper, draw_pictures, key_planes
from viz.subject import Caption, Subject
from viz.subject import Picture as Drawing


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The pictures, or why there are none."""

    pictures: tuple[Picture, ...]
    note: str
    on_paper: tuple[Picture, ...] = ()
    """The three planes for the sheet, which itself says whose they are and what the numbers are."""
    of_needles: tuple[tuple[Picture, ...], ...] = ()
    """Of several targets, the same of each one's path; empty for a target without path, and for a single target."""


def get_ready() -> None:
    """Begin to find out whether this machine can draw: the trial takes seconds, and other work can go on meanwhile."""
    Thread(target=probe_graphics, name="graphics trial", daemon=True).start()


def draw(plan: Plan, anatomy: Anatomy, series: OpenSeries) -> Drawn:
    """The key pictures of the path that is placed to the first target that has one."""
    shown = first_placed(plan)
    if shown is None:
        return Drawn((), "no pictures: no path is safe")
    target, path = shown
    graphics = probe_graphics()
    if not graphics.is_available:
        return Drawn((), graphics.words)
    subject = Subject(series.volume, anatomy, plan, target, path, _caption(plan, target, path, series))
    drawn = zip_longest(draw_pictures(subject), key_planes(subject))
    bare = replace(subject, caption=Caption(words.state_words(plan)))
    each = range(len(plan.targets)) if len(plan.targets) > 1 else ()
    return Drawn(
        tuple(_key_picture(picture, plane, series) for picture, plane in drawn),
        "",
        _on_paper(bare, series),
        tuple(_of_needle(bare, number, series) for number in each),
    )


def _of_needle(subject: Subject, number: int, series: OpenSeries) -> tuple[Picture, ...]:
    path = placed_path(subject.plan, number)
    if path is None:
        return ()
    return _on_paper(replace(subject, target=subject.plan.targets[number], path=path), series)


def _on_paper(subject: Subject, series: OpenSeries) -> tuple[Picture, ...]:
    drawn = zip(draw_for_paper(subject), key_planes(subject), strict=True)
    return tuple(_key_picture(picture, plane, series) for picture, plane in drawn)


def _key_picture(picture: Drawing, plane: Plane | None, series: OpenSeries) -> Picture:
    """The drawing with where it lies; one without a plane is in perspective."""
    if plane is None:
        return Picture(picture.name, picture.title, picture.rgb)
    _, right, _, bottom = plane.letters
    k = series.facts.slice_index(plane.center_mm)
    return Picture(picture.name, picture.title, picture.rgb, (right, bottom), () if k is None else (k,))


def tiled(pictures: tuple[Picture, ...]) -> Image.Image:
    """Four pictures in one, two by two."""
    rows = [np.hstack([one.rgb for one in pictures[row : row + 2]]) for row in (0, 2)]
    pixels: npt.NDArray[np.uint8] = np.vstack(rows)
    return Image.fromarray(pixels)


def _marks(plan: Plan) -> tuple[str, ...]:
    """State, rehearsal, what is not checked."""
    marks = (words.state_words(plan), words.rehearsal_mark(plan), words.not_checked_words(plan.not_checked))
    return tuple(mark for mark in marks if mark)


def _caption(plan: Plan, target: TargetPlan, path: PlannedTrajectory, series: OpenSeries) -> Caption:
    positions = f"scanned {words.scan_position_words(plan.scan_position)}, treated {plan.treatment_pose}"
    return Caption(
        banner="\n".join(_marks(plan)),
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
