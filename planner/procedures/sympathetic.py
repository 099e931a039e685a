"""Sympathicolysis of the lumbar trunk and of the splanchnic nerves: two stages each, prone, from behind and beside.

Typed values, each with its source or the word assumed; a physician edits them. The first stage is a test with local
anaesthetic; the second, with alcohol, stays gated until the test's response and the contrast's spread are recorded.
"""

from __future__ import annotations

from dataclasses import replace

from planner.aims.beside_body import BesideBody
from planner.angles import from_midline, middle
from planner.procedure import Approach, Procedure
from planner.procedures import shared
from planner.structures import Pose, SpineLevel, Structure
from planner.volume import Modality

ONE_SIDE = "One side in one sitting (lumbar sympathetic alcohol series, n = 136: qxmd 18702019)."
TWO_STAGES = "First stage: a test with local anaesthetic; its response decides on the second."
SECOND_STAGE = "Second stage, alcohol: contrast spread is controlled on a scan first; spread to root or psoas ends it."

LUMBAR_SYMPATHETIC = Procedure(
    key="lumbar-sympathetic",
    title="Lumbar sympathetic block, diagnostic",
    regions=("L",),
    modalities=(Modality.CT,),
    aim=BesideBody("sympathetic trunk", angle_deg=55.0),
    treatment_pose=Pose.PRONE,
    approaches=(
        Approach(
            name="posterolateral, beside the body",
            obliquity_deg=(10.0, 65.0),
            tilt_deg=(-30.0, 30.0),
            preferred_obliquity_deg=35.0,
            preferred_tilt_deg=0.0,
            source="oblique until the tip of L3's transverse process meets the body's lateral margin (ekja 4975; pijn.com, lumbar "
            "sympathetic); no angle is stated: the window is assumed",
        ),
    ),
    needles=shared.CHIBA_22G,
    roles=shared.roles(),
    required=(*shared.NEAR_THE_SPINE, *shared.IN_FRONT),
    volume_ml=(1.0, 3.0),
    hub_reserve_mm=shared.HUB_RESERVE_MM,
    references={
        "needle": "22 G Chiba (qxmd 18702019); 22 G x 15 cm (PubMed 15883528); 200 mm: assumed",
        "volume": "test with 1-3 ml: assumed",
        "target": "antero-lateral of the body, medial of the psoas, behind aorta and inferior vena cava (qxmd 18702019), not in "
        "front of the anterior body line (pijn.com, lumbar sympathetic); 55 degrees from anterior: assumed",
        **shared.STOCK,
    },
    levels=(SpineLevel.L2, SpineLevel.L3, SpineLevel.L4),
    notes=(ONE_SIDE, TWO_STAGES),
    one_side_per_sitting=True,
)

LUMBAR_NEUROLYSIS = replace(
    LUMBAR_SYMPATHETIC,
    key="lumbar-sympathetic-neurolysis",
    title="Lumbar sympathicolysis, neurolytic",
    volume_ml=(6.0, 12.0),
    references={
        **LUMBAR_SYMPATHETIC.references,
        "volume": "96 % alcohol with local anaesthetic and contrast, 10 ml (6-12) (qxmd 18702019)",
    },
    notes=(ONE_SIDE, SECOND_STAGE),
    follows=LUMBAR_SYMPATHETIC.key,
)

SPLANCHNIC = Procedure(
    key="splanchnic",
    title="Splanchnic or retrocrural celiac block, diagnostic",
    regions=("T", "L"),
    modalities=(Modality.CT,),
    aim=BesideBody("splanchnic nerves", angle_deg=70.0, inside_of=Structure.CRUS),
    treatment_pose=Pose.PRONE,
    approaches=(
        Approach(
            name="posterior retrocrural, beside the body",
            obliquity_deg=(10.0, 55.0),
            tilt_deg=(-10.0, 45.0),
            preferred_obliquity_deg=from_midline(middle(26.4, 36.0)),
            preferred_tilt_deg=15.0,
            source="26.4-36.0 degrees from the midline, skin 61-76 mm beside it at upper L2 (koreamed 2278270, 60 CT scans); the "
            "wider window and the tilt are assumed",
        ),
    ),
    needles=shared.CHIBA_22G,
    roles=shared.roles(),
    required=(*shared.NEAR_THE_SPINE, *shared.IN_FRONT),
    volume_ml=(3.0, 5.0),
    hub_reserve_mm=shared.HUB_RESERVE_MM,
    references={
        "needle": "path 96-116 mm (koreamed 2278270); 22 G Chiba and its lengths: assumed",
        "volume": "test with 3-5 ml: assumed",
        "target": "retrocrural, antero-lateral of T12 to L1 (scilit 8dfd713c, Fujita 1993); border of the posterior two thirds and "
        "the anterior third of the body (PubMed 10998694); between the body and the crus, where that is drawn",
        **shared.STOCK,
    },
    levels=(SpineLevel.T11, SpineLevel.T12, SpineLevel.L1),
    notes=(TWO_STAGES,),
)

SPLANCHNIC_NEUROLYSIS = replace(
    SPLANCHNIC,
    key="splanchnic-neurolysis",
    title="Splanchnic or retrocrural celiac neurolysis",
    volume_ml=(10.0, 15.0),
    references={
        **SPLANCHNIC.references,
        "volume": "15 ml for each needle (scilit 8dfd713c, Fujita 1993); less: assumed",
    },
    notes=(SECOND_STAGE,),
    follows=SPLANCHNIC.key,
)
