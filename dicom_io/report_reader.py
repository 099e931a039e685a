"""A structured report of ours, read back: what was proposed, for whom to check against what is planned now.

In: a DICOM file. Out: a ``ReportedPlan``; points LPS mm, equal to the plan's within 1e-4 mm (SCOORD3D is float32).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from dicom_io import codes
from dicom_io import report_tree as tree
from dicom_io.report_risk import read_risk
from dicom_io.structure_codes import CodedSite, label_entry
from planner.geometry import FloatArray
from planner.plan import Clearance, Risk
from planner.procedure import Needle
from planner.structures import Side
from planner.volume import LabelEntry


@dataclass(frozen=True, slots=True)
class ReportedLandmark:
    """Where the entry lies from the tip of a vertebra's spinous process; cranial and left are positive."""

    level: str
    cranial_mm: float
    left_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class ReportedTrajectory:
    """One path as the report holds it."""

    tracking_uid: str
    rank: int
    entry_mm: FloatArray
    target_mm: FloatArray
    length_mm: float
    obliquity_deg: float
    tilt_deg: float
    tolerance_deg: float
    needle: Needle
    clearances: tuple[Clearance, ...]
    entry_from_midline_mm: float | None
    floor_angle_deg: float | None
    sentence: str
    entry_tolerance_mm: float | None
    risk: Risk | None
    bend_words: str
    """Which way to turn the bevel; empty where nothing is known of the tip."""
    bevel_clock: int | None
    landmark: ReportedLandmark | None
    merits: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReportedTarget:
    """One target with its paths; none means that no safe path was found."""

    tracking_uid: str
    words: str
    side: Side
    point_mm: FloatArray
    name_is_certain: bool
    chosen_by: str
    examined: int
    rejected: Mapping[str, int]
    trajectories: tuple[ReportedTrajectory, ...]
    binding: str
    relaxations: tuple[str, ...]
    together_rank: int | None


@dataclass(frozen=True, slots=True, eq=False)
class ReportedPlan:
    """What a report says, and how much of it a person has confirmed."""

    procedure: str
    title: str
    is_draft: bool
    is_rehearsal: bool
    is_verified: bool
    is_final: bool
    frame_of_reference_uid: str
    scan_position: str
    treatment_position: str
    targets: tuple[ReportedTarget, ...]
    not_checked: tuple[str, ...]
    release_blockers: tuple[str, ...]
    warnings: tuple[str, ...]
    placing: tuple[str, ...]
    site_values: tuple[str, ...]
    content_date: str
    sop_instance_uid: str


def read_report(path: Path) -> ReportedPlan:
    """Read a report that ``write_report`` wrote."""
    dataset = pydicom.dcmread(path)
    if dataset.get("SOPClassUID") != Comprehensive3DSRStorage:
        raise tree.ReportFormatError("Comprehensive 3D SR")
    said = tree.first(dataset, codes.QUALITATIVE_EVALUATIONS)
    groups = tuple(tree.items(tree.first(dataset, codes.IMAGING_MEASUREMENTS), codes.MEASUREMENT_GROUP))
    targets = [group for group in groups if tree.answers(group, codes.FINDING, codes.TARGET)]
    paths = [group for group in groups if tree.answers(group, codes.FINDING, codes.PATH)]
    if not targets:
        raise tree.ReportFormatError(codes.TARGET.meaning)
    return ReportedPlan(
        procedure=tree.text(said, codes.PROCEDURE_KEY),
        title=tree.text(said, codes.PLANNED_PROCEDURE),
        is_draft=tree.answers(said, codes.PLAN_STATUS, codes.DRAFT),
        is_rehearsal=tree.answers(said, codes.POSITION_CHECK, codes.REHEARSAL),
        is_verified=dataset.VerificationFlag == "VERIFIED",
        is_final=dataset.get("PreliminaryFlag") == "FINAL",
        frame_of_reference_uid=str(tree.first(targets[0], codes.TARGET_POINT).ReferencedFrameOfReferenceUID),
        scan_position=tree.text(said, codes.SCAN_POSITION),
        treatment_position=tree.text(said, codes.TREATMENT_POSITION),
        targets=tuple(_target(group, paths) for group in targets),
        not_checked=tuple(tree.as_concept(item).meaning for item in tree.items(said, codes.NOT_CHECKED)),
        release_blockers=tree.texts(said, codes.RELEASE_BLOCKER),
        warnings=tree.texts(said, codes.WARNING),
        placing=tree.texts(said, codes.PLACING),
        site_values=tree.texts(said, codes.SITE_VALUE),
        content_date=str(dataset.get("ContentDate", "")),
        sop_instance_uid=str(dataset.SOPInstanceUID),
    )


