"""What a segment's name means here: levels, sides and structures read from the names that tools use.

In: a name as it stands in a table or a file, and a person's own map. Out: a ``Meaning``, or None: the segment is then listed.
Side and level are read from the name alone; a name without a side gives none. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from planner.brought import Beside, Meaning
from planner.errors import UnknownNameError
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry

TRUST = 0.9
"""Confidence of a structure that somebody brings, before the gates: trained models reach Dice 0.92 to 0.98, and shift by a level
in 1 to 2 % of cases (assumed)."""

_WHOLE: Mapping[str, Structure] = {
    "kidney": Structure.KIDNEY, "kidney_cyst": Structure.KIDNEY, "ureter": Structure.URETER, "lung": Structure.LUNG,
    "lung_upper_lobe": Structure.LUNG, "lung_middle_lobe": Structure.LUNG, "lung_lower_lobe": Structure.LUNG,
    "pleura": Structure.PLEURAL_ZONE, "pleural_zone": Structure.PLEURAL_ZONE,
    "aorta": Structure.AORTA, "inferior_vena_cava": Structure.INFERIOR_VENA_CAVA, "ivc": Structure.INFERIOR_VENA_CAVA,
    "postcava": Structure.INFERIOR_VENA_CAVA,
    "iliac_artery": Structure.ARTERY, "common_iliac_artery": Structure.ARTERY, "vertebral_artery": Structure.ARTERY,
    "common_carotid_artery": Structure.ARTERY, "carotid_artery": Structure.ARTERY, "artery": Structure.ARTERY,
    "subclavian_artery": Structure.ARTERY, "brachiocephalic_trunk": Structure.ARTERY, "celiac_trunk": Structure.ARTERY,
    "iliac_vena": Structure.VEIN, "iliac_vein": Structure.VEIN, "common_iliac_vein": Structure.VEIN,
    "brachiocephalic_vein": Structure.VEIN, "superior_vena_cava": Structure.VEIN, "vein": Structure.VEIN,
    "portal_vein_and_splenic_vein": Structure.VEIN, "pulmonary_vein": Structure.VEIN, "pulmonary_artery": Structure.ARTERY,
    "renal_vein": Structure.VEIN,
    "liver": Structure.LIVER, "spleen": Structure.SPLEEN,
    "small_bowel": Structure.BOWEL, "duodenum": Structure.BOWEL, "colon": Structure.BOWEL, "stomach": Structure.BOWEL,
    "rectum": Structure.BOWEL, "intestine": Structure.BOWEL, "bowel": Structure.BOWEL, "esophagus": Structure.BOWEL,
    "gas": Structure.GAS, "hip": Structure.ILIUM, "ilium": Structure.ILIUM, "sacrum": Structure.SACRUM, "rib": Structure.RIB,
    "coccyx": Structure.BONE, "bone": Structure.BONE, "sternum": Structure.BONE, "femur": Structure.BONE,
    "scapula": Structure.BONE, "clavicula": Structure.BONE, "humerus": Structure.BONE, "skull": Structure.BONE,
    "costal_cartilages": Structure.BONE, "iliopsoas": Structure.PSOAS, "psoas": Structure.PSOAS,
    "autochthon": Structure.MUSCLE, "gluteus_maximus": Structure.MUSCLE, "gluteus_medius": Structure.MUSCLE,
    "gluteus_minimus": Structure.MUSCLE, "muscle": Structure.MUSCLE, "spinal_canal": Structure.CANAL,
    "vertebral_canal": Structure.CANAL, "canal": Structure.CANAL, "thecal_sac": Structure.THECAL_SAC,
    "dural_sac": Structure.THECAL_SAC, "dura": Structure.THECAL_SAC, "nerve_root": Structure.NERVE_ROOT,
    "vertebrae": Structure.VERTEBRA, "vertebra": Structure.VERTEBRA, "disc": Structure.DISC,
    "intervertebral_disc": Structure.DISC, "intervertebral_discs": Structure.DISC, "metal": Structure.METAL,
}  # fmt: skip
"""Oesophagus and stomach count as bowel: hollow, and never on a path. A cyst counts to its kidney."""

_PARTS: Mapping[str, Part] = {
    "corpus": Part.BODY, "corpus_border": Part.BODY, "vertebral_body": Part.BODY, "vertebrae_body": Part.BODY,
    "arcus_vertebrae": Part.POSTERIOR, "spinosus_process": Part.POSTERIOR, "costal_process": Part.POSTERIOR,
    "posterior": Part.POSTERIOR, "posterior_elements": Part.POSTERIOR, "arch": Part.POSTERIOR,
    "superior_articular": Part.SUPERIOR_ARTICULAR_PROCESS, "inferior_articular": Part.INFERIOR_ARTICULAR_PROCESS,
    "superior_articular_process": Part.SUPERIOR_ARTICULAR_PROCESS,
    "inferior_articular_process": Part.INFERIOR_ARTICULAR_PROCESS,
}  # fmt: skip

_NO_STRUCTURE: Mapping[str, Beside] = {
    "spinal_cord": Beside.CORD, "cord": Beside.CORD, "endplate": Beside.ENDPLATE,
    **dict.fromkeys(
        ("gallbladder", "pancreas", "adrenal_gland", "trachea", "thyroid_gland", "urinary_bladder", "prostate", "heart",
         "heart_myocardium", "heart_atrium", "heart_ventricle", "face",
         "atrial_appendage", "brain", "bone_lesion", "airway", "lung_tumor", "pancreatic_tumor", "hepatic_vessel",
         "hepatic_tumor", "colon_cancer_primaries", "carpal", "background", "body", "body_trunc", "body_extremities",
         "skin"),
        Beside.NOT_USED,
    ),
}  # fmt: skip
"""``body`` alone is the trunk, as TotalSegmentator's task ``body`` and our own label map write it; a vertebra's is a ``vertebral_body``."""

_LEVEL = re.compile(r"^(?:vertebrae?_|vertebral_body_|body_)?([ctls]\d{1,2})(?:_vertebrae?|_body|_vertebral_body)?$")
_DISC = re.compile(r"^(?:intervertebral_)?(?:disc|disk|ivd)_([ctl]\d{1,2})(?:_[ctls]\d{0,2}|_)?$")
_ROOT = re.compile(r"^(?:nerve_root|(ganglion|dorsal_root_ganglion))_([ctls]\d{1,2})$")
_SIDE = re.compile(r"(?:^|_)(left|right)(?=_|$)")
_RIB_NUMBER = re.compile(r"^rib_\d{1,2}$")


def simple(name: str) -> str:
    """A name as it is looked up: ``"Left Kidney"`` is ``left_kidney``."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def meaning_of(name: str, own: Mapping[str, str] | None = None) -> Meaning | None:
    """What a name means; ``own`` maps a person's names to ours (``"Niere_li" = "kidney_left"``) and goes first."""
    plain = simple(name)
    mapped = {simple(theirs): simple(ours) for theirs, ours in (own or {}).items()}.get(plain)
    return _known(mapped if mapped is not None else plain)


