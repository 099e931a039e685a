"""The vocabulary: structures, parts, sides, levels, roots, and how a body lies.

Discs, foramina and joints are named by both vertebrae (``L4/L5``), roots by the root (``L4``):
T1-L6 root n leaves under vertebra n; C1-C7 root n leaves above vertebra n; C8 through C7/T1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from planner.errors import UnknownNameError


class Structure(StrEnum):
    """What a voxel can belong to; the values are the names in ``labels.json``."""

    SKIN = "skin"
    BODY = "body"
    VERTEBRA = "vertebra"
    DISC = "disc"
    SACRUM = "sacrum"
    ILIUM = "ilium"
    RIB = "rib"
    BONE = "bone"
    CANAL = "canal"
    THECAL_SAC = "thecal_sac"
    NERVE_ROOT = "nerve_root"
    AORTA = "aorta"
    INFERIOR_VENA_CAVA = "inferior_vena_cava"
    ARTERY = "artery"
    VEIN = "vein"
    KIDNEY = "kidney"
    URETER = "ureter"
    LUNG = "lung"
    PLEURAL_ZONE = "pleural_zone"
    BOWEL = "bowel"
    GAS = "gas"
    LIVER = "liver"
    SPLEEN = "spleen"
    PSOAS = "psoas"
    CRUS = "crus"
    MUSCLE = "muscle"
    METAL = "metal"

    @property
    def words(self) -> str:
        """As a person reads it: ``inferior vena cava``."""
        return self.value.replace("_", " ")


class Part(StrEnum):
    """A part of a vertebra or of a nerve root."""

    BODY = "body"
    POSTERIOR = "posterior"
    SUPERIOR_ARTICULAR_PROCESS = "superior_articular_process"
    INFERIOR_ARTICULAR_PROCESS = "inferior_articular_process"
    ROOT = "root"
    GANGLION = "ganglion"


class Side(StrEnum):
    """The patient's side, always as a word."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def sign(self) -> int:
        """+1 along LPS x for left, -1 for right."""
        return 1 if self is Side.LEFT else -1

    @property
    def other(self) -> Side:
        """The other side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT

    @classmethod
    def parse(cls, text: str) -> Side:
        """``left`` or ``right``; a letter is refused, since L is also a lumbar level."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise UnknownNameError("side", text, "left, right (written out)") from None


class SpineLevel(StrEnum):
    """A vertebra, cranial to caudal; T13, L6 exist in some people."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    T13 = "T13"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"
    L6 = "L6"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"

    @property
    def region(self) -> str:
        """``C``, ``T``, ``L`` or ``S``."""
        return self.value[0]

    @property
    def number(self) -> int:
        """Place in the region, from 1."""
        return int(self.value[1:])

    @property
    def order(self) -> int:
        """Place from cranial to caudal, T13 and L6 counted."""
        return list(SpineLevel).index(self)

    @classmethod
    def parse(cls, text: str) -> SpineLevel:
        """``L3``, ``l3`` or ``L03``."""
        name = text.strip().upper()
        name = name[:1] + name[1:].lstrip("0")
        try:
            return cls(name)
        except ValueError:
            raise UnknownNameError("level", text, "C1-C7, T1-T13, L1-L6, S1-S5") from None


@dataclass(frozen=True, slots=True, order=True)
class Unnamed:
    """A vertebra that is counted but not named: nothing in the scan anchors a name.

    ``index`` counts from the most caudal vertebra seen, from 1.
    """

    index: int

    def __str__(self) -> str:
        return f"unknown {self.index}"


LevelName: TypeAlias = SpineLevel | Unnamed


@dataclass(frozen=True, slots=True)
class Interspace:
    """Between two neighbouring vertebrae: where a disc, two foramina and two joints lie."""

    upper: LevelName
    lower: LevelName

    def __str__(self) -> str:
        return f"{self.upper}/{self.lower}"

    @property
    def is_named(self) -> bool:
        """Both vertebrae have anatomical names."""
        return isinstance(self.upper, SpineLevel) and isinstance(self.lower, SpineLevel)

    @property
    def root(self) -> str:
        """The root that leaves through this foramen: ``L4`` for L4/L5, ``C8`` for C7/T1."""
        if not isinstance(self.upper, SpineLevel) or not isinstance(self.lower, SpineLevel):
            return str(self.upper)
        if self.upper is SpineLevel.C7:
            return "C8"
        return str(self.lower if self.upper.region == "C" else self.upper)


class Role(StrEnum):
    """What a needle may do to a structure in one procedure (``docs/nomenclature.md``)."""

    FORBIDDEN = "forbidden"
    TOUCHABLE = "touchable"
    TRAVERSABLE = "traversable"
    HOST = "host"


class PatientPosition(StrEnum):
    """How the patient lies in the scanner: Patient Position (0018,5100)."""

    HFS = "HFS"
    HFP = "HFP"
    FFS = "FFS"
    FFP = "FFP"
    HFDL = "HFDL"
    HFDR = "HFDR"
    FFDL = "FFDL"
    FFDR = "FFDR"

    @property
    def pose(self) -> Pose:
        """How the body lies, head or feet first aside."""
        return {"S": Pose.SUPINE, "P": Pose.PRONE, "DL": Pose.LEFT_SIDE, "DR": Pose.RIGHT_SIDE}[self.value[2:]]


class Pose(StrEnum):
    """How a body lies on the table; ``left side`` means lying on the left side (decubitus left)."""

    SUPINE = "supine"
    PRONE = "prone"
    LEFT_SIDE = "lying on the left side"
    RIGHT_SIDE = "lying on the right side"
    UNKNOWN = "unknown"