def _target(group: Dataset, paths: list[Dataset]) -> ReportedTarget:
    own_uid = tree.uid(group, codes.TRACKING_UID)
    site = _site(tree.first(group, codes.FINDING_SITE))
    if site.side is None:
        raise tree.ReportFormatError("side of the target")
    return ReportedTarget(
        tracking_uid=own_uid,
        words=tree.text(group, codes.TARGET_IN_WORDS),
        side=Side.LEFT if site.side.value == codes.LEFT.value else Side.RIGHT,
        point_mm=tree.points_mm(group, codes.TARGET_POINT)[0],
        name_is_certain=tree.answers(group, codes.LEVEL_NAME, codes.LEVEL_CERTAIN),
        chosen_by=tree.text(group, codes.TARGET_CHOSEN_BY),
        examined=round(tree.number(group, codes.DIRECTIONS_EXAMINED)),
        rejected={
            tree.text(item, codes.REJECTING_RULE): round(tree.numeric_value(item))
            for item in tree.items(group, codes.DIRECTIONS_REJECTED)
        },
        trajectories=tuple(_trajectory(path) for path in paths if tree.uid(path, codes.TARGET) == own_uid),
        binding=tree.text_if_there(group, codes.BINDING),
        relaxations=tree.texts(group, codes.RELAXATION),
        together_rank=_count(group, codes.TOGETHER_RANK),
    )


def _trajectory(group: Dataset) -> ReportedTrajectory:
    length = tree.first(group, codes.PATH_LENGTH)
    entry_mm, target_mm = tree.points_mm(length, codes.VECTOR)
    return ReportedTrajectory(
        tracking_uid=tree.uid(group, codes.TRACKING_UID),
        rank=round(tree.number(group, codes.RANK)),
        entry_mm=entry_mm,
        target_mm=target_mm,
        length_mm=tree.numeric_value(length),
        obliquity_deg=tree.number(group, codes.OBLIQUITY),
        tilt_deg=tree.number(group, codes.TILT),
        tolerance_deg=tree.number(group, codes.TOLERANCE_ANGLE),
        needle=Needle(
            gauge=round(tree.number(group, codes.NEEDLE_GAUGE)),
            outer_diameter_mm=tree.number(group, codes.NEEDLE_DIAMETER),
            length_mm=tree.number(group, codes.NEEDLE_LENGTH),
            tip=tree.text(group, codes.NEEDLE_TIP),
        ),
        clearances=tuple(_clearance(item) for item in tree.items(group, codes.DISTANCE)),
        entry_from_midline_mm=tree.number_if_there(group, codes.ENTRY_FROM_MIDLINE),
        floor_angle_deg=tree.number_if_there(group, codes.FLOOR_ANGLE),
        sentence=tree.text(group, codes.PATH_IN_WORDS),
        entry_tolerance_mm=tree.number_if_there(group, codes.ENTRY_TOLERANCE),
        risk=read_risk(group),
        bend_words=tree.text_if_there(group, codes.BEND_IN_WORDS),
        bevel_clock=_count(group, codes.BEVEL_CLOCK),
        landmark=_landmark(group),
        merits=tree.texts(group, codes.MERIT),
    )


def _landmark(group: Dataset) -> ReportedLandmark | None:
    found = next(tree.items(group, codes.ENTRY_CRANIAL), None)
    if found is None:
        return None
    left_mm = tree.number(group, codes.ENTRY_LEFT)
    return ReportedLandmark(tree.text(found, codes.LANDMARK), tree.numeric_value(found), left_mm)


def _count(group: Dataset, name: codes.Concept) -> int | None:
    found = tree.number_if_there(group, name)
    return None if found is None else round(found)


def _clearance(item: Dataset) -> Clearance:
    entry = _entry(tree.first(item, codes.FINDING_SITE))
    on_path_mm, on_structure_mm = tree.points_mm(item, codes.CLOSEST_SEGMENT)
    return Clearance(
        structure=entry.structure,
        clearance_mm=tree.numeric_value(item),
        margin_mm=tree.number(item, codes.MARGIN),
        depth_mm=tree.number(item, codes.DEPTH),
        on_path_mm=on_path_mm,
        on_structure_mm=on_structure_mm,
        uncertainty_mm=tree.number(item, codes.UNCERTAINTY),
        confidence=tree.number(item, codes.CONFIDENCE),
        part=entry.part,
        level=entry.level,
        side=entry.side,
        is_hard=tree.answers(item, codes.CLEARANCE_LIMIT, codes.HARD_LIMIT),
        exempt_mm=tree.number(item, codes.EXEMPT_LENGTH),
        obstacle=tree.text_if_there(item, codes.OBSTACLE),
        lies=tree.text_if_there(item, codes.LIES),
    )


def _entry(item: Dataset) -> LabelEntry:
    entry = label_entry(_site(item))
    if entry is None:
        raise tree.ReportFormatError(f"known structure (found {tree.as_concept(item).meaning})")
    return entry


def _site(item: Dataset) -> CodedSite:
    region = next(tree.items(item, codes.TOPOGRAPHICAL_MODIFIER), None)
    side = next(tree.items(item, codes.LATERALITY), None)
    return CodedSite(
        tree.as_concept(item),
        tree.as_concept(region) if region is not None else None,
        tree.as_concept(side) if side is not None else None,
    )