def _known(plain: str) -> Meaning | None:
    if plain == "not_used":
        return Beside.NOT_USED
    disc = _DISC.match(plain)
    if disc:
        return _levelled(Structure.DISC, None, disc.group(1))
    level = _LEVEL.match(plain)
    if level:
        return _levelled(Structure.VERTEBRA, Part.BODY if "body" in plain else None, level.group(1))
    sides = {Side(found) for found in _SIDE.findall(plain)}
    if len(sides) > 1:
        return None
    side, base = next(iter(sides), None), _SIDE.sub("", plain).strip("_")
    root = _ROOT.match(base)
    return _root(root.group(2), side, is_ganglion=bool(root.group(1))) if root else _sided(_without_number(base), side)


def _root(level: str, side: Side | None, *, is_ganglion: bool) -> Meaning | None:
    """The root below a vertebra's pedicle, named after that vertebra."""
    found = _levelled(Structure.NERVE_ROOT, Part.GANGLION if is_ganglion else Part.ROOT, level)
    return replace(found, side=side) if isinstance(found, LabelEntry) else None


def _without_number(base: str) -> str:
    return "rib" if _RIB_NUMBER.match(base) else base


def _levelled(structure: Structure, part: Part | None, level: str) -> Meaning | None:
    try:
        name = SpineLevel.parse(level)
    except UnknownNameError:
        return None
    is_sacral = name.region == "S" and structure is Structure.VERTEBRA
    return LabelEntry(Structure.SACRUM if is_sacral else structure, part, name, None, TRUST)


def _sided(base: str, side: Side | None) -> Meaning | None:
    if base in _PARTS:
        return LabelEntry(Structure.VERTEBRA, _PARTS[base], None, None, TRUST)
    if base in _NO_STRUCTURE:
        return _NO_STRUCTURE[base]
    structure = _WHOLE.get(base)
    return None if structure is None else LabelEntry(structure, None, None, side, TRUST)
