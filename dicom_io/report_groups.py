"""Measurement groups of a report (PS3.16 TID 1501): one for each target, one for each path to it.

In: a target, a path and what identifies them. Out: highdicom groups; lengths mm, angles degrees, points LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from highdicom.sr import AlgorithmIdentification, ContentSequence, MeasurementsAndQualitativeEvaluations
from highdicom.sr import TrackingIdentifier as Tracking
from pydicom.uid import UID

from dicom_io import codes
from dicom_io.codes import DEGREE, MILLIMETRE, NO_UNIT
from dicom_io.documents import SourceImages
from dicom_io.identity import MANUFACTURER, derived_uid
from dicom_io.key_slices import nearest_slice, slice_words
from dicom_io.report_items import (
    Item,
    coded,
    coded_detail,
    finding_site,
    inferred,
    number,
    number_detail,
    point,
    reference,
    segment,
    smallest_distance,
    text,
    text_detail,
)
from dicom_io.report_risk import risk_measurements, risk_sentences
from dicom_io.structure_codes import CodedSite, coded_site
from planner.geometry import FloatArray, unit
from planner.plan import Clearance, PlannedTrajectory, TargetPlan
from planner.structures import Structure

_TRACKING_STEP_MM = 0.1
"""Points nearer than this are the same path: float32 keeps 1e-4 mm, a revision moves more."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupContext:
    """What all groups of one report share."""

    images: SourceImages
    procedure: str
    software_version: str

    @property
    def series_instance_uid(self) -> str:
        """Series Instance UID (0020,000E) of the source."""
        return self.images.series.series_instance_uid

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID (0020,0052) of all points."""
        return self.images.frame_of_reference_uid

    def slice_at(self, point_mm: FloatArray) -> str:
        """Name of the slice nearest to a point."""
        return slice_words(self.images.original[nearest_slice(point_mm, self.images)])


def target_uid(target: TargetPlan, context: GroupContext) -> UID:
    """Tracking UID of a target: where it is in this series, whatever it is called."""
    return derived_uid(context.series_instance_uid, "target", target.side.value, _places(target.point_mm))


def trajectory_uid(path: PlannedTrajectory, context: GroupContext) -> UID:
    """Tracking UID of a path: the same in every revision that holds this path, whatever its rank."""
    return derived_uid(context.series_instance_uid, "path", _places(path.entry_mm), _places(path.target_mm))


def target_group(target: TargetPlan, context: GroupContext, together_rank: int | None = None) -> Item:
    """Where the tip must go, what was examined and what was rejected, which path goes with those of other targets."""
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=Tracking(target_uid(target, context), target.words),
        finding_category=codes.FINDING_CATEGORY.code,
        finding_type=codes.TARGET.code,
        method=codes.PLANNING_METHOD.code,
        algorithm_id=_algorithm(context),
        finding_sites=[finding_site(_site(target))],
        measurements=[
            number(codes.DIRECTIONS_EXAMINED, target.examined, NO_UNIT),
            *(_rejected(rule, count) for rule, count in target.rejected.items()),
            *([] if together_rank is None else [number(codes.TOGETHER_RANK, together_rank, NO_UNIT)]),
        ],
    )
    return _with_items(
        group,
        [
            text(codes.TARGET_IN_WORDS, target.words),
            text(codes.TARGET_CHOSEN_BY, target.chosen_by),
            coded(codes.LEVEL_NAME, codes.LEVEL_CERTAIN if target.name_is_certain else codes.LEVEL_UNCERTAIN),
            coded(codes.SEARCH_RESULT, codes.PATHS_FOUND if target.trajectories else codes.NO_SAFE_PATH),
            *([text(codes.BINDING, target.binding)] if target.binding else []),
            *(text(codes.RELAXATION, sentence) for sentence in target.relaxations),
            point(codes.TARGET_POINT, target.point_mm, context.frame_of_reference_uid),
        ],
    )


def trajectory_group(target: TargetPlan, path: PlannedTrajectory, context: GroupContext) -> Item:
    """One path: where it enters and ends, the needle, its angles, and the room it leaves."""
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=Tracking(trajectory_uid(path, context), f"{target.words}, path {path.rank}"),
        finding_category=codes.FINDING_CATEGORY.code,
        finding_type=codes.PATH.code,
        method=codes.PLANNING_METHOD.code,
        algorithm_id=_algorithm(context),
        finding_sites=[finding_site(_site(target))],
        measurements=[
            _length(path, context),
            *_numbers(path),
            *_landmark(path),
            *(_clearance(one, context) for one in path.clearances),
            *risk_measurements(path.risk),
        ],
    )
    return _with_items(
        group,
        [
            text(codes.TARGET_IN_WORDS, target.words),
            text(codes.PATH_IN_WORDS, path.sentence or target.words),
            text(codes.ENTRY_SLICE, context.slice_at(path.entry_mm)),
            text(codes.TARGET_SLICE, context.slice_at(path.target_mm)),
            text(codes.NEEDLE_TIP, path.needle.tip or "not stated"),
            *risk_sentences(path.risk),
            *([] if path.bend is None else [text(codes.BEND_IN_WORDS, str(path.bend))]),
            *(text(codes.MERIT, word) for word in path.merits),
            reference(codes.TARGET, target_uid(target, context)),
            point(codes.ENTRY_POINT, path.entry_mm, context.frame_of_reference_uid),
            point(codes.TARGET_POINT, path.target_mm, context.frame_of_reference_uid),
        ],
    )


def down_the_barrel_deg(direction: FloatArray) -> tuple[float, float]:
    """Primary and secondary angle of the view along the needle, from hub to tip (PS3.3 C.8.7.5.1.2).

    The receptor stands on the hub's side. Primary: 0 anterior, 90 patient's left, 180 posterior; secondary: positive
    towards the head.

    >>> down_the_barrel_deg(np.array([0.0, -1.0, 0.0]))  # straight from posterior
    (180.0, 0.0)
    """
    x, y, z = 0.0 - unit(direction)  # never -0.0, which would turn 180 into -180 degrees
    return float(np.degrees(np.arctan2(x, -y))), float(np.degrees(np.arcsin(np.clip(z, -1, 1))))


def _length(path: PlannedTrajectory, context: GroupContext) -> Item:
    line = segment(codes.VECTOR, path.entry_mm, path.target_mm, context.frame_of_reference_uid)
    return inferred(codes.PATH_LENGTH, path.length_mm, line)


def _numbers(path: PlannedTrajectory) -> list[Item]:
    primary, secondary = down_the_barrel_deg(path.target_mm - path.entry_mm)
    known = [
        (codes.RANK, path.rank, NO_UNIT),
        (codes.OBLIQUITY, path.obliquity_deg, DEGREE),
        (codes.TILT, path.tilt_deg, DEGREE),
        (codes.FLOOR_ANGLE, path.floor_angle_deg, DEGREE),
        (codes.PRIMARY_ANGLE, primary, DEGREE),
        (codes.SECONDARY_ANGLE, secondary, DEGREE),
        (codes.TOLERANCE_ANGLE, path.tolerance_deg, DEGREE),
        (codes.ENTRY_TOLERANCE, path.entry_tolerance_mm, MILLIMETRE),
        (codes.ENTRY_FROM_MIDLINE, path.entry_from_midline_mm, MILLIMETRE),
        (codes.NEEDLE_GAUGE, path.needle.gauge, NO_UNIT),
        (codes.NEEDLE_DIAMETER, path.needle.outer_diameter_mm, MILLIMETRE),
        (codes.NEEDLE_LENGTH, path.needle.length_mm, MILLIMETRE),
        (codes.BEVEL_CLOCK, None if path.bend is None else path.bend.bevel_clock, NO_UNIT),
    ]
    return [number(name, value, unit_) for name, value, unit_ in known if value is not None]


def _landmark(path: PlannedTrajectory) -> list[Item]:
    """From the tip of a spinous process that a finger finds."""
    place = path.landmark
    if place is None:
        return []
    vertebra = [text_detail(codes.LANDMARK, str(place.level))]
    return [
        number(codes.ENTRY_CRANIAL, place.cranial_mm, MILLIMETRE, vertebra),
        number(codes.ENTRY_LEFT, place.left_mm, MILLIMETRE, vertebra),
    ]


def _clearance(one: Clearance, context: GroupContext) -> Item:
    return smallest_distance(
        one.clearance_mm,
        coded_site(one.structure, one.part, one.level, one.side),
        segment(codes.CLOSEST_SEGMENT, one.on_path_mm, one.on_structure_mm, context.frame_of_reference_uid),
        [
            number_detail(codes.MARGIN, one.margin_mm, MILLIMETRE),
            number_detail(codes.DEPTH, one.depth_mm, MILLIMETRE),
            number_detail(codes.UNCERTAINTY, one.uncertainty_mm, MILLIMETRE),
            number_detail(codes.CONFIDENCE, one.confidence, NO_UNIT),
            number_detail(codes.EXEMPT_LENGTH, one.exempt_mm, MILLIMETRE),
            coded_detail(codes.CLEARANCE_LIMIT, codes.HARD_LIMIT if one.is_hard else codes.SOFT_LIMIT),
            *([text_detail(codes.OBSTACLE, one.obstacle)] if one.obstacle else []),
            *([text_detail(codes.LIES, one.lies)] if one.lies else []),
        ],
    )


def _rejected(rule: str, count: int) -> Item:
    return number(codes.DIRECTIONS_REJECTED, count, NO_UNIT, [text_detail(codes.REJECTING_RULE, rule)])


def _site(target: TargetPlan) -> CodedSite:
    structure = Structure.NERVE_ROOT if target.root else Structure.VERTEBRA
    return coded_site(structure, None, target.between.upper, target.side)


def _algorithm(context: GroupContext) -> Item:
    return AlgorithmIdentification(
        name="needleplan trajectory planning",
        version=context.software_version,
        parameters=[f"procedure {context.procedure}"],
        manufacturer=MANUFACTURER,
    )


def _with_items(group: Item, items: list[Item]) -> Item:
    container = group[0]
    container.ContentSequence = ContentSequence([*container.ContentSequence, *items])
    return group


def _places(point_mm: FloatArray) -> str:
    return ",".join(str(round(float(value) / _TRACKING_STEP_MM)) for value in point_mm)
