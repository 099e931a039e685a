"""``needleplan register``: an earlier scan of the same patient laid over today's, and an earlier plan carried over as a proposal.

In: two opened scans, a drawing of the earlier one where it is an MR, an earlier report. Out: ``registration.json``, and two pictures to be
looked at. Another patient's scan is refused; nothing that is carried is released by it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TypeAlias

import numpy as np
from PIL import Image
from pydantic import Field

from dicom_io.report_reader import ReportedPlan, read_report
from planner.anatomy.model import Anatomy, StageWatch
from planner.anatomy.network.spine_on_mr import spine_on_mr
from planner.anatomy.registration.carry import CarriedPath, carried_path
from planner.anatomy.registration.drawn import landmarks_of_drawings
from planner.anatomy.registration.fused import earlier_at
from planner.anatomy.registration.landmarks import Landmark, landmarks_of
from planner.anatomy.registration.on_mr import landmarks_on_mr
from planner.anatomy.registration.register import Marked, Registration, register
from planner.anatomy.segment import segment
from planner.brought import Brought, Source, brought_of
from planner.errors import RegistrationError
from planner.geometry import FloatArray
from planner.structures import SpineLevel
from planner.volume import Modality, Volume
from service.brought.reading import Bring
from service.documents import CarriedPathDocument
from service.earlier import BY_HAND, BY_IDENTITY, Identity
from service.errors import RequestError
from service.files import write_document, write_with
from service.network import shipped_network
from service.opening import OpenSeries
from service.path_documents import Document, FileNumber, PointMm
from service.request import NamedAnchor
from service.viewing.keeping import KEPT, is_kept
from service.viewing.laying_over import keep_refused, keep_registered
from viz.planes import axial, sagittal
from viz.registered import draw_registered

Landmarks: TypeAlias = tuple[Landmark, ...]

REGISTRATION_FILE = "registration.json"
_PICTURE_MM, _PIXEL_MM = 180.0, 0.4
_LINE_LETTERS = 52


class LevelFitDocument(Document):
    """One vertebra."""

    level: str
    residual_mm: FileNumber
    is_usable: bool
    rotation: list[PointMm] = Field(description="rows; today = rotation earlier + shift")
    shift_mm: PointMm


class RegistrationDocument(Document):
    """What was laid over what, how well, and what was carried."""

    joined_by: str
    over_one_level_off: FileNumber
    levels: list[LevelFitDocument]
    carried: list[CarriedPathDocument]
    warnings: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class EarlierScan:
    """The earlier scan, what was drawn in it by others, and the report of a plan that was made on it."""

    series: OpenSeries
    bring: Bring
    reports: tuple[Path, ...] = ()
    """Of plans made on it, to be carried over as proposals."""
    anchor: NamedAnchor | None = None
    """A person's word for one level; an MR without a drawing needs it."""


@dataclass(frozen=True, slots=True, eq=False)
class LaidOver:
    """A registration with what it was made from; ``told`` is what was written."""

    found: Registration
    today: Landmarks
    drawing: Brought | None
    then: Anatomy | None
    """The earlier scan's own anatomy, where its landmarks come from one."""
    told: RegistrationDocument


def lay_over(earlier: EarlierScan, today: OpenSeries, out: Path, watch: StageWatch) -> RegistrationDocument:
    """Register, carry the plan, write the files; a case that is kept there shows the scan on its page, or why there is none."""
    same_patient(earlier.series, today)
    with watch("anatomy of today's scan"):
        anatomy = segment(today.volume)
    case, grid = out / KEPT, today.volume.geometry
    try:
        laid = laid_over(earlier, today, anatomy, out, watch)
    except RegistrationError as why:
        if is_kept(case):
            keep_refused(case, earlier.series, grid, str(why))
        raise
    if is_kept(case):
        keep_registered(case, earlier.series, laid.found, laid.today, grid)
    return laid.told


def laid_over(earlier: EarlierScan, today: OpenSeries, anatomy: Anatomy, out: Path, watch: StageWatch) -> LaidOver:
    """The same with today's anatomy at hand: of the whole scan, since three vertebrae are needed."""
    joined_by = same_patient(earlier.series, today)
    drawing = _drawing(earlier)
    with watch("landmarks of the earlier scan"):
        there, here, then = _landmarks(earlier, drawing, anatomy)
    with watch("registration"), ThreadPoolExecutor(2) as pool:
        found = register(Marked(earlier.series.volume, there), Marked(today.volume, here), anatomy.labels, pool.map)
    carried, left = carried_paths(earlier, there, found)
    told = _document(found, joined_by, carried, left)
    with watch("pictures of both scans"):
        out.mkdir(parents=True, exist_ok=True)
        _write_pictures(out, found, here, earlier.series.volume, today.volume, anatomy)
        write_document(out / REGISTRATION_FILE, told)
    return LaidOver(found, here, drawing, then, told)


def same_patient(earlier: OpenSeries, today: OpenSeries) -> str:
    """What says that both are one patient's; a contradiction is refused."""
    own, other = Identity.of_series(today), Identity.of_series(earlier)
    if own.contradicts(other):
        raise RequestError(
            "the earlier scan's Patient ID, issuer or birth date is not today's; it is another patient's scan and is not laid over"
        )
    return BY_IDENTITY if own.is_surely(other) else BY_HAND


