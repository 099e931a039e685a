"""The shape of one path in ``plan.json``, and what all files' shapes are built from.

Points are LPS mm in the scan's own frame, angles degrees, lengths mm; probabilities 0 to 1.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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
    artefact_mm: float | None = Field(
        None, description="width of its dark band on MR; null: not known to be MR-conditional"
    )


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
    obstacle: str = Field("", description="what the rules count it under; names the contact in risk.contacts")
    lies: str = Field("", description="where the needle passes, seen from the structure; empty where unknown")
    name: str = Field("", description="the structure in words, with level and side")


class ProbabilityDocument(Document):
    """A probability with its 95 % interval."""

    value: FileNumber
    low: FileNumber
    high: FileNumber
    n: int = Field(description="draws; 0: in closed form, low and high are exact or a bound")


class ContactDocument(Document):
    """How likely the needle touches one obstacle."""

    obstacle: str
    probability: ProbabilityDocument


class RiskDocument(Document):
    """What the way of guiding makes of a path."""

    guidance: str = Field(description="freehand, laser, robot, or a site's own word")
    source: str = Field(description="where the errors of this guidance come from")
    contacts: list[ContactDocument] = Field(description="without a control scan, the likeliest first")
    any_contact: ProbabilityDocument
    beside_bone: ProbabilityDocument | None = Field(description="contact with anything but bone")
    target_missed: ProbabilityDocument
    allowed_tip_error_mm: FileNumber = Field(description="a tip further beside the path's end has missed")
    angle_forgiven: ProbabilityDocument = Field(description="the needle's angle is off by less than tolerance_deg")
    checkpoints_mm: list[FileNumber] = Field(description="depths below the skin for control scans")
    with_checkpoints: ProbabilityDocument = Field(description="any contact, with a control scan at each")
    beside_bone_with_checkpoints: ProbabilityDocument | None
    missed_with_checkpoints: ProbabilityDocument
    words: list[str] = Field(default=[], description="the same in sentences")


class BendDocument(Document):
    """What the needle's own bend makes of a path; clock positions seen from the hub, 12 is cranial."""

    tip: str
    source: str
    is_symmetric: bool = Field(description="the bevel's side makes no difference")
    bevel_clock: int
    bends_to_clock: int
    tip_offset_mm: FileNumber
    aim_deg: FileNumber
    spare_mm: FileNumber
    binding: str
    aimed_spare_mm: FileNumber
    aimed_binding: str
    words: str


class LandmarkDocument(Document):
    """Where the entry lies from the tip of a spinous process, along the scan's axes."""

    level: str
    cranial_mm: FileNumber = Field(description="negative: caudal of it")
    left_mm: FileNumber = Field(description="negative: right of it")
    words: str


class SliceDocument(Document):
    """The image that holds a point, as its own tags name it."""

    series_number: int | None = Field(description="Series Number (0020,0011)")
    instance_number: int | None = Field(description="Instance Number (0020,0013)")
    slice_location_mm: float | None = Field(description="Slice Location (0020,1041)")
    off_slice_mm: FileNumber = Field(description="distance of the point from the slice's plane")


class ImagingPlaneDocument(Document):
    """A plane that shows the needle whole on MR, as Image Orientation (Patient) (0020,0037) gives planes."""

    center_mm: PointMm
    row: PointMm = Field(description="unit vector along a row")
    column: PointMm = Field(description="unit vector along a column")
    words: str


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
    merits: list[str] = Field(default=[], description="what it is best at among this target's paths")
    landmark: LandmarkDocument | None = Field(None, description="from a spinous process; null where none was found")
    entry_tolerance_mm: FileNumber | None = Field(
        None, description="largest shift of the entry on the skin, aimed at the same tip again; null: not measured"
    )
    first_checkpoint_mm: FileNumber | None = Field(None, description="depth of the first control scan")
    risk: RiskDocument | None = None
    bend: BendDocument | None = Field(None, description="null where the needle's tip is not known to bend, or not to")
    imaging_planes: list[ImagingPlaneDocument] = Field(default=[], description="on MR: two planes that hold the needle")
