"""The shapes of ``plan.json``, ``anatomy.json`` and ``labels.json``: what other tools may rely on.

Points are LPS mm in the scan's own frame, angles degrees, lengths mm. ``service/describe.py`` fills them from a plan and
an anatomy; ``needleplan schema`` prints them as JSON schemas.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

FileNumber: TypeAlias = Annotated[float, AfterValidator(lambda value: round(value, 6) + 0.0)]
"""A number as written to a file: a millionth of a millimetre is below every error and above float noise."""

PointMm: TypeAlias = tuple[FileNumber, FileNumber, FileNumber]


class Document(BaseModel):
    """Base of every part of a file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NeedleDocument(Document):
    """One needle from stock."""

    gauge: int
    outer_diameter_mm: float
    length_mm: float = Field(description="usable length, hub to tip")
    tip: str = Field(description="name of the grind")


class ClearanceDocument(Document):
    """How close one path comes to one structure, from the needle's surface to the drawn border."""

    structure: str
    clearance_mm: FileNumber
    margin_mm: FileNumber = Field(description="room the rules require: the structure's uncertainty and the reserve")
    depth_mm: FileNumber = Field(description="depth below the skin where the path is closest")
    spare_mm: FileNumber = Field(description="clearance beyond the margin")
    part: str | None
    level: str | None
    side: str | None
    is_hard: bool
    uncertainty_mm: FileNumber
    confidence: FileNumber
    on_path_mm: PointMm
    on_structure_mm: PointMm
    exempt_mm: FileNumber = Field(description="last part of the path in which this structure is not tested")


class SliceDocument(Document):
    """The image that holds a point, as its own tags name it."""

    series_number: int | None = Field(description="Series Number (0020,0011)")
    instance_number: int | None = Field(description="Instance Number (0020,0013)")
    slice_location_mm: float | None = Field(description="Slice Location (0020,1041)")
    off_slice_mm: FileNumber = Field(description="distance of the point from the slice's plane")


class TrajectoryDocument(Document):
    """One path a person may choose."""

    rank: int
    entry_mm: PointMm
    target_mm: PointMm
    length_mm: FileNumber
    obliquity_deg: FileNumber = Field(description="0: straight from the back; positive: entry on the patient's left")
    tilt_deg: FileNumber = Field(description="positive: aims cranially")
    floor_angle_deg: FileNumber | None = Field(description="to the floor in treatment position; null for a rehearsal")
    needle: NeedleDocument
    clearances: list[ClearanceDocument]
    tolerance_deg: FileNumber = Field(description="largest angle the path may be off before it breaks a hard limit")
    entry_from_midline_mm: FileNumber | None = Field(description="positive: left of the spinous processes")
    entry_words: str
    angle_words: str
    entry_slice: SliceDocument | None
    target_slice: SliceDocument | None
    table_position: str
    costs: dict[str, FileNumber]
    cost: FileNumber
    sentence: str


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


class SeriesDocument(Document):
    """Which images the plan belongs to, and to no others."""

    series_instance_uid: str | None
    frame_of_reference_uid: str
    frame_of_reference_is_derived: bool
    has_patient_id: bool | None = Field(description="null where the file format knows no patient")
    notes: list[str]
    valid_for: str


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
