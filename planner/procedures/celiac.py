"""Celiac plexus from behind, before the crus: two stages, prone, a needle on each side.

Typed values, each with its source or the word assumed; a physician edits them. The second stage, with alcohol, stays gated
until the test's response and the contrast's spread are recorded.
"""

from __future__ import annotations

from dataclasses import replace

from planner.aims.beside_aorta import BesideAorta
from planner.procedure import Approach, Needle, Procedure
from planner.procedures import shared
from planner.procedures.sympathetic import SECOND_STAGE, TWO_STAGES
from planner.structures import Pose, SpineLevel
from planner.volume import Modality

BOTH_SIDES = "Bilateral by the source (fliphtml5, Cancer Pain 239-241): plan --side both; one needle may do where contrast crosses."

CELIAC = Procedure(
    key="celiac",
    title="Celiac plexus block, posterior antecrural, diagnostic",
    regions=("T", "L"),
    modalities=(Modality.CT,),
    aim=BesideAorta("celiac plexus"),
    treatment_pose=Pose.PRONE,
    approaches=(
        Approach(
            name="posterior antecrural, beside body and aorta",
            obliquity_deg=(0.0, 60.0),
            tilt_deg=(-15.0, 45.0),
            preferred_obliquity_deg=30.0,
            preferred_tilt_deg=10.0,
            source="posterior, bilateral (fliphtml5, Cancer Pain 239-241); no angle is stated: the window is assumed",
        ),
    ),
    needles=(
        *shared.CHIBA_22G,
        Needle(20, shared.CHIBA_20G_MM, 150.0, "Chiba"),
        Needle(20, shared.CHIBA_20G_MM, 200.0, "Chiba"),
    ),
    roles=shared.roles(),
    required=(*shared.NEAR_THE_SPINE, *shared.IN_FRONT),
    volume_ml=(5.0, 10.0),
    hub_reserve_mm=shared.HUB_RESERVE_MM,
    references={
        "needle": "18 G x 15 cm is robust (fliphtml5, Cancer Pain 239-241); 20-22 G: assumed",
        "volume": "test with 5-10 ml for each needle: assumed",
        "target": "antero-lateral of the aorta, before the crus, between celiac trunk and superior mesenteric artery, T12 to L2 "
        "(fliphtml5, Cancer Pain 239-241; RadioGraphics 2011, PubMed 21997984), here T12 and L1; cephalad of the celiac artery "
        "(Anesthesiology 1997;87:1301)",
        **shared.STOCK,
    },
    levels=(SpineLevel.T12, SpineLevel.L1),
    notes=(TWO_STAGES, BOTH_SIDES),
)

CELIAC_NEUROLYSIS = replace(
    CELIAC,
    key="celiac-neurolysis",
    title="Celiac plexus neurolysis, posterior antecrural",
    volume_ml=(10.0, 25.0),
    references={
        **CELIAC.references,
        "volume": "25 ml for each needle (fliphtml5, Cancer Pain 239-241); less: assumed",
    },
    notes=(SECOND_STAGE, BOTH_SIDES),
    follows=CELIAC.key,
)
