"""Every coded concept that a document of ours holds: value, scheme, meaning, where it is defined.

In: nothing. Out: ``Concept`` constants; ``structure_codes.py`` holds those of the anatomy. ``CONCEPTS`` lists all.
``99NEEDLEPLAN`` is our private scheme: a document that uses it declares it in the Coding Scheme Identification
Sequence (0008,0110), PS3.3 C.12.1. Meanings are those of pydicom's dictionaries (a test compares them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept

PRIVATE_SCHEME = "99NEEDLEPLAN"
"""At most 16 characters (SH) and starting with 99: PS3.16 section 8.2."""

Coded: TypeAlias = Any
"""A highdicom code or item; the library brings no usable types."""

DEFINED_HERE = "docs/conformance.md"


@dataclass(frozen=True, slots=True)
class Concept:
    """One coded concept; ``source`` names the table of the Standard, or whoever defines it."""

    value: str
    scheme: str
    meaning: str
    source: str

    @property
    def code(self) -> Coded:
        """As highdicom takes it."""
        return CodedConcept(self.value, self.scheme, self.meaning)


def private(value: str, meaning: str) -> Concept:
    """A concept of our own scheme."""
    return Concept(value, PRIVATE_SCHEME, meaning, DEFINED_HERE)


def coding_schemes() -> list[Coded]:
    """What declares the private scheme in a document."""
    return [
        CodingSchemeIdentificationItem(
            designator=PRIVATE_SCHEME,
            name="needleplan private codes",
            responsible_organization="needleplan",
            version="1",
        )
    ]


# The report, PS3.16 TID 1500
MEASUREMENT_REPORT = Concept("126000", "DCM", "Imaging Measurement Report", "PS3.16 CID 7021")
PROCEDURE_REPORTED = Concept("77477000", "SCT", "Computed tomography", "PS3.16 CID 10005")
IMAGING_MEASUREMENTS = Concept("126010", "DCM", "Imaging Measurements", "PS3.16 TID 1500")
QUALITATIVE_EVALUATIONS = Concept("C0034375", "UMLS", "Qualitative Evaluations", "PS3.16 TID 1500")

# A measurement group, PS3.16 TID 1501 and TID 300; the first four are written by highdicom's templates
TRACKING_UID = Concept("112040", "DCM", "Tracking Unique Identifier", "PS3.16 TID 4108")
MEASUREMENT_GROUP = Concept("125007", "DCM", "Measurement Group", "PS3.16 TID 1501")
FINDING = Concept("121071", "DCM", "Finding", "PS3.16 TID 1501")
TOPOGRAPHICAL_MODIFIER = Concept("106233006", "SCT", "Topographical modifier", "PS3.16 TID 300")
FINDING_CATEGORY = Concept(
    "309825002", "SCT", "Spatial and Relational Concept", "PS3.16 CID 7150, category of the finding"
)
PATH = Concept("121055", "DCM", "Path", "PS3.16 annex D")
PLANNING_METHOD = Concept("112341", "DCM", "Generic 3D Planning", "PS3.16 CID 7320")
PATH_LENGTH = Concept("121211", "DCM", "Path length", "PS3.16 CID 7470")
VECTOR = Concept("121225", "DCM", "Vector", "PS3.16 CID 7551, purpose: entry first, tip second")
DISTANCE = Concept("121206", "DCM", "Distance", "PS3.16 CID 7470")
MINIMUM = Concept("255605001", "SCT", "Minimum", "PS3.16 CID 7464")
FINDING_SITE = Concept("363698007", "SCT", "Finding Site", "PS3.16 TID 1501")
LATERALITY = Concept("272741003", "SCT", "Laterality", "PS3.16 TID 1501")
LEFT = Concept("7771000", "SCT", "Left", "PS3.16 CID 244")
RIGHT = Concept("24028007", "SCT", "Right", "PS3.16 CID 244")
DEPTH = Concept("131197000", "SCT", "Depth", "PS3.16 CID 7470")
NEEDLE_GAUGE = Concept("111465", "DCM", "Needle Gauge", "PS3.16 CID 6095")
NEEDLE_LENGTH = Concept("111467", "DCM", "Needle Length", "PS3.16 CID 6095")
PRIMARY_ANGLE = Concept("112011", "DCM", "Positioner Primary Angle", "PS3.16 annex D; PS3.3 C.8.7.5.1.2")
SECONDARY_ANGLE = Concept("112012", "DCM", "Positioner Secondary Angle", "PS3.16 annex D; PS3.3 C.8.7.5.1.2")

PROBABILITY = Concept("122157", "DCM", "Probability", "PS3.16 annex D")

# Units, PS3.16 CID 82
MILLIMETRE = Concept("mm", "UCUM", "mm", "UCUM")
DEGREE = Concept("deg", "UCUM", "Degree", "UCUM")
NO_UNIT = Concept("1", "UCUM", "no units", "UCUM")

# Segmentation, key objects and pictures
SEGMENTATION_FAMILY = Concept("123104", "DCM", "Morphological Operations", "PS3.16 CID 7162")
OF_INTEREST = Concept("113000", "DCM", "Of Interest", "PS3.16 CID 7010, title of the key objects")
SOURCE_IMAGE = Concept(
    "121322", "DCM", "Source image for image processing operation", "PS3.16 CID 7202, purpose of reference"
)

# What no dictionary holds
TARGET = private("TARGET", "Needle target")
TARGET_POINT = private("TARGET_POINT", "Target point of needle tip")
ENTRY_POINT = private("ENTRY_POINT", "Entry point of needle at skin")
TARGET_IN_WORDS = private("TARGET_WORDS", "Target in words")
TARGET_CHOSEN_BY = private("CHOSEN_BY", "How level and side were chosen")
LEVEL_NAME = private("LEVEL_NAME", "Certainty of level name")
LEVEL_CERTAIN = private("LEVEL_CERTAIN", "Level name is anchored in this scan")
LEVEL_UNCERTAIN = private("LEVEL_UNCERTAIN", "Level name is not certain")
DIRECTIONS_EXAMINED = private("EXAMINED", "Directions examined")
DIRECTIONS_REJECTED = private("REJECTED", "Directions rejected")
REJECTING_RULE = private("REJECTING_RULE", "Rule that rejected")
NO_SAFE_PATH = private("NO_SAFE_PATH", "No safe path found")
PATHS_FOUND = private("PATHS_FOUND", "Safe paths found")
SEARCH_RESULT = private("SEARCH_RESULT", "Result of path search")
RANK = private("RANK", "Rank of path among alternatives")
OBLIQUITY = private("OBLIQUITY", "Obliquity, 0 from posterior, positive: entry on patient left")
TILT = private("TILT", "Needle tilt, positive aims cranially")
FLOOR_ANGLE = private("FLOOR_ANGLE", "Needle angle to floor in treatment position")
TOLERANCE_ANGLE = private("TOLERANCE_ANGLE", "Largest tolerated angular error")
ENTRY_FROM_MIDLINE = private("ENTRY_MIDLINE", "Entry from midline, positive to patient left")
NEEDLE_DIAMETER = private("NEEDLE_DIAMETER", "Needle outer diameter")
ENTRY_SLICE = private("ENTRY_SLICE", "Slice nearest to entry point")
TARGET_SLICE = private("TARGET_SLICE", "Slice nearest to needle tip")
NEEDLE_TIP = private("NEEDLE_TIP", "Needle tip")
PATH_IN_WORDS = private("PATH_WORDS", "Path in words")
CLOSEST_SEGMENT = private("CLOSEST_SEGMENT", "From path to nearest point of structure")
MARGIN = private("MARGIN", "Required margin")
UNCERTAINTY = private("UNCERTAINTY", "Uncertainty of drawn border, 95 percent")
CONFIDENCE = private("CONFIDENCE", "Confidence, 0 to 1")
EXEMPT_LENGTH = private("EXEMPT_LENGTH", "Last part of path not tested")
CLEARANCE_LIMIT = private("CLEARANCE_LIMIT", "Kind of limit")
HARD_LIMIT = private("HARD_LIMIT", "Hard limit")
SOFT_LIMIT = private("SOFT_LIMIT", "Preference")
PLAN_STATUS = private("PLAN_STATUS", "Plan status")
DRAFT = private("DRAFT", "DRAFT - NOT RELEASED")
RELEASED = private("RELEASED", "Released by a person")
POSITION_CHECK = private("POSITION_CHECK", "Scan and treatment position")
REHEARSAL = private("REHEARSAL", "REHEARSAL - scan is not in treatment position")
IN_TREATMENT_POSITION = private("TREATMENT_SCAN", "Scan is in treatment position")
SCAN_POSITION = private("SCAN_POSITION", "Scan position")
TREATMENT_POSITION = private("TREATMENT_POS", "Treatment position")
NOT_CHECKED = private("NOT_CHECKED", "NOT CHECKED")
RELEASE_BLOCKER = private("RELEASE_BLOCKER", "Keeps plan from release")
WARNING = private("WARNING", "Warning")
PLANNED_PROCEDURE = private("PROCEDURE", "Planned procedure")
PROCEDURE_KEY = private("PROCEDURE_KEY", "Key of planned procedure")
SOFTWARE = private("SOFTWARE", "Software version")
VALIDITY = private("VALIDITY", "Validity of plan")

CHECKPOINT = private("CHECKPOINT", "Depth of control scan below skin")
ENTRY_TOLERANCE = private("ENTRY_TOLERANCE", "Largest tolerated shift of skin entry")
ENTRY_CRANIAL = private("ENTRY_CRANIAL", "Entry cranial of spinous process tip, negative caudal")
ENTRY_LEFT = private("ENTRY_LEFT", "Entry left of spinous process tip, negative right")
LANDMARK = private("LANDMARK", "Vertebra of palpable spinous process")
GUIDANCE = private("GUIDANCE", "How the needle is guided")
GUIDANCE_SOURCE = private("GUIDANCE_SOURCE", "Source of errors of guidance")
PROBABILITY_OF = private("PROBABILITY_OF", "Event whose probability is given")
CONTACT = private("CONTACT", "Needle touches one structure, no control scan")
ANY_CONTACT = private("ANY_CONTACT", "Needle touches any structure, no control scan")
CONTACT_BESIDE_BONE = private("CONTACT_SOFT", "Needle touches other than bone, no control scan")
TARGET_MISSED = private("TARGET_MISSED", "Tip too far beside target, no control scan")
ANGLE_FORGIVEN = private("ANGLE_FORGIVEN", "Angle off by less than tolerance")
ANY_CONTACT_SCANNED = private("ANY_SCANNED", "Needle touches any structure, with control scans")
CONTACT_BESIDE_BONE_SCANNED = private("SOFT_SCANNED", "Needle touches other than bone, with control scans")
TARGET_MISSED_SCANNED = private("MISSED_SCANNED", "Tip too far beside target, with control scans")
OBSTACLE = private("OBSTACLE", "Structure as the rules name it")
INTERVAL_LOW = private("INTERVAL_LOW", "Lower end of 95 percent interval")
INTERVAL_HIGH = private("INTERVAL_HIGH", "Upper end of 95 percent interval")
DRAWS = private("DRAWS", "Needles drawn, 0 for a closed form")
BEND_IN_WORDS = private("BEND_WORDS", "Bend of needle and bevel in words")
BEVEL_CLOCK = private("BEVEL_CLOCK", "Bevel faces, hours, from hub, 12 cranial")
MERIT = private("MERIT", "Best among alternatives at")
LIES = private("LIES", "Where path passes, seen from structure")
BINDING = private("BINDING", "What refused most directions")
RELAXATION = private("RELAXATION", "What would open a path, not applied")
PLACING = private("PLACING", "Order of placing several needles")
TOGETHER_RANK = private("TOGETHER_RANK", "Rank of path that goes with other targets")
SITE_VALUE = private("SITE_VALUE", "Value set by the site")
GATE = private("GATE", "Checklist question with answer")
INJECTATE = private("INJECTATE", "Injected volume and its spread")
SHEET = private("SHEET", "Needle plan sheet for intervention room")

CONCEPTS: tuple[Concept, ...] = tuple(value for value in globals().values() if isinstance(value, Concept))
"""All of the above, in the order of this file."""
