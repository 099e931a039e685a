"""Periradicular therapy at a root from T10 to S1: subpedicular, posterolateral; S1 through its dorsal foramen; prone.

Typed values, each with its source or the word assumed; a physician edits them.
"""

from __future__ import annotations

from planner.aims.periradicular import PeriradicularRoot
from planner.angles import from_cephalad_tilt, from_midline, middle
from planner.procedure import Approach, Needle, Procedure
from planner.procedures import shared
from planner.procedures.shared import RESERVE_SOURCE, SPINAL_22G_MM, SPINAL_25G_MM, roles
from planner.structures import Pose, SpineLevel, Structure
from planner.volume import Modality

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
    preferred_obliquity_deg=from_midline(middle(35.0, 45.0)),
    preferred_tilt_deg=0.0,
    source="foraminal: 35-45 degrees from midline (radiologykey.com/periradicular-therapy); the wider window is assumed",
    below=_LUMBAR,
)

POSTEROLATERAL_THORACIC = Approach(
    name="posterolateral, low in the thoracic foramen",
    obliquity_deg=(5.0, 60.0),
    tilt_deg=(-30.0, 30.0),
    preferred_obliquity_deg=30.0,
    preferred_tilt_deg=0.0,
    source="between facet joint, pedicle, transverse process and rib (alpfmedical, thoracic selective epidural); the angles of a CT "
    "study (synapse.koreamed 1158410) are not taken over, their zero is not stated: the window is assumed",
    below=_THORACOLUMBAR,
)

POSTEROLATERAL_L5 = Approach(
    name="posterolateral at L5, over the iliac crest",
    obliquity_deg=(5.0, 65.0),
    tilt_deg=(-40.0, 30.0),
    preferred_obliquity_deg=from_midline(middle(25.0, 30.0)),
    preferred_tilt_deg=from_cephalad_tilt(middle(11.0, 13.9)),
    source="L5: oblique 25 (men) / 30 (women) degrees, craniocaudal 11.0 / 13.9 (PubMed 24690186), here as entry cranial "
    "of the tip; the wider window is assumed",
    below=_LAST,
)

DORSAL_S1 = Approach(
    name="posterior, through the first dorsal sacral foramen",
    obliquity_deg=(-20.0, 40.0),
    tilt_deg=(-50.0, 30.0),
    preferred_obliquity_deg=8.0,
    preferred_tilt_deg=-15.0,
    source="slight ipsilateral oblique, cephalad to square S1's end-plate (musculoskeletalkey, S1 TFESI), here as entry cranial of "
    "the tip; no angle is stated: the window is assumed",
    below=(SpineLevel.S1,),
)

AT_THE_SACRUM = (
    Structure.SKIN,
    Structure.BONE,
    Structure.CANAL,
    Structure.NERVE_ROOT,
    Structure.GAS,
    Structure.BOWEL,
)
"""Kidney, great vessels and pleura end above a path from behind to S1; the pelvis in front is the tip's depth stop."""

PRT = Procedure(
    key="prt",
    title="Periradicular therapy, T10 to S1",
    regions=("T", "L", "S"),
    modalities=(Modality.CT, Modality.MR),
    aim=PeriradicularRoot(),
    treatment_pose=Pose.PRONE,
    approaches=(POSTEROLATERAL, POSTEROLATERAL_THORACIC, POSTEROLATERAL_L5, DORSAL_S1),
    needles=(
        Needle(22, SPINAL_22G_MM, 90.0, "Quincke"),
        Needle(22, SPINAL_22G_MM, 120.0, "Quincke"),
        Needle(22, SPINAL_22G_MM, 150.0, "Chiba"),
        Needle(25, SPINAL_25G_MM, 90.0, "Quincke"),
        Needle(25, SPINAL_25G_MM, 120.0, "Quincke"),
    ),
    roles=roles(TIP_ZONE_MM),
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
        "thoracic target": "low in the foramen, its lower third, behind or below the root (radiologykey, thoracic transforaminal); an "
        "entry more than 40 mm from the midline needs care (synapse.koreamed 1158410)",
        "S1": "through the dorsal foramen just below S1's pedicle (musculoskeletalkey, S1 TFESI); 22-25 G, 3.5-5 in (droracle 813216, "
        "secondary); vessels met in 4.9 % of medial and 38.6 % of lateral entries (10.1155/2017/6426802): both are offered",
        "outer diameters": shared.STOCK["outer diameters"],
        "reserves": RESERVE_SOURCE,
    },
    levels=(*_THORACOLUMBAR, *_LUMBAR, *_LAST, SpineLevel.S1),
    required_at={SpineLevel.S1: AT_THE_SACRUM},
)
