"""Structures, parts, levels and sides as coded concepts, and back.

In: what a label or a clearance names. Out: a ``CodedSite``: what it is, in which vertebra's region, on which side.
The same codes go into the Segmentation (property type, anatomic region, laterality) and into the report (finding
site, modifier, laterality), so both can be read by any system, and back here without loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from dicom_io import codes
from dicom_io.codes import PRIVATE_SCHEME, Concept, private
from planner.structures import LevelName, Part, Side, SpineLevel, Structure, Unnamed
from planner.volume import LabelEntry

_TG263 = "SNOMED CT, as mapped by AAPM TG-263; not in pydicom's dictionary"

ANATOMICAL_STRUCTURE = Concept("91723000", "SCT", "Anatomical Structure", "PS3.16 CID 7150")
SUBSTANCE = Concept("105590001", "SCT", "Substance", "PS3.16 CID 7150")
PHYSICAL_OBJECT = Concept("260787004", "SCT", "Physical object", "PS3.16 CID 7150")

_VERTEBRA_VALUES = {
    "C1": "14806007", "C2": "39976000", "C3": "113205007", "C4": "5329002", "C5": "36978003", "C6": "36054005",
    "C7": "87391001", "T1": "64864005", "T2": "53733008", "T3": "1626008", "T4": "73071006", "T5": "56401006",
    "T6": "45296009", "T7": "62487009", "T8": "11068009", "T9": "82687006", "T10": "7610001", "T11": "12989004",
    "T12": "23215003", "L1": "66794005", "L2": "14293000", "L3": "36470004", "L4": "11994002", "L5": "49668003",
}  # fmt: skip
_SACRAL_VALUES = {"S1": "65985001", "S2": "11808007", "S3": "49967005", "S4": "69950008", "S5": "21452006"}
_DISC_VALUES = {
    "C2/C3": "1078209008", "C3/C4": "58820006", "C4/C5": "49400002", "C5/C6": "73959003", "C6/C7": "75095006",
    "C7/T1": "37414007", "T1/T2": "40908007", "T2/T3": "6004007", "T3/T4": "2620004", "T4/T5": "82965004",
    "T5/T6": "72692000", "T6/T7": "74401007", "T7/T8": "28693002", "T8/T9": "9188009", "T9/T10": "113209001",
    "T10/T11": "34959001", "L1/L2": "80064006", "L2/L3": "67459009", "L3/L4": "62551000",
}  # fmt: skip

VERTEBRAE: dict[SpineLevel, Concept] = {
    **{SpineLevel(n): Concept(v, "SCT", f"{n} vertebra", "PS3.16 CID 7603") for n, v in _VERTEBRA_VALUES.items()},
    **{SpineLevel(n): Concept(v, "SCT", f"{n} vertebra", _TG263) for n, v in _SACRAL_VALUES.items()},
    SpineLevel.T13: private("VERTEBRA_T13", "T13 vertebra"),
    SpineLevel.L6: private("VERTEBRA_L6", "L6 vertebra"),
}

DISCS: dict[str, Concept] = {n: Concept(v, "SCT", f"{n} disc", "PS3.16 CID 7604") for n, v in _DISC_VALUES.items()}
"""By both vertebrae, where the upper one says the lower one. Below T11, T12, L4 and L5 it does not (people have 11 to 13
thoracic and 4 to 6 lumbar vertebrae): those discs are coded as a disc in the region of the vertebra above."""

_VERTEBRA = private("VERTEBRA", "Vertebra")
_DISC = private("DISC", "Intervertebral disc")

KINDS: dict[tuple[Structure, Part | None], Concept] = {
    (Structure.SKIN, None): Concept("39937001", "SCT", "Skin", "PS3.16 CID 4029"),
    (Structure.BODY, None): Concept("38266002", "SCT", "Entire body", "PS3.16 CID 4031"),
    (Structure.VERTEBRA, None): _VERTEBRA,
    (Structure.VERTEBRA, Part.BODY): Concept("3572006", "SCT", "Vertebral body", _TG263),
    (Structure.VERTEBRA, Part.POSTERIOR): Concept("40265002", "SCT", "Arch of vertebra", "PS3.16 CID 6115"),
    (Structure.VERTEBRA, Part.SUPERIOR_ARTICULAR_PROCESS): Concept(
        "317665004", "SCT", "Superior articular process of vertebra", "PS3.16 CID 6115"
    ),
    (Structure.VERTEBRA, Part.INFERIOR_ARTICULAR_PROCESS): Concept(
        "317766009", "SCT", "Inferior articular process of vertebra", "PS3.16 CID 6115"
    ),
    (Structure.DISC, None): _DISC,
    (Structure.SACRUM, None): Concept("54735007", "SCT", "Sacrum", "PS3.16 CID 7603"),
    (Structure.ILIUM, None): Concept("22356005", "SCT", "Ilium", "PS3.16 CID 4031"),
    (Structure.RIB, None): Concept("113197003", "SCT", "Rib", "PS3.16 CID 4031"),
    (Structure.BONE, None): Concept("272673000", "SCT", "Bone", "PS3.16 CID 6202"),
    (Structure.CANAL, None): Concept("61853006", "SCT", "Vertebral canal", "PS3.16 CID 8134"),
    (Structure.THECAL_SAC, None): private("THECAL_SAC", "Thecal sac"),
    (Structure.NERVE_ROOT, None): private("NERVE_ROOT", "Spinal nerve root and ganglion, placed by model"),
    (Structure.NERVE_ROOT, Part.ROOT): private("ROOT", "Spinal nerve root, placed by model"),
    (Structure.NERVE_ROOT, Part.GANGLION): private("GANGLION", "Dorsal root ganglion, placed by model"),
    (Structure.AORTA, None): Concept("15825003", "SCT", "Aorta", "PS3.16 CID 4031"),
    (Structure.INFERIOR_VENA_CAVA, None): Concept("64131007", "SCT", "Inferior vena cava", "PS3.16 CID 4031"),
    (Structure.ARTERY, None): Concept("51114001", "SCT", "Artery", "PS3.16 CID 7166"),
    (Structure.VEIN, None): Concept("29092000", "SCT", "Vein", "PS3.16 CID 7166"),
    (Structure.KIDNEY, None): Concept("64033007", "SCT", "Kidney", "PS3.16 CID 4031"),
    (Structure.URETER, None): Concept("87953007", "SCT", "Ureter", "PS3.16 CID 4031"),
    (Structure.LUNG, None): Concept("39607008", "SCT", "Lung", "PS3.16 CID 4031"),
    (Structure.PLEURAL_ZONE, None): private("PLEURAL_ZONE", "Zone where pleura may be"),
    (Structure.BOWEL, None): private("BOWEL", "Bowel"),
    (Structure.GAS, None): Concept("74947009", "SCT", "Gas", "PS3.16 CID 7197"),
    (Structure.LIVER, None): Concept("10200004", "SCT", "Liver", "PS3.16 CID 4031"),
    (Structure.SPLEEN, None): Concept("78961009", "SCT", "Spleen", "PS3.16 CID 4031"),
    (Structure.PSOAS, None): private("PSOAS", "Psoas muscle"),
    (Structure.CRUS, None): private("CRUS", "Crus of diaphragm"),
    (Structure.MUSCLE, None): Concept("127954009", "SCT", "Skeletal muscle", "PS3.16 CID 8134"),
    (Structure.METAL, None): Concept("40388003", "SCT", "Implant", "PS3.16 CID 7157"),
}

SIDES: dict[Side, Concept] = {Side.LEFT: codes.LEFT, Side.RIGHT: codes.RIGHT}

CONCEPTS: tuple[Concept, ...] = (
    ANATOMICAL_STRUCTURE,
    SUBSTANCE,
    PHYSICAL_OBJECT,
    *VERTEBRAE.values(),
    *DISCS.values(),
    *KINDS.values(),
)


@dataclass(frozen=True, slots=True)
class CodedSite:
    """What a structure is, the vertebra that says where, and the side."""

    kind: Concept
    region: Concept | None = None
    side: Concept | None = None

    @property
    def category(self) -> Concept:
        """Category of the segmented property, PS3.16 CID 7150."""
        return _CATEGORIES.get(self.kind, ANATOMICAL_STRUCTURE)


_CATEGORIES = {
    KINDS[Structure.GAS, None]: SUBSTANCE,
    KINDS[Structure.METAL, None]: PHYSICAL_OBJECT,
}


def coded_site(
    structure: Structure, part: Part | None = None, level: LevelName | None = None, side: Side | None = None
) -> CodedSite:
    """Codes of a structure; a whole named vertebra or disc has one code for itself."""
    coded_side = SIDES[side] if side else None
    own = _own_code(structure, part, level)
    if own is not None:
        return CodedSite(own, None, coded_side)
    kind = KINDS.get((structure, part)) or KINDS[structure, None]
    return CodedSite(kind, level_concept(level) if level is not None else None, coded_side)


def level_concept(level: LevelName) -> Concept:
    """A vertebra's code; a counted, unnamed one gets a private code with its number."""
    if isinstance(level, Unnamed):
        return private(f"{_UNNAMED}{level.index}", f"Vertebra {level}, counted from the lowest")
    return VERTEBRAE[level]


