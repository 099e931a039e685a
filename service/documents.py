"""The shapes of ``plan.json``, ``anatomy.json`` and ``labels.json``: what other tools may rely on.

Points are LPS mm in the scan's own frame, angles degrees, lengths mm. ``service/describe.py`` fills them from a plan and
an anatomy; ``needleplan schema`` prints them as JSON schemas.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, RootModel

from service.path_documents import Document, FileNumber, PointMm, TrajectoryDocument


class InjectateDocument(Document):
    """Where the procedure's largest volume may spread, as an ellipsoid: it may warn, it never clears."""

    volume_ml: FileNumber
    center_mm: PointMm
    axes: list[PointMm] = Field(description="unit rows: lateral, dorsal, cranial")
    half_axes_mm: PointMm
    reached: list[str] = Field(description="structures of the scan with a voxel in it")


class GateDocument(Document):
    """One gate of the checklist."""

    key: str
    words: str
    answer: str = Field(description="empty: not answered")
    is_closed: bool
    answered_by: str


class TargetDocument(Document):
    """One target with its ranked paths, or none and why."""

    root: str
    level: str = Field(description="the foramen's name: the vertebra above and the one below")
    side: str
    words: str
    point_mm: PointMm
    name_is_certain: bool
    chosen_by: str
    trajectories: list[TrajectoryDocument]
    rejected: dict[str, int] = Field(description="directions rejected, by the first rule that rejected each")
    examined: int
    binding: str = Field("", description="where no path is safe: the structure or rule that refused most")
    relaxations: list[str] = Field(
        default=[], description="where no path is safe: what would open one, each planned, none applied"
    )
    injectate: InjectateDocument | None = Field(None, description="null where the volume stays at the tip")


class SeriesDocument(Document):
    """Which images the plan belongs to, and to no others."""

    series_instance_uid: str | None
    frame_of_reference_uid: str
    frame_of_reference_is_derived: bool
    has_patient_id: bool | None = Field(description="null where the file format knows no patient")
    notes: list[str]
    valid_for: str


class CarriedPathDocument(Document):
    """An earlier path at its place today: a proposal, to be planned anew."""

    target: str
    level: str
    entry_mm: PointMm
    tip_mm: PointMm
    uncertainty_mm: FileNumber


class EarlierTargetDocument(Document):
    """One target of an earlier plan; its points lie in that scan's frame, not in this one."""

    words: str
    needle: str = Field(description="of its first path; empty where none was safe")
    length_mm: FileNumber | None
    obliquity_deg: FileNumber | None
    tilt_deg: FileNumber | None
    entry_from_midline_mm: FileNumber | None = Field(None, description="positive: left of the spinous processes")
    sentence: str
    today: CarriedPathDocument | None = Field(
        default=None,
        description="its first path in this scan's frame, where the earlier scan was laid over this one: a proposal",
    )


class EarlierPlanDocument(Document):
    """A plan that was made before for the same patient."""

    procedure: str
    title: str
    state_words: str
    content_date: str = Field(description="Content Date (0008,0023) of its report")
    sop_instance_uid: str
    joined_by: str = Field(description="what says that it is the same patient")
    targets: list[EarlierTargetDocument]


class PlanDocument(Document):
    """``plan.json``."""

    procedure: str
    title: str
    state: str
    state_words: str
    not_checked: list[str]
    scan_position: str
    treatment_position: str
    scan_position_evidence: str
    is_rehearsal: bool
    rehearsal: str | None
    breathing_phase: str
    targets: list[TargetDocument]
    is_releasable: bool
    release_blockers: list[str]
    warnings: list[str]
    series: SeriesDocument
    versions: dict[str, str]
    site_values: list[str] = Field(default=[], description="values that the site set instead of the defaults")
    placing: list[str] = Field(default=[], description="several needles: which go together, in which order")
    together: list[int] = Field(
        default=[], description="rank of each target's path in that choice, 0 for a target without path"
    )
    checklist: list[GateDocument] = Field(default=[], description="each gate with its answer")
    volume_ml: tuple[FileNumber, FileNumber] | None = Field(None, description="injected at each target, least and most")
    earlier_plans: list[EarlierPlanDocument] = Field(
        default=[], description="earlier plans of the same patient, the latest first"
    )


class LevelDocument(Document):
    """One vertebra."""

    name: str
    body_center_mm: PointMm
    confidence: FileNumber
    name_confidence: FileNumber


class DiscDocument(Document):
    """One disc; ``normal`` points cranially."""

    name: str
    center_mm: PointMm
    normal: PointMm
    confidence: FileNumber


class ForamenDocument(Document):
    """One foramen: the middle of its sagittal opening."""

    level: str
    side: str
    center_mm: PointMm
    confidence: FileNumber


class FacetDocument(Document):
    """One facet joint: a point on its posterior gap and its cranio-caudal axis."""

    level: str
    side: str
    point_mm: PointMm
    axis: PointMm
    confidence: FileNumber


class NerveRootDocument(Document):
    """One root as a model, not seen on CT."""

    root: str
    side: str
    ganglion_mm: PointMm
    uncertainty_mm: FileNumber
    level: str
    course_mm: list[PointMm]
    radius_mm: FileNumber
    confidence: FileNumber


class StructureDocument(Document):
    """How sure one structure is; ``uncertainty_mm``: its border, 95 %."""

    structure: str
    confidence: FileNumber
    uncertainty_mm: FileNumber | None
    origin: str | None = Field(default=None, description="whose segmentation it is, where it is not needleplan's")


class AnatomyDocument(Document):
    """``anatomy.json``."""

    levels: list[LevelDocument]
    discs: list[DiscDocument]
    canal_centreline_mm: list[PointMm]
    foramina: list[ForamenDocument]
    facets: list[FacetDocument]
    nerve_roots: list[NerveRootDocument]
    structures: list[StructureDocument]
    naming: str = Field(description="what anchors the level names; empty where nothing does")
    pose: str
    pose_confidence: FileNumber
    pose_evidence: str
    series: SeriesDocument
    warnings: list[str]
    seconds: dict[str, float]
    gates: list[str] = Field(
        default=[], description="what was asked of a segmentation that others made, and the answers"
    )


class LabelDocument(Document):
    """What one value of ``labels.nii.gz`` means."""

    structure: str
    part: str | None
    level: str | None
    side: str | None
    confidence: FileNumber


class LabelsDocument(RootModel[dict[str, LabelDocument]]):
    """``labels.json``: label value to meaning."""


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of each file, by the file's name."""
    return {
        "plan.json": PlanDocument.model_json_schema(),
        "anatomy.json": AnatomyDocument.model_json_schema(),
        "labels.json": LabelsDocument.model_json_schema(),
    }