def _drawing(earlier: EarlierScan) -> Brought | None:
    """What others drew in the earlier scan; None where our own anatomy finds its levels."""
    along = earlier.bring(earlier.series).sources
    if len(along) > 1:
        raise RequestError(
            f"{len(along)} segmentations of the earlier scan were given; give the one whose levels are right"
        )
    if not along and earlier.anchor is None and earlier.series.volume.modality is not Modality.CT:
        raise RequestError(
            "the earlier scan is an MR, whose levels have no names by themselves: name one with --anchor LEVEL@Z (plan: --earlier-anchor), or give "
            "a segmentation of it with --with (plan: --earlier-with; docs/plugins.md)"
        )
    return along[0] if along else None


def _landmarks(
    earlier: EarlierScan, drawing: Brought | None, anatomy: Anatomy
) -> tuple[Landmarks, Landmarks, Anatomy | None]:
    """Of the earlier scan and of today's: from drawings in both, else as each image shows them."""
    volume, anchor = earlier.series.volume, earlier.anchor
    if drawing is not None:
        ours = brought_of(anatomy.labels, Source("needleplan", "", ""))
        return *landmarks_of_drawings(drawing, ours), None
    if anchor is not None and volume.modality is Modality.MR:
        return landmarks_on_mr(spine_on_mr(volume, shipped_network()), anchor), landmarks_of(anatomy), None
    then = segment(volume, anchor)
    return landmarks_of(then), landmarks_of(anatomy), then


def carried_paths(
    earlier: EarlierScan, there: Landmarks, found: Registration
) -> tuple[list[tuple[str, CarriedPath]], list[str]]:
    """Each signed plan's first paths at their place today; for each of the others the sentence that says why not."""
    carried, left = [], []
    for plan in [_plan_on(earlier.series, report) for report in earlier.reports]:
        if plan.is_draft or not plan.is_verified:
            left.append("NOT CARRIED: an earlier plan that nobody signed")
            continue
        for target in plan.targets:
            for path in target.trajectories[:1]:
                level = _nearest(there, path.target_mm)
                try:
                    carried.append((target.words, carried_path(found, level, path.entry_mm, path.target_mm)))
                except RegistrationError as why:
                    left.append(f"NOT CARRIED: earlier plan, {target.words}: {why}")
    return carried, left


def _plan_on(series: OpenSeries, report: Path) -> ReportedPlan:
    plan = read_report(report)
    frame = series.volume.geometry.frame_of_reference_uid
    if plan.frame_of_reference_uid != frame:
        raise RequestError(
            "the earlier plan was made in another frame of reference than the earlier scan; give the scan it was made on"
        )
    return plan


def _nearest(marks: Landmarks, point_mm: FloatArray) -> SpineLevel:
    return min(marks, key=lambda mark: float(np.linalg.norm(mark.body_mm - point_mm))).level


def _document(
    found: Registration, joined_by: str, carried: list[tuple[str, CarriedPath]], left: list[str]
) -> RegistrationDocument:
    return RegistrationDocument(
        joined_by=joined_by,
        over_one_level_off=found.over_one_level_off,
        levels=[
            LevelFitDocument(
                level=str(fit.level),
                residual_mm=fit.residual_mm,
                is_usable=fit.is_usable,
                rotation=[_point(row) for row in fit.today_from_earlier.rotation],
                shift_mm=_point(fit.today_from_earlier.shift_mm),
            )
            for fit in found.levels
        ],
        carried=[
            CarriedPathDocument(
                target=words,
                level=str(path.level),
                entry_mm=_point(path.entry_mm),
                tip_mm=_point(path.tip_mm),
                uncertainty_mm=path.uncertainty_mm,
            )
            for words, path in carried
        ],
        warnings=[*found.warnings, *left],
    )


def _point(row: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in row)
    return x, y, z


def _write_pictures(
    out: Path, found: Registration, here: Landmarks, earlier: Volume, today: Volume, anatomy: Anatomy
) -> None:
    """Today, half of each, the earlier scan: sagittal and axial through the middle of what fits."""
    fits = {fit.level for fit in found.levels if fit.is_usable}
    middle = [mark for mark in here if mark.level in fits]
    center_mm = middle[len(middle) // 2].canal_mm
    planes = (sagittal(center_mm, _PICTURE_MM), axial(center_mm, anatomy.lie.pose, _PICTURE_MM))
    residuals = ", ".join(f"{fit.level} {fit.residual_mm:.1f}" for fit in found.levels if fit.is_usable)
    notes = tuple(wrap(f"residual in mm: {residuals}", _LINE_LETTERS))
    for plane in planes:
        points = plane.grid_mm(_PIXEL_MM)
        then = earlier_at(found, here, earlier, points)
        image = Image.fromarray(draw_registered(plane, today.linear(points), then, earlier.modality, notes))
        write_with(out / f"registered-{plane.name}.png", partial(image.save, format="png"))
