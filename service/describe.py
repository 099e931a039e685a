"""A plan and an anatomy as documents: every fact spelled out, nothing computed anew.

In: frozen planner values and what is known of the series. Out: the documents of ``service/documents.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.plan import Clearance, Plan, PlannedTrajectory, TargetPlan
from planner.volume import LabelMap
from service import words
from service.documents import (
    AnatomyDocument,
    ClearanceDocument,
    DiscDocument,
    FacetDocument,
    ForamenDocument,
    LabelDocument,
    LabelsDocument,
    LevelDocument,
    NeedleDocument,
    NerveRootDocument,
    PlanDocument,
    PointMm,
    StructureDocument,
    TargetDocument,
    TrajectoryDocument,
)
from service.series_facts import SeriesFacts


def plan_document(plan: Plan, series: SeriesFacts) -> PlanDocument:
    """``plan.json``."""
    return PlanDocument(
        procedure=plan.procedure,
        title=plan.title,
        state=str(plan.state),
        state_words=words.state_words(plan),
        not_checked=[str(structure) for structure in plan.not_checked],
        scan_position=words.scan_position_words(plan.scan_position),
        treatment_position=str(plan.treatment_pose),
        scan_position_evidence=plan.scan_position.evidence,
        is_rehearsal=plan.is_rehearsal,
        rehearsal=words.rehearsal_words(plan),
        breathing_phase=words.UNKNOWN_BREATHING,
        targets=[_target(target, series) for target in plan.targets],
        is_releasable=plan.is_releasable,
        release_blockers=list(plan.release_blockers),
        warnings=list(plan.warnings),
        series=series.document(),
        versions=dict(plan.versions),
    )


def anatomy_document(anatomy: Anatomy, series: SeriesFacts, seconds: Mapping[str, float]) -> AnatomyDocument:
    """``anatomy.json``; ``seconds`` is what each stage took."""
    return AnatomyDocument(
        levels=[
            LevelDocument(
                name=str(vertebra.name),
                body_center_mm=_point(vertebra.body_center_mm),
                confidence=vertebra.confidence,
                name_confidence=vertebra.name_confidence,
            )
            for vertebra in anatomy.vertebrae
        ],
        discs=[
            DiscDocument(
                name=str(disc.between),
                center_mm=_point(disc.center_mm),
                normal=_point(disc.normal),
                confidence=disc.confidence,
            )
            for disc in anatomy.discs
        ],
        canal_centreline_mm=[_point(point) for point in anatomy.canal_centreline_mm],
        foramina=[
            ForamenDocument(
                level=str(foramen.between),
                side=str(foramen.side),
                center_mm=_point(foramen.center_mm),
                confidence=foramen.confidence,
            )
            for foramen in anatomy.foramina
        ],
        facets=[
            FacetDocument(
                level=str(facet.between),
                side=str(facet.side),
                point_mm=_point(facet.point_mm),
                axis=_point(facet.axis),
                confidence=facet.confidence,
            )
            for facet in anatomy.facets
        ],
        nerve_roots=_nerve_roots(anatomy),
        structures=_structures(anatomy),
        naming=anatomy.naming,
        pose=str(anatomy.lie.pose),
        pose_confidence=anatomy.lie.confidence,
        pose_evidence=anatomy.lie.evidence,
        series=series.document(),
        warnings=list(anatomy.warnings),
        seconds={stage: round(taken, 3) for stage, taken in seconds.items()},
    )


def labels_document(labels: LabelMap) -> LabelsDocument:
    """``labels.json``."""
    return LabelsDocument(
        {
            str(value): LabelDocument(
                structure=str(entry.structure),
                part=_name(entry.part),
                level=_name(entry.level),
                side=_name(entry.side),
                confidence=entry.confidence,
            )
            for value, entry in sorted(labels.entries.items())
        }
    )


def _nerve_roots(anatomy: Anatomy) -> list[NerveRootDocument]:
    return [
        NerveRootDocument(
            root=root.root,
            side=str(root.side),
            ganglion_mm=_point(root.ganglion_mm),
            uncertainty_mm=root.uncertainty_mm,
            level=str(root.between),
            course_mm=[_point(point) for point in root.course_mm],
            radius_mm=root.radius_mm,
            confidence=root.confidence,
        )
        for root in anatomy.nerve_roots
    ]


def _structures(anatomy: Anatomy) -> list[StructureDocument]:
    return [
        StructureDocument(
            structure=str(structure), confidence=confidence, uncertainty_mm=anatomy.uncertainty_mm.get(structure)
        )
        for structure, confidence in sorted(anatomy.confidence.items())
    ]


def _target(target: TargetPlan, series: SeriesFacts) -> TargetDocument:
    return TargetDocument(
        root=target.root,
        level=str(target.between),
        side=str(target.side),
        words=target.words,
        point_mm=_point(target.point_mm),
        name_is_certain=target.name_is_certain,
        chosen_by=target.chosen_by,
        trajectories=[_trajectory(trajectory, series) for trajectory in target.trajectories],
        rejected=dict(target.rejected),
        examined=target.examined,
    )


def _trajectory(path: PlannedTrajectory, series: SeriesFacts) -> TrajectoryDocument:
    needle = path.needle
    return TrajectoryDocument(
        rank=path.rank,
        entry_mm=_point(path.entry_mm),
        target_mm=_point(path.target_mm),
        length_mm=path.length_mm,
        obliquity_deg=path.obliquity_deg,
        tilt_deg=path.tilt_deg,
        floor_angle_deg=path.floor_angle_deg,
        needle=NeedleDocument(
            gauge=needle.gauge,
            outer_diameter_mm=needle.outer_diameter_mm,
            length_mm=needle.length_mm,
            tip=needle.tip,
        ),
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
    )


def _clearance(clearance: Clearance) -> ClearanceDocument:
    return ClearanceDocument(
        structure=str(clearance.structure),
        clearance_mm=clearance.clearance_mm,
        margin_mm=clearance.margin_mm,
        depth_mm=clearance.depth_mm,
        spare_mm=clearance.spare_mm,
        part=_name(clearance.part),
        level=_name(clearance.level),
        side=_name(clearance.side),
        is_hard=clearance.is_hard,
        uncertainty_mm=clearance.uncertainty_mm,
        confidence=clearance.confidence,
        on_path_mm=_point(clearance.on_path_mm),
        on_structure_mm=_point(clearance.on_structure_mm),
        exempt_mm=clearance.exempt_mm,
    )


def _point(point: FloatArray) -> PointMm:
    x, y, z = (float(value) for value in point)
    return x, y, z


def _name(value: object | None) -> str | None:
    return None if value is None else str(value)
