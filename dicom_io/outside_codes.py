"""What codes of other systems' segments mean here, with their laterality, beyond our own table.

In: a segment's property type, its modifiers and its anatomic regions. Out: a ``Meaning``, or None. Old SNOMED RT codes (SRT) are
turned into SNOMED CT first. Values as in PS3.16 CID 4031, 7603, 8134 and pydicom's dictionary; left and right kidney as coded by
dcmqi's tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping as snomed

from dicom_io.codes import Concept
from dicom_io.structure_codes import CodedSite, label_entry
from planner.brought import Beside, Meaning
from planner.structures import Part, Side, Structure
from planner.volume import LabelEntry

TRUST = 0.9
"""As for names: confidence before the gates (assumed)."""

_RIGHT, _LEFT = "24028007", "7771000"
_SIDES = {_RIGHT: Side.RIGHT, _LEFT: Side.LEFT}

_KINDS: Mapping[str, tuple[Structure, Part | None, Side | None]] = {
    "51282000": (Structure.VERTEBRA, None, None),
    "421060004": (Structure.BONE, None, None),
    "18639004": (Structure.KIDNEY, None, Side.LEFT),
    "9846003": (Structure.KIDNEY, None, Side.RIGHT),
    "69695003": (Structure.BOWEL, None, None),
    "38848004": (Structure.BOWEL, None, None),
    "30315005": (Structure.BOWEL, None, None),
    "71854001": (Structure.BOWEL, None, None),
    "34402009": (Structure.BOWEL, None, None),
    "32849002": (Structure.BOWEL, None, None),
    "18545000": (Structure.THECAL_SAC, None, None),
    "73634005": (Structure.ARTERY, None, None),
    "85234005": (Structure.ARTERY, None, None),
    "69105007": (Structure.ARTERY, None, None),
    "32062004": (Structure.ARTERY, None, None),
    "36765005": (Structure.ARTERY, None, None),
    "12691009": (Structure.ARTERY, None, None),
    "46027005": (Structure.VEIN, None, None),
    "48345005": (Structure.VEIN, None, None),
    "32764006": (Structure.VEIN, None, None),
    "45653009": (Structure.LUNG, None, None),
    "90572001": (Structure.LUNG, None, None),
    "72481006": (Structure.LUNG, None, None),
    "44714003": (Structure.LUNG, None, Side.LEFT),
    "56873002": (Structure.BONE, None, None),
    "71341001": (Structure.BONE, None, None),
    "79601000": (Structure.BONE, None, None),
    "51299004": (Structure.BONE, None, None),
    "85050009": (Structure.BONE, None, None),
    "89546000": (Structure.BONE, None, None),
    "78972004": (Structure.VERTEBRA, Part.POSTERIOR, None),
    "89340005": (Structure.VERTEBRA, Part.POSTERIOR, None),
    "360499006": (Structure.DISC, None, None),
}

_BESIDE: Mapping[str, Beside] = {
    "2748008": Beside.CORD,
    **dict.fromkeys(
        ("15776009", "28231008", "44567001", "80891009", "89837001", "23451007", "12738006", "41216001"),
        Beside.NOT_USED,
    ),
}


def coded_meaning(segment: Dataset) -> Meaning | None:
    """What a segment's codes say; None where its type is not known here."""
    types = segment.get("SegmentedPropertyTypeCodeSequence")
    if not types:
        return None
    kind = _concept(types[0])
    side = _side(segment, types[0])
    if kind.scheme == "SCT" and kind.value in _BESIDE:
        return _BESIDE[kind.value]
    region = next((_concept(one) for one in segment.get("AnatomicRegionSequence") or ()), None)
    ours = label_entry(CodedSite(kind, region, None), TRUST)
    if ours is not None:
        return replace(ours, side=side)
    if kind.scheme != "SCT" or kind.value not in _KINDS:
        return None
    structure, part, own_side = _KINDS[kind.value]
    of_region = None if region is None else label_entry(CodedSite(region))
    level = None if of_region is None else of_region.level
    return LabelEntry(structure, part, level, own_side or side, TRUST)


def _side(segment: Dataset, kind: Dataset) -> Side | None:
    """Laterality from the type's modifier, the region's, or Laterality itself."""
    items = [*(kind.get("SegmentedPropertyTypeModifierCodeSequence") or ())]
    for region in segment.get("AnatomicRegionSequence") or ():
        items.extend(region.get("AnatomicRegionModifierSequence") or ())
    return next((_SIDES[c.value] for c in map(_concept, items) if c.value in _SIDES), None)


def _concept(code: Dataset) -> Concept:
    scheme, value = str(code.get("CodingSchemeDesignator", "")), str(code.get("CodeValue", ""))
    if scheme in {"SRT", "SNM3"}:
        scheme, value = "SCT", str(snomed["SRT"].get(value, value))
    return Concept(value, scheme, str(code.get("CodeMeaning", "")), "read")
