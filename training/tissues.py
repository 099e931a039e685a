"""What the painter can paint, and what the network is to say of it.

In: names of labels. Out: a ``Tissue`` per voxel, and each tissue's range of signal in CT, T1 and T2.
Signals of MR are shares of the brightest tissue, 0..1. All ranges are assumed, wide on purpose: a network trained on
many wrong pictures needs none to be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto


class Tissue(IntEnum):
    """What has an intensity of its own."""

    AIR = 0
    SKIN_FAT = auto()
    SOFT = auto()
    FAT = auto()
    MUSCLE = auto()
    BODY_CORTEX = auto()
    BODY_MARROW = auto()
    POSTERIOR_CORTEX = auto()
    POSTERIOR_MARROW = auto()
    SACRUM_CORTEX = auto()
    SACRUM_MARROW = auto()
    OTHER_CORTEX = auto()
    OTHER_MARROW = auto()
    ANNULUS = auto()
    NUCLEUS = auto()
    SAC = auto()
    CORD = auto()
    EPIDURAL = auto()
    FLAVUM = auto()
    INTERSPINOUS = auto()
    LAMINAR = auto()
    FORAMINAL = auto()
    JOINT = auto()
    BACK_MUSCLE = auto()
    PSOAS = auto()
    CARTILAGE = auto()
    AORTA = auto()
    CAVA = auto()
    ARTERY = auto()
    VEIN = auto()
    LIVER = auto()
    SPLEEN = auto()
    KIDNEY = auto()
    LUNG = auto()
    HEART = auto()
    BOWEL = auto()
    GAS = auto()
    FLUID = auto()
    GLAND = auto()
    METAL = auto()


@dataclass(frozen=True, slots=True)
class Signal:
    """(lowest, highest) mean of a tissue in each kind of image; CT in HU, MR in shares of the brightest."""

    ct_hu: tuple[float, float]
    t1: tuple[float, float]
    t2: tuple[float, float]


_MUSCLE = Signal((40, 75), (0.25, 0.42), (0.04, 0.26))
_FAT = Signal((-120, -80), (0.75, 1.0), (0.40, 0.95))
_CORTEX = Signal((350, 1300), (0.02, 0.25), (0.02, 0.22))
_MARROW = Signal((40, 330), (0.40, 0.75), (0.25, 0.62))
_BLOOD = Signal((35, 280), (0.05, 0.55), (0.02, 0.60))
_ORGAN = Signal((30, 150), (0.25, 0.55), (0.15, 0.50))

SIGNALS: dict[Tissue, Signal] = {
    Tissue.AIR: Signal((-1000, -1000), (0.0, 0.03), (0.0, 0.03)),
    Tissue.SKIN_FAT: _FAT,
    Tissue.SOFT: Signal((-110, 80), (0.2, 0.9), (0.1, 0.9)),
    Tissue.FAT: _FAT,
    Tissue.MUSCLE: _MUSCLE,
    Tissue.BODY_CORTEX: Signal((200, 700), (0.05, 0.40), (0.03, 0.32)),
    Tissue.BODY_MARROW: _MARROW,
    Tissue.POSTERIOR_CORTEX: _CORTEX,
    Tissue.POSTERIOR_MARROW: Signal((60, 500), (0.35, 0.80), (0.25, 0.70)),
    Tissue.SACRUM_CORTEX: Signal((150, 700), (0.05, 0.40), (0.03, 0.32)),
    Tissue.SACRUM_MARROW: Signal((0, 250), (0.40, 0.85), (0.25, 0.72)),
    Tissue.OTHER_CORTEX: _CORTEX,
    Tissue.OTHER_MARROW: Signal((20, 350), (0.40, 0.85), (0.25, 0.72)),
    Tissue.ANNULUS: Signal((70, 130), (0.15, 0.40), (0.05, 0.25)),
    Tissue.NUCLEUS: Signal((60, 110), (0.22, 0.48), (0.12, 0.85)),
    Tissue.SAC: Signal((0, 45), (0.10, 0.35), (0.60, 1.0)),
    Tissue.CORD: Signal((20, 50), (0.30, 0.52), (0.30, 0.75)),
    Tissue.EPIDURAL: Signal((-100, 40), (0.35, 0.95), (0.35, 0.95)),
    Tissue.FLAVUM: Signal((50, 120), (0.12, 0.42), (0.03, 0.28)),
    Tissue.INTERSPINOUS: Signal((-60, 90), (0.15, 0.70), (0.05, 0.50)),
    Tissue.LAMINAR: _FAT,
    Tissue.FORAMINAL: _FAT,
    Tissue.JOINT: Signal((20, 120), (0.15, 0.50), (0.10, 1.0)),
    Tissue.BACK_MUSCLE: Signal((20, 75), (0.25, 0.46), (0.04, 0.28)),
    Tissue.PSOAS: _MUSCLE,
    Tissue.CARTILAGE: Signal((60, 180), (0.2, 0.5), (0.2, 0.6)),
    Tissue.AORTA: _BLOOD,
    Tissue.CAVA: _BLOOD,
    Tissue.ARTERY: _BLOOD,
    Tissue.VEIN: _BLOOD,
    Tissue.LIVER: Signal((30, 130), (0.35, 0.60), (0.10, 0.35)),
    Tissue.SPLEEN: Signal((35, 150), (0.25, 0.50), (0.30, 0.65)),
    Tissue.KIDNEY: Signal((25, 230), (0.25, 0.60), (0.35, 0.80)),
    Tissue.LUNG: Signal((-950, -650), (0.0, 0.10), (0.0, 0.10)),
    Tissue.HEART: _BLOOD,
    Tissue.BOWEL: Signal((-40, 130), (0.15, 0.70), (0.15, 0.90)),
    Tissue.GAS: Signal((-1000, -850), (0.0, 0.06), (0.0, 0.06)),
    Tissue.FLUID: Signal((-5, 30), (0.08, 0.30), (0.70, 1.0)),
    Tissue.GLAND: _ORGAN,
    Tissue.METAL: Signal((2500, 3070), (0.0, 0.05), (0.0, 0.05)),
}

_BY_START: tuple[tuple[str, Tissue], ...] = (
    ("aorta", Tissue.AORTA),
    ("inferior_vena_cava", Tissue.CAVA),
    ("iliac_artery", Tissue.ARTERY),
    ("iliac_vena", Tissue.VEIN),
    ("common_carotid", Tissue.ARTERY),
    ("subclavian", Tissue.ARTERY),
    ("brachiocephalic_trunk", Tissue.ARTERY),
    ("brachiocephalic_vein", Tissue.VEIN),
    ("superior_vena_cava", Tissue.VEIN),
    ("portal_vein", Tissue.VEIN),
    ("pulmonary_vein", Tissue.VEIN),
    ("atrial", Tissue.HEART),
    ("heart", Tissue.HEART),
    ("liver", Tissue.LIVER),
    ("spleen", Tissue.SPLEEN),
    ("kidney_cyst", Tissue.FLUID),
    ("kidney", Tissue.KIDNEY),
    ("lung", Tissue.LUNG),
    ("trachea", Tissue.GAS),
    ("stomach", Tissue.BOWEL),
    ("duodenum", Tissue.BOWEL),
    ("small_bowel", Tissue.BOWEL),
    ("colon", Tissue.BOWEL),
    ("esophagus", Tissue.BOWEL),
    ("gallbladder", Tissue.FLUID),
    ("urinary_bladder", Tissue.FLUID),
    ("autochthon", Tissue.BACK_MUSCLE),
    ("iliopsoas", Tissue.PSOAS),
    ("gluteus", Tissue.MUSCLE),
    ("costal_cartilages", Tissue.CARTILAGE),
    ("adrenal", Tissue.GLAND),
    ("pancreas", Tissue.GLAND),
    ("prostate", Tissue.GLAND),
    ("thyroid", Tissue.GLAND),
    ("brain", Tissue.GLAND),
)

OTHER_BONES = ("rib_", "hip_", "femur_", "scapula_", "clavicula_", "humerus_", "sternum", "skull")


def tissue_of(name: str) -> Tissue | None:
    """What a soft structure's label is painted as; None for bone and what is not painted by name."""
    return next((tissue for start, tissue in _BY_START if name.startswith(start)), None)
