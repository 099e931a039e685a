"""Periradicular therapy at a lumbar root: subpedicular, posterolateral, prone.

Typed values, each with its source or the word assumed; a physician edits them.
"""

from __future__ import annotations

from planner.aims.foramen import SubpedicularRoot
from planner.procedure import Approach, Needle, Procedure, StructureRole
from planner.structures import Pose, Role, SpineLevel, Structure
from planner.volume import Modality

_RESERVE = "assumed; no published margin for spinal injections was found"

SPINAL_22G_MM, SPINAL_25G_MM = 0.730, 0.530
"""Largest outer diameters of 22 G (0.7 mm) and 25 G (0.5 mm) tubing, ISO 9626:2016 table 1."""

TIP_ZONE_MM = 10.0
"""The last part of the path in which the target's own nerve may be near, though never touched; assumed: about a ganglion's
length (11-13 mm)."""

_THORACOLUMBAR = (SpineLevel.T10, SpineLevel.T11, SpineLevel.T12, SpineLevel.T13)
_LUMBAR = (SpineLevel.L1, SpineLevel.L2, SpineLevel.L3, SpineLevel.L4)
_LAST = (SpineLevel.L5, SpineLevel.L6)

POSTEROLATERAL = Approach(
    name="posterolateral, subpedicular",
    obliquity_deg=(10.0, 70.0),
    tilt_deg=(-30.0, 30.0),
    preferred_obliquity_deg=40.0,
    preferred_tilt_deg=0.0,
    source="foraminal: 35-45 degrees from midline (radiologykey.com/periradicular-therapy); the wider window is assumed",
    below=_THORACOLUMBAR + _LUMBAR,
)

POSTEROLATERAL_L5 = Approach(
    name="posterolateral at L5, over the iliac crest",
    obliquity_deg=(5.0, 65.0),
    tilt_deg=(-40.0, 30.0),
    preferred_obliquity_deg=27.5,
    preferred_tilt_deg=-12.0,
    source="L5: oblique 25 (men) / 30 (women) degrees, craniocaudal 11.0 / 13.9 (PubMed 24690186), here as entry cranial "
    "of the tip; the wider window is assumed",
    below=_LAST,
)

_FORBIDDEN = {
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

PRT = Procedure(
    key="prt",
    title="Periradicular therapy, lumbar",
    regions=("T", "L"),
    modalities=(Modality.CT,),
    aim=SubpedicularRoot(),
    treatment_pose=Pose.PRONE,
    approaches=(POSTEROLATERAL, POSTEROLATERAL_L5),
    needles=(
        Needle(22, SPINAL_22G_MM, 90.0, "Quincke"),
        Needle(22, SPINAL_22G_MM, 120.0, "Quincke"),
        Needle(22, SPINAL_22G_MM, 150.0, "Chiba"),
        Needle(25, SPINAL_25G_MM, 90.0, "Quincke"),
        Needle(25, SPINAL_25G_MM, 120.0, "Quincke"),
    ),
    roles={
        **{s: StructureRole(Role.FORBIDDEN, reserve, _RESERVE) for s, reserve in _FORBIDDEN.items()},
        Structure.CANAL: StructureRole(
            Role.FORBIDDEN, _FORBIDDEN[Structure.THECAL_SAC], _RESERVE, reserve_is_for=Structure.THECAL_SAC
        ),
        Structure.NERVE_ROOT: StructureRole(Role.FORBIDDEN, 1.0, _RESERVE, tip_zone_mm=TIP_ZONE_MM),
        **{
            s: StructureRole(Role.TRAVERSABLE, 0.0, "every posterolateral path crosses it")
            for s in (Structure.SKIN, Structure.BODY, Structure.MUSCLE, Structure.PSOAS)
        },
    },
    required=(
        Structure.SKIN,
        Structure.BONE,
        Structure.CANAL,
        Structure.NERVE_ROOT,
        Structure.AORTA,
        Structure.INFERIOR_VENA_CAVA,
        Structure.KIDNEY,
        Structure.PLEURAL_ZONE,
        Structure.GAS,
        Structure.BOWEL,
    ),
    volume_ml=(0.5, 4.0),
    hub_reserve_mm=10.0,
    references={
        "needle": "22-25 G spinal (wikimsk, lumbar TFESI); 10 cm 25 G/22 G (pijn.com, lumbar transforaminal)",
        "stock lengths": "90, 120, 150 mm: assumed",
        "hub reserve": "next stock length >= depth + 10 mm: assumed",
        "volume": "selective block 0.5-0.6 mL, transforaminal 1-4 mL (aneskey, TFESI and SNRB)",
        "position": "prone, pillow under the abdomen (pijn.com, lumbar transforaminal)",
        "target": "postero-superior epidural fat below the pedicle, dorsal of the root (pijn.com, lumbar transforaminal)",
        "reserves": _RESERVE,
    },
    levels=_THORACOLUMBAR + _LUMBAR + _LAST,
)
