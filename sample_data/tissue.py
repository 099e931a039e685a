"""How tissues look on MR: signal from relaxation times and a pulse sequence.

In: a solid of the phantom and a ``Sequence``. Out: its signal, as a share of fresh cerebrospinal fluid's magnetisation.
T1 and T2 at 3 T: de Bazelaire 2004 (doi:10.1148/radiol.2303021331) where it has the tissue, else assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import exp

from planner.structures import Structure


class Tissue(Enum):
    """Proton density (0 to 1), T1 and T2 in milliseconds."""

    NOTHING = (0.0, 1000.0, 50.0)
    """Air, gas, metal and the table: no signal."""

    CORTEX = (0.05, 1000.0, 1.0)
    """Assumed: dark on every sequence."""

    FLOWING = (0.08, 1600.0, 100.0)
    """Blood that leaves the slice before its echo; assumed dark, as on spin echo."""

    FAT = (1.0, 382.0, 68.0)
    MARROW = (0.8, 586.0, 49.0)
    RED_MARROW = (0.7, 1000.0, 40.0)
    """What of marrow is no fat; assumed."""

    MUSCLE = (0.85, 898.0, 29.0)
    LIVER = (0.8, 809.0, 34.0)
    SPLEEN = (0.9, 1328.0, 61.0)
    KIDNEY = (0.9, 1142.0, 76.0)
    FLUID = (1.0, 4000.0, 1500.0)
    """Cerebrospinal fluid and urine; assumed."""

    NERVE = (0.8, 950.0, 78.0)
    """Cord, roots and ganglia; assumed."""

    DISC = (0.8, 1000.0, 90.0)
    """A disc that still holds water; assumed."""

    LIGAMENT = (0.6, 900.0, 12.0)
    """Assumed."""

    LUNG = (0.15, 1200.0, 20.0)
    """Assumed."""

    SKIN = (0.7, 900.0, 35.0)
    """Assumed."""

    @property
    def proton_density(self) -> float:
        """Share of water's."""
        return self.value[0]

    @property
    def t1_ms(self) -> float:
        """Longitudinal relaxation."""
        return self.value[1]

    @property
    def t2_ms(self) -> float:
        """Transverse relaxation."""
        return self.value[2]


OF_STRUCTURE = {
    Structure.SKIN: Tissue.SKIN,
    Structure.BODY: Tissue.FAT,
    Structure.CANAL: Tissue.FAT,
    Structure.MUSCLE: Tissue.MUSCLE,
    Structure.PSOAS: Tissue.MUSCLE,
    Structure.CRUS: Tissue.MUSCLE,
    Structure.VERTEBRA: Tissue.MARROW,
    Structure.SACRUM: Tissue.MARROW,
    Structure.ILIUM: Tissue.MARROW,
    Structure.RIB: Tissue.MARROW,
    Structure.BONE: Tissue.MARROW,
    Structure.DISC: Tissue.DISC,
    Structure.THECAL_SAC: Tissue.FLUID,
    Structure.NERVE_ROOT: Tissue.NERVE,
    Structure.AORTA: Tissue.FLOWING,
    Structure.INFERIOR_VENA_CAVA: Tissue.FLOWING,
    Structure.ARTERY: Tissue.FLOWING,
    Structure.VEIN: Tissue.FLOWING,
    Structure.KIDNEY: Tissue.KIDNEY,
    Structure.URETER: Tissue.FLUID,
    Structure.LUNG: Tissue.LUNG,
    Structure.PLEURAL_ZONE: Tissue.LUNG,
    Structure.BOWEL: Tissue.MUSCLE,
    Structure.GAS: Tissue.NOTHING,
    Structure.LIVER: Tissue.LIVER,
    Structure.SPLEEN: Tissue.SPLEEN,
    Structure.METAL: Tissue.NOTHING,
}


@dataclass(frozen=True, slots=True)
class Sequence:
    """A spin echo; with ``inversion_ms`` above 0 an inversion recovery."""

    repetition_ms: float
    echo_ms: float
    inversion_ms: float = 0.0
    is_turbo: bool = False
    """A train of echoes: fat keeps its signal longer (Constable 1993, doi:10.1002/mrm.1910300604), and marrow is half fat."""

    def signal(self, tissue: Tissue) -> float:
        """0 to 1.

        >>> round(T2.signal(Tissue.FLUID), 2) > round(T2.signal(Tissue.MUSCLE), 2)
        True
        >>> T2_TURBO.signal(Tissue.FAT) > 1.5 * T2_TURBO.signal(Tissue.NERVE)
        True
        """
        if self.is_turbo and tissue is Tissue.MARROW:
            return _MARROW_FAT * self.signal(Tissue.FAT) + (1.0 - _MARROW_FAT) * self.signal(Tissue.RED_MARROW)
        t2_ms = tissue.t2_ms * (_FAT_IN_A_TRAIN if self.is_turbo and tissue is Tissue.FAT else 1.0)
        recovered = 1.0 - exp(-self.repetition_ms / tissue.t1_ms)
        if self.inversion_ms > 0.0:
            recovered = abs(
                recovered - 2.0 * exp(-self.inversion_ms / tissue.t1_ms) + 2.0 * exp(-self.repetition_ms / tissue.t1_ms)
            )
        return tissue.proton_density * recovered * exp(-self.echo_ms / t2_ms)

    def parts(self, tissue: Tissue) -> tuple[float, float]:
        """What of the signal is water's, and what is fat's."""
        if tissue is Tissue.FAT:
            return 0.0, self.signal(tissue)
        if tissue is Tissue.MARROW:
            return (1.0 - _MARROW_FAT) * self.signal(Tissue.RED_MARROW), _MARROW_FAT * self.signal(Tissue.FAT)
        return self.signal(tissue), 0.0


class Dixon(Enum):
    """The images of one Dixon series: what water and what fat count (Dixon 1984, doi:10.1148/radiology.153.1.6089263)."""

    WATER = (1.0, 0.0)
    FAT = (0.0, 1.0)
    IN_PHASE = (1.0, 1.0)
    OPPOSED = (1.0, -1.0)
    """Where both share a voxel they cancel: fat's borders are dark lines, and so is marrow."""

    def of(self, water: float, fat: float) -> float:
        """The signal, below 0 where fat outweighs water in an opposed image; its magnitude is seen."""
        return self.value[0] * water + self.value[1] * fat


_MARROW_FAT, _FAT_IN_A_TRAIN = 0.45, 1.6
"""Share of fat in an adult's marrow, and its longer life in an echo train; assumed."""

T1 = Sequence(600.0, 10.0)
T2 = Sequence(4000.0, 90.0)
STIR = Sequence(4000.0, 50.0, inversion_ms=382.0 * 0.6931)
"""Fat's zero crossing: its T1 times the natural logarithm of 2."""

T1_TURBO = Sequence(600.0, 10.0, is_turbo=True)
T2_TURBO = Sequence(4000.0, 90.0, is_turbo=True)
STIR_TURBO = Sequence(4000.0, 50.0, inversion_ms=382.0 * 0.6931, is_turbo=True)
"""As scanners of today make them."""
