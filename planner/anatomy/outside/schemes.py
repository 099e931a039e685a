"""The numbers that known tools give to their labels, by the names they use themselves.

In: a scheme's key. Out: number to name. A bare label map says nothing about its numbers: the scheme is stated by a person,
a table or the file's own header, and never guessed from the numbers that occur.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scheme:
    """One tool's numbering, and where it is written."""

    key: str
    names: Mapping[int, str]
    source: str


def _counted(first: int, *names: str) -> dict[int, str]:
    return {first + n: name for n, name in enumerate(names)}


_C = tuple(f"vertebrae_C{n}" for n in range(1, 8))
_T = tuple(f"vertebrae_T{n}" for n in range(1, 13))
_L = tuple(f"vertebrae_L{n}" for n in range(1, 6))
_UP = tuple(reversed((*_C, *_T, *_L)))
"""L5 to C1."""

_RIBS = tuple(f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13))
_LOBES = (
    "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right",
    "lung_lower_lobe_right",
)  # fmt: skip
_PAIRS = ("left", "right")
_MUSCLES = ("gluteus_maximus", "gluteus_medius", "gluteus_minimus", "autochthon", "iliopsoas")


def _both(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{side}" for name in names for side in _PAIRS)


TOTALSEGMENTATOR = Scheme(
    "totalsegmentator",
    _counted(
        1, "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right",
        "adrenal_gland_left", *_LOBES, "esophagus", "trachea", "thyroid_gland", "small_bowel", "duodenum", "colon",
        "urinary_bladder", "prostate", "kidney_cyst_left", "kidney_cyst_right", "sacrum", "vertebrae_S1", *_UP, "heart",
        "aorta", "pulmonary_vein", "brachiocephalic_trunk", "subclavian_artery_right", "subclavian_artery_left",
        "common_carotid_artery_right", "common_carotid_artery_left", "brachiocephalic_vein_left",
        "brachiocephalic_vein_right", "atrial_appendage_left", "superior_vena_cava", "inferior_vena_cava",
        "portal_vein_and_splenic_vein", *_both("iliac_artery", "iliac_vena", "humerus", "scapula", "clavicula", "femur",
        "hip"), "spinal_cord", *_both(*_MUSCLES), "brain", "skull", *_RIBS, "sternum", "costal_cartilages",
    ),
    "wasserth/TotalSegmentator, totalsegmentator/map_to_binary.py, class_map total, version 2",
)  # fmt: skip

TOTALSEGMENTATOR_1 = Scheme(
    "totalsegmentator-1",
    _counted(
        1, "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "aorta", "inferior_vena_cava",
        "portal_vein_and_splenic_vein", "pancreas", "adrenal_gland_right", "adrenal_gland_left", *_LOBES, *_UP, "esophagus",
        "trachea", "heart_myocardium", "heart_atrium_left", "heart_ventricle_left", "heart_atrium_right",
        "heart_ventricle_right", "pulmonary_artery", "brain", *_both("iliac_artery", "iliac_vena"), "small_bowel",
        "duodenum", "colon", *_RIBS, *_both("humerus", "scapula", "clavicula", "femur", "hip"), "sacrum", "face",
        *_both(*_MUSCLES), "urinary_bladder",
    ),
    "wasserth/TotalSegmentator, totalsegmentator/map_to_binary.py, class_map total_v1",
)  # fmt: skip

TOTALSEGMENTATOR_VERTEBRAE_MR = Scheme(
    "totalsegmentator-vertebrae-mr",
    _counted(1, "sacrum", *_UP),
    "wasserth/TotalSegmentator, totalsegmentator/map_to_binary.py, class_map vertebrae_mr",
)

TOTALSEGMENTATOR_MR = Scheme(
    "totalsegmentator-mr",
    _counted(
        1, "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right",
        "adrenal_gland_left", "lung_left", "lung_right", "esophagus", "small_bowel", "duodenum", "colon",
        "urinary_bladder", "prostate", "sacrum", "vertebrae", "intervertebral_discs", "spinal_cord", "heart", "aorta",
        "inferior_vena_cava", "portal_vein_and_splenic_vein", "iliac_artery_left", "iliac_artery_right",
        "iliac_vena_left", "iliac_vena_right", *_both("humerus", "scapula", "clavicula", "femur", "hip"),
        *_both(*_MUSCLES), "brain",
    ),
    "wasserth/TotalSegmentator, totalsegmentator/map_to_binary.py, class_map total_mr, version 2.4 and later",
)  # fmt: skip

VERSE = Scheme(
    "verse",
    {
        **_counted(1, *_C, *_T, *_L),
        25: "vertebrae_L6",
        26: "sacrum",
        27: "coccyx",
        28: "vertebrae_T13",
    },
    "Sekuboyina 2021, Med Image Anal 73:102166; anjany/verse, README",
)

SPIDER = Scheme(
    "spider",
    {
        **_counted(1, *_UP[:20]),
        100: "spinal_canal",
        **_counted(101, *_UP[:20]),
        **{201 + n: f"disc_{upper.removeprefix('vertebrae_')}_" for n, upper in enumerate(_UP[:20])},
    },
    "van der Graaf 2024, Sci Data 11:264: 1 is L5 and counts upwards, 101 and on are partly visible, 201 is the disc below 1",
)
"""Counted from the lowest vertebra, which the data set takes for L5: a name, and not a certain one."""

SPINEPS = Scheme(
    "spineps",
    {
        26: "sacrum",
        41: "arcus_vertebrae",
        42: "spinosus_process",
        43: "costal_process_left",
        44: "costal_process_right",
        45: "superior_articular_left",
        46: "superior_articular_right",
        47: "inferior_articular_left",
        48: "inferior_articular_right",
        49: "corpus_border",
        50: "corpus",
        60: "spinal_cord",
        61: "spinal_canal",
        62: "endplate",
        100: "intervertebral_discs",
    },
    "Moeller 2024, Eur Radiol, doi:10.1007/s00330-024-11155-y; Hendrik-code/spineps, README, subregion labels",
)

TOTALSPINESEG = Scheme(
    "totalspineseg",
    {
        1: "spinal_cord",
        2: "spinal_canal",
        **_counted(11, *_C),
        **_counted(21, *_T),
        **_counted(41, *_L),
        50: "sacrum",
        **{63 + n: f"disc_C{n + 2}_C{n + 3}" for n in range(5)},
        71: "disc_C7_T1",
        **{72 + n: f"disc_T{n + 1}_T{n + 2}" for n in range(11)},
        91: "disc_T12_L1",
        **{92 + n: f"disc_L{n + 1}_L{n + 2}" for n in range(4)},
        100: "disc_L5_S",
    },
    "neuropoly/totalspineseg, README, list of classes, from 2025 on",
)

TOTALSPINESEG_EARLY = Scheme(
    "totalspineseg-early",
    {
        **_counted(18, *_UP),
        92: "sacrum",
        200: "spinal_cord",
        201: "spinal_canal",
        202: "disc_L5_S",
        **{203 + n: f"disc_L{4 - n}_L{5 - n}" for n in range(4)},
        207: "disc_T12_L1",
        **{208 + n: f"disc_T{11 - n}_T{12 - n}" for n in range(11)},
        219: "disc_C7_T1",
        **{220 + n: f"disc_C{6 - n}_C{7 - n}" for n in range(5)},
    },
    "neuropoly/totalspineseg, README at 0284d94, list of classes (the releases before)",
)

VISTA3D = Scheme(
    "vista3d",
    {
        1: "liver", 3: "spleen", 4: "pancreas", 5: "kidney_right", 6: "aorta", 7: "inferior_vena_cava",
        8: "adrenal_gland_right", 9: "adrenal_gland_left", 10: "gallbladder", 11: "esophagus", 12: "stomach",
        13: "duodenum", 14: "kidney_left", 15: "urinary_bladder", 17: "portal_vein_and_splenic_vein", 19: "small_bowel",
        22: "brain", 23: "lung_tumor", 24: "pancreatic_tumor", 25: "hepatic_vessel", 26: "hepatic_tumor",
        27: "colon_cancer_primaries", **_counted(28, *_LOBES), **_counted(33, *_UP), 57: "trachea",
        **_counted(58, "iliac_artery_left", "iliac_artery_right", "iliac_vena_left", "iliac_vena_right", "colon"),
        **_counted(63, *_RIBS), **_counted(87, *_both("humerus", "scapula", "clavicula", "femur", "hip")), 97: "sacrum",
        **_counted(98, *_both(*_MUSCLES)), 108: "atrial_appendage_left", 109: "brachiocephalic_trunk",
        110: "brachiocephalic_vein_left", 111: "brachiocephalic_vein_right", 112: "common_carotid_artery_left",
        113: "common_carotid_artery_right", 114: "costal_cartilages", 115: "heart", 116: "kidney_cyst_left",
        117: "kidney_cyst_right", 118: "prostate", 119: "pulmonary_vein", 120: "skull", 121: "spinal_cord",
        122: "sternum", 123: "subclavian_artery_left", 124: "subclavian_artery_right", 125: "superior_vena_cava",
        126: "thyroid_gland", 127: "vertebrae_S1", 128: "bone_lesion", 132: "airway",
    },
    "Project-MONAI/VISTA, vista3d/data/jsons/label_dict.json",
)  # fmt: skip

SCHEMES: Mapping[str, Scheme] = {
    scheme.key: scheme
    for scheme in (
        TOTALSEGMENTATOR,
        TOTALSEGMENTATOR_1,
        TOTALSEGMENTATOR_MR,
        TOTALSEGMENTATOR_VERTEBRAE_MR,
        VERSE,
        SPIDER,
        SPINEPS,
        TOTALSPINESEG,
        TOTALSPINESEG_EARLY,
        VISTA3D,
    )
}