def label_entry(site: CodedSite, confidence: float = 1.0) -> LabelEntry | None:
    """What a site of ours names; None where its kind is not one of our codes."""
    side = next((side for side, concept in SIDES.items() if _same(concept, site.side)), None)
    for level, concept in VERTEBRAE.items():
        if _same(concept, site.kind):
            return LabelEntry(Structure.VERTEBRA, None, level, side, confidence)
    for name, concept in DISCS.items():
        if _same(concept, site.kind):
            return LabelEntry(Structure.DISC, None, SpineLevel(name.split("/")[0]), side, confidence)
    for (structure, part), concept in KINDS.items():
        if _same(concept, site.kind):
            return LabelEntry(structure, part, _level(site.region), side, confidence)
    return None


_UNNAMED = "UNNAMED_"


def _own_code(structure: Structure, part: Part | None, level: LevelName | None) -> Concept | None:
    if part is not None or not isinstance(level, SpineLevel):
        return None
    if structure is Structure.VERTEBRA:
        return VERTEBRAE[level]
    if structure is Structure.DISC:
        return next((concept for name, concept in DISCS.items() if name.startswith(f"{level}/")), None)
    return None


def _level(region: Concept | None) -> LevelName | None:
    if region is None:
        return None
    if region.scheme == PRIVATE_SCHEME and region.value.startswith(_UNNAMED):
        return Unnamed(int(region.value.removeprefix(_UNNAMED)))
    return next((level for level, concept in VERTEBRAE.items() if _same(concept, region)), None)


def _same(ours: Concept, other: Concept | None) -> bool:
    return other is not None and (ours.value, ours.scheme) == (other.value, other.scheme)
