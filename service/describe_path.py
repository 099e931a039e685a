"""One path as a document: every fact spelled out, nothing computed anew.

In: a planned trajectory and what is known of the series. Out: the documents of ``service/path_documents.py``.
"""

from __future__ import annotations

from planner.geometry import FloatArray
from planner.hand.execution import ALLOWED_TIP_ERROR_MM
from planner.imaging_planes import planes_along
from planner.palpable import Landmark
from planner.plan import Bend, Clearance, PlannedTrajectory, Probability, Risk
from planner.procedure import Needle
from planner.sentences import name_of, risk_words
from service import words
from service.path_documents import (
    BendDocument,
    ClearanceDocument,
    ContactDocument,
    ImagingPlaneDocument,
    LandmarkDocument,
    NeedleDocument,
    PointMm,
    ProbabilityDocument,
    RiskDocument,
    TrajectoryDocument,
)
from service.series_facts import SeriesFacts


def trajectory_document(path: PlannedTrajectory, series: SeriesFacts) -> TrajectoryDocument:
    """One path a person may choose."""
    return TrajectoryDocument(
        rank=path.rank,
        entry_mm=point(path.entry_mm),
        target_mm=point(path.target_mm),
        length_mm=path.length_mm,
        obliquity_deg=path.obliquity_deg,
        tilt_deg=path.tilt_deg,
        floor_angle_deg=path.floor_angle_deg,
        needle=_needle(path.needle),
        clearances=[_clearance(clearance) for clearance in path.clearances],
        tolerance_deg=path.tolerance_deg,
        entry_from_midline_mm=path.entry_from_midline_mm,
        entry_words=words.entry_words(path),
        angle_words=words.angle_words(path),
        entry_slice=series.slice_at(path.entry_mm),
        target_slice=series.slice_at(path.target_mm),
        table_position=words.NOT_IN_THE_IMAGES,
        costs=dict(path.costs),
        cost=path.cost,
        sentence=path.sentence,
        merits=list(path.merits),
        landmark=None if path.landmark is None else _landmark(path.landmark),
        entry_tolerance_mm=path.entry_tolerance_mm,
        first_checkpoint_mm=None if path.risk is None else path.risk.first_checkpoint_mm,
        risk=None if path.risk is None else _risk(path.risk),
        bend=None if path.bend is None else _bend(path.bend),
        imaging_planes=_planes(path),
    )


def _planes(path: PlannedTrajectory) -> list[ImagingPlaneDocument]:
    """For needles that go into a magnet."""
    if path.needle.artefact_mm is None:
        return []
    return [
        ImagingPlaneDocument(
            center_mm=point(one.center_mm), row=point(one.row), column=point(one.column), words=one.words
        )
        for one in planes_along(path.entry_mm, path.target_mm)
    ]


def point(point_mm: FloatArray) -> PointMm:
    """Three numbers."""
    x, y, z = (float(value) for value in point_mm)
    return x, y, z


def name(value: object | None) -> str | None:
    """Its word; None stays None."""
    return None if value is None else str(value)


def _needle(needle: Needle) -> NeedleDocument:
    return NeedleDocument(
        gauge=needle.gauge,
        outer_diameter_mm=needle.outer_diameter_mm,
        length_mm=needle.length_mm,
        tip=needle.tip,
        artefact_mm=needle.artefact_mm,
    )


def _clearance(clearance: Clearance) -> ClearanceDocument:
    return ClearanceDocument(
        structure=str(clearance.structure),
        clearance_mm=clearance.clearance_mm,
        margin_mm=clearance.margin_mm,
        depth_mm=clearance.depth_mm,
        spare_mm=clearance.spare_mm,
        part=name(clearance.part),
        level=name(clearance.level),
        side=name(clearance.side),
        is_hard=clearance.is_hard,
        uncertainty_mm=clearance.uncertainty_mm,
        confidence=clearance.confidence,
        on_path_mm=point(clearance.on_path_mm),
        on_structure_mm=point(clearance.on_structure_mm),
        exempt_mm=clearance.exempt_mm,
        obstacle=clearance.obstacle,
        lies=clearance.lies,
        name=name_of(clearance),
    )


def _risk(risk: Risk) -> RiskDocument:
    return RiskDocument(
        guidance=risk.guidance,
        source=risk.source,
        contacts=[
            ContactDocument(obstacle=one.obstacle, probability=_probability(one.probability)) for one in risk.contacts
        ],
        any_contact=_probability(risk.any_contact),
        beside_bone=_maybe(risk.beside_bone),
        target_missed=_probability(risk.target_missed),
        allowed_tip_error_mm=ALLOWED_TIP_ERROR_MM,
        angle_forgiven=_probability(risk.angle_forgiven),
        checkpoints_mm=list(risk.checkpoints_mm),
        with_checkpoints=_probability(risk.with_checkpoints),
        beside_bone_with_checkpoints=_maybe(risk.beside_bone_with_checkpoints),
        missed_with_checkpoints=_probability(risk.missed_with_checkpoints),
        words=list(risk_words(risk)),
    )


def _maybe(probability: Probability | None) -> ProbabilityDocument | None:
    return None if probability is None else _probability(probability)


def _probability(one: Probability) -> ProbabilityDocument:
    return ProbabilityDocument(value=one.value, low=one.low, high=one.high, n=one.n)


def _landmark(landmark: Landmark) -> LandmarkDocument:
    return LandmarkDocument(
        level=str(landmark.level), cranial_mm=landmark.cranial_mm, left_mm=landmark.left_mm, words=str(landmark)
    )


def _bend(bend: Bend) -> BendDocument:
    return BendDocument(
        tip=bend.tip,
        source=bend.source,
        is_symmetric=bend.is_symmetric,
        bevel_clock=bend.bevel_clock,
        bends_to_clock=bend.bends_to_clock,
        tip_offset_mm=bend.tip_offset_mm,
        aim_deg=bend.aim_deg,
        spare_mm=bend.spare_mm,
        binding=bend.binding,
        aimed_spare_mm=bend.aimed_spare_mm,
        aimed_binding=bend.aimed_binding,
        words=str(bend),
    )
