"""A plan and an anatomy as documents: every fact spelled out, nothing computed anew.

In: frozen planner values and what is known of the series. Out: the documents of ``service/documents.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.anatomy.model import Anatomy
from planner.injectate import Injectate
from planner.plan import Plan, TargetPlan
from planner.release.gate_answers import GateAnswer
from planner.volume import LabelMap
from service import words
from service.describe_path import name, point, trajectory_document
from service.documents import (
    AnatomyDocument,
    DiscDocument,
    EarlierPlanDocument,
    FacetDocument,
    ForamenDocument,
    GateDocument,
    InjectateDocument,
    LabelDocument,
    LabelsDocument,
    LevelDocument,
    NerveRootDocument,
    PlanDocument,
    StructureDocument,
    TargetDocument,
)
from service.series_facts import SeriesFacts


def plan_document(plan: Plan, series: SeriesFacts, earlier: Sequence[EarlierPlanDocument] = ()) -> PlanDocument:
    """``plan.json``; ``earlier`` are plans of the same patient, the latest first."""
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
        site_values=list(plan.site_values),
        placing=list(plan.placing),
        together=list(plan.together),
        checklist=[_gate(gate) for gate in plan.gates],
        volume_ml=plan.volume_ml,
        earlier_plans=list(earlier),
    )


def anatomy_document(anatomy: Anatomy, series: SeriesFacts, seconds: Mapping[str, float]) -> AnatomyDocument:
    """``anatomy.json``; ``seconds`` is what each stage took."""
    return AnatomyDocument(
        levels=[
            LevelDocument(
                name=str(vertebra.name),
                body_center_mm=point(vertebra.body_center_mm),
                confidence=vertebra.confidence,
                name_confidence=vertebra.name_confidence,
            )
            for vertebra in anatomy.vertebrae
        ],
        discs=[
            DiscDocument(
                name=str(disc.between),
                center_mm=point(disc.center_mm),
                normal=point(disc.normal),
                confidence=disc.confidence,
            )
            for disc in anatomy.discs
        ],
        canal_centreline_mm=[point(one) for one in anatomy.canal_centreline_mm],
        foramina=[
            ForamenDocument(
                level=str(foramen.between),
                side=str(foramen.side),
                center_mm=point(foramen.center_mm),
                confidence=foramen.confidence,
            )
            for foramen in anatomy.foramina
        ],
        facets=[
            FacetDocument(
                level=str(facet.between),
                side=str(facet.side),
                point_mm=point(facet.point_mm),
                axis=point(facet.axis),
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
        gates=list(anatomy.gates),
    )


def labels_document(labels: LabelMap) -> LabelsDocument:
    """``labels.json``."""
    return LabelsDocument(
        {
            str(value): LabelDocument(
                structure=str(entry.structure),
                part=name(entry.part),
                level=name(entry.level),
                side=name(entry.side),
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
            ganglion_mm=point(root.ganglion_mm),
            uncertainty_mm=root.uncertainty_mm,
            level=str(root.between),
            course_mm=[point(one) for one in root.course_mm],
            radius_mm=root.radius_mm,
            confidence=root.confidence,
        )
        for root in anatomy.nerve_roots
    ]


def _structures(anatomy: Anatomy) -> list[StructureDocument]:
    return [
        StructureDocument(
            structure=str(structure),
            confidence=confidence,
            uncertainty_mm=anatomy.uncertainty_mm.get(structure),
            origin=anatomy.origin.get(structure),
        )
        for structure, confidence in sorted(anatomy.confidence.items())
    ]


def _target(target: TargetPlan, series: SeriesFacts) -> TargetDocument:
    return TargetDocument(
        root=target.root,
        level=str(target.between),
        side=str(target.side),
        words=target.words,
        point_mm=point(target.point_mm),
        name_is_certain=target.name_is_certain,
        chosen_by=target.chosen_by,
        trajectories=[trajectory_document(trajectory, series) for trajectory in target.trajectories],
        rejected=dict(target.rejected),
        examined=target.examined,
        binding=target.binding,
        relaxations=list(target.relaxations),
        injectate=None if target.injectate is None else _injectate(target.injectate),
    )


def _gate(gate: GateAnswer) -> GateDocument:
    return GateDocument(
        key=gate.key,
        words=gate.words,
        answer=gate.answer,
        is_closed=gate.is_closed,
        answered_by=gate.answered_by,
    )


def _injectate(region: Injectate) -> InjectateDocument:
    return InjectateDocument(
        volume_ml=region.volume_ml,
        center_mm=point(region.center_mm),
        axes=[point(axis) for axis in region.axes],
        half_axes_mm=point(region.half_axes_mm),
        reached=list(region.reached),
    )
