"""What each segment of a segmentation says about itself: codes, side, level, tracking, colour (PS3.3 C.8.20.4).

In: the entries of a label map. Out: segment descriptions, and the entry a description stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from highdicom.color import CIELabColor
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import SegmentDescription
from pydicom.dataset import Dataset

from dicom_io import codes
from dicom_io.codes import Concept
from dicom_io.identity import MANUFACTURER, DicomCase, derived_uid
from dicom_io.structure_codes import CodedSite, coded_site, label_entry
from planner.structures import Part, Structure
from planner.volume import LabelEntry

Segment: TypeAlias = Any
"""A highdicom segment description; the library brings no usable types."""

LEFT_OUT = (Structure.SKIN, Structure.BODY, Structure.MUSCLE)
"""What remains around everything else, in every slice: of no use beside a path on a PACS screen, and large."""

_COLOURS: Mapping[Structure, tuple[int, int, int]] = {
    Structure.VERTEBRA: (230, 214, 170), Structure.SACRUM: (214, 190, 140), Structure.ILIUM: (200, 180, 130),
    Structure.RIB: (210, 195, 150), Structure.BONE: (225, 205, 160), Structure.DISC: (120, 190, 215),
    Structure.CANAL: (250, 220, 90), Structure.THECAL_SAC: (255, 235, 120), Structure.NERVE_ROOT: (255, 200, 0),
    Structure.AORTA: (220, 40, 40), Structure.ARTERY: (230, 70, 60), Structure.INFERIOR_VENA_CAVA: (50, 80, 210),
    Structure.VEIN: (70, 100, 220), Structure.KIDNEY: (170, 80, 70), Structure.URETER: (190, 120, 60),
    Structure.LUNG: (190, 215, 235), Structure.PLEURAL_ZONE: (150, 190, 230), Structure.BOWEL: (190, 150, 110),
    Structure.GAS: (110, 130, 140), Structure.LIVER: (150, 75, 45), Structure.SPLEEN: (130, 60, 110),
    Structure.PSOAS: (165, 70, 80), Structure.CRUS: (185, 95, 110), Structure.MUSCLE: (150, 60, 70), Structure.METAL: (200, 200, 220),
}  # fmt: skip
"""RGB as most viewers paint these; red for arteries, blue for veins, yellow for nerves."""


def grouped(entries: Mapping[int, LabelEntry]) -> dict[LabelEntry, tuple[int, ...]]:
    """Label values by what they name, confidence aside (the lowest counts), in order of the first value."""
    values: dict[CodedSite, list[int]] = {}
    for value in sorted(entries):
        if entries[value].structure not in LEFT_OUT:
            values.setdefault(site_of(entries[value]), []).append(value)
    return {min((entries[v] for v in found), key=lambda e: e.confidence): tuple(found) for found in values.values()}


def site_of(entry: LabelEntry) -> CodedSite:
    """Codes of a label."""
    return coded_site(entry.structure, entry.part, entry.level, entry.side)


def label_words(entry: LabelEntry) -> str:
    """Segment Label (0062,0005), at most 64 characters (LO): *left L4 nerve root*, *left L4 nerve root, ganglion*."""
    side = f"{entry.side.value} " if entry.side else ""
    level = f"{entry.level} " if entry.level is not None else ""
    part = f", {entry.part.value.replace('_', ' ')}" if entry.part not in {None, Part.ROOT} else ""
    below = "disc below " if entry.structure is Structure.DISC and level else ""
    name = level.strip() if below else f"{level}{entry.structure.words}"
    return f"{side}{below}{name}{part}"[:64]


def description(number: int, entry: LabelEntry, series_instance_uid: str, case: DicomCase) -> Segment:
    """One item of the Segment Sequence (0062,0002)."""
    site = site_of(entry)
    words = label_words(entry)
    segment = SegmentDescription(
        segment_number=number,
        segment_label=words,
        segmented_property_category=site.category.code,
        segmented_property_type=site.kind.code,
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name="needleplan anatomy",
            family=codes.SEGMENTATION_FAMILY.code,
            version=case.software_version,
            source=MANUFACTURER,
        ),
        tracking_id=words,
        tracking_uid=derived_uid(series_instance_uid, "segment", *_tracked(site)),
        anatomic_regions=[site.region.code] if site.region else None,
        display_color=_colour(entry.structure),
    )
    if site.side:
        segment.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [site.side.code]
    segment.SegmentDescription = f"confidence {entry.confidence:.6g}"
    return segment


def entry_of(segment: Dataset) -> LabelEntry | None:
    """What a segment names, from its codes; None where the codes are not ours."""
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    site = CodedSite(
        _concept(kind),
        _first(segment, "AnatomicRegionSequence"),
        _first(kind, "SegmentedPropertyTypeModifierCodeSequence"),
    )
    stated = re.search(r"confidence ([0-9.]+)", str(segment.get("SegmentDescription", "")))
    return label_entry(site, float(stated.group(1)) if stated else 1.0)


def _tracked(site: CodedSite) -> tuple[str, ...]:
    """What makes a segment the same one in a later revision."""
    return tuple(f"{one.scheme} {one.value}" if one else "-" for one in (site.kind, site.region, site.side))


def _colour(structure: Structure) -> Segment:
    red, green, blue = _COLOURS.get(structure, (180, 180, 180))
    return CIELabColor.from_rgb(red, green, blue)


def _first(item: Dataset, keyword: str) -> Concept | None:
    found = item.get(keyword)
    return _concept(found[0]) if found else None


def _concept(code: Dataset) -> Concept:
    return Concept(str(code.CodeValue), str(code.CodingSchemeDesignator), str(code.get("CodeMeaning", "")), "read")
