"""What the procedures beside the lumbar and lower thoracic spine have in common: needles, reserves, what is crossed."""

from __future__ import annotations

from planner.procedure import Needle, StructureRole
from planner.structures import Role, SpineLevel, Structure

RESERVE_SOURCE = "assumed; no published margin for spinal injections was found"

SPINAL_22G_MM, SPINAL_25G_MM, CHIBA_20G_MM = 0.730, 0.530, 0.920
"""Largest outer diameters of 22 G (0.7 mm), 25 G (0.5 mm) and 20 G (0.9 mm) needle tubing: assumed to be ISO 9626's upper limits
(its table was not read); the nominal 0.718, 0.514 and 0.908 mm of published gauge charts lie below
(en.wikipedia.org/wiki/Needle_gauge_comparison_chart)."""

SPINAL_22G = (Needle(22, SPINAL_22G_MM, 90.0, "Quincke"), Needle(22, SPINAL_22G_MM, 120.0, "Quincke"))
SPINAL_25G = (Needle(25, SPINAL_25G_MM, 90.0, "Quincke"), Needle(25, SPINAL_25G_MM, 120.0, "Quincke"))
CHIBA_22G = (Needle(22, SPINAL_22G_MM, 150.0, "Chiba"), Needle(22, SPINAL_22G_MM, 200.0, "Chiba"))

THORACOLUMBAR = (SpineLevel.T10, SpineLevel.T11, SpineLevel.T12, SpineLevel.T13)
LUMBAR = (SpineLevel.L1, SpineLevel.L2, SpineLevel.L3, SpineLevel.L4)
LAST = (SpineLevel.L5, SpineLevel.L6)

RESERVES_MM = {
    Structure.VERTEBRA: 0.0,
    Structure.SACRUM: 0.0,
    Structure.ILIUM: 0.0,
    Structure.RIB: 0.0,
    Structure.BONE: 0.0,
    Structure.METAL: 0.0,
    Structure.DISC: 0.0,
    Structure.THECAL_SAC: 2.0,
    Structure.AORTA: 2.0,
    Structure.ARTERY: 2.0,
    Structure.INFERIOR_VENA_CAVA: 1.0,
    Structure.VEIN: 1.0,
    Structure.LUNG: 5.0,
    Structure.PLEURAL_ZONE: 5.0,
    Structure.BOWEL: 3.0,
    Structure.GAS: 3.0,
    Structure.KIDNEY: 3.0,
    Structure.URETER: 3.0,
    Structure.LIVER: 3.0,
    Structure.SPLEEN: 3.0,
}

NERVE_RESERVE_MM = 1.0


def roles(nerve_tip_zone_mm: float = 0.0) -> dict[Structure, StructureRole]:
    """Everything forbidden but skin and muscle; the target's own nerve may be near in the last part of the path."""
    return {
        **{s: StructureRole(Role.FORBIDDEN, reserve, RESERVE_SOURCE) for s, reserve in RESERVES_MM.items()},
        Structure.CANAL: StructureRole(
            Role.FORBIDDEN, RESERVES_MM[Structure.THECAL_SAC], RESERVE_SOURCE, reserve_is_for=Structure.THECAL_SAC
        ),
        Structure.NERVE_ROOT: StructureRole(
            Role.FORBIDDEN, NERVE_RESERVE_MM, RESERVE_SOURCE, tip_zone_mm=nerve_tip_zone_mm
        ),
        **{
            s: StructureRole(Role.TRAVERSABLE, 0.0, "every posterolateral path crosses it")
            for s in (Structure.SKIN, Structure.BODY, Structure.MUSCLE, Structure.PSOAS, Structure.CRUS)
        },
    }


NEAR_THE_SPINE = (Structure.SKIN, Structure.BONE, Structure.CANAL, Structure.NERVE_ROOT)
"""Found for every target behind the vertebral bodies."""

IN_FRONT = (
    Structure.AORTA,
    Structure.INFERIOR_VENA_CAVA,
    Structure.KIDNEY,
    Structure.PLEURAL_ZONE,
    Structure.GAS,
    Structure.BOWEL,
)
"""Found as well where a needle could go beyond them."""

STOCK = {
    "outer diameters": "22 G 0.73, 25 G 0.53, 20 G 0.92 mm: assumed upper limits; nominal 0.718, 0.514, 0.908 mm "
    "(en.wikipedia.org/wiki/Needle_gauge_comparison_chart)",
    "stock lengths": "90, 120, 150, 200 mm: assumed",
    "hub reserve": "next stock length >= depth + 10 mm: assumed",
    "reserves": RESERVE_SOURCE,
}
HUB_RESERVE_MM = 10.0
