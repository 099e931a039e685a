"""Medial branch block, lower thoracic and lumbar: two nerves for each joint, on the bone where each crosses it, prone.

Typed values, each with its source or the word assumed; a physician edits them.
"""

from __future__ import annotations

from planner.aims.medial_branch import MedialBranches
from planner.procedure import Approach, Procedure
from planner.procedures import shared
from planner.structures import Pose, SpineLevel
from planner.volume import Modality

SITE_CHOICE = (
    "Medial branch block under CT is this site's choice: guidelines describe it under fluoroscopy "
    "(pijn.com, Klessinger: CT guidance is not supported by guidelines)."
)

FROM_BEHIND = Approach(
    name="posterior, to the edge of the transverse process",
    obliquity_deg=(-30.0, 40.0),
    tilt_deg=(-35.0, 35.0),
    preferred_obliquity_deg=0.0,
    preferred_tilt_deg=0.0,
    source="thoracic: near-sagittal, oblique only at T11 to T12 (musculoskeletalkey, thoracic medial branch); the window is assumed",
    below=(SpineLevel.T9, SpineLevel.T10),
)

OBLIQUE = Approach(
    name="posterolateral, to the corner of articular and transverse process",
    obliquity_deg=(0.0, 60.0),
    tilt_deg=(-35.0, 35.0),
    preferred_obliquity_deg=25.0,
    preferred_tilt_deg=-10.0,
    source="ipsilateral oblique, level end-plate (musculoskeletalkey, lumbar medial branch); no angle is stated: the window is "
    "assumed",
)

MEDIAL_BRANCH = Procedure(
    key="medial-branch",
    title="Medial branch block, lower thoracic and lumbar",
    regions=("T", "L"),
    modalities=(Modality.CT,),
    aim=MedialBranches(),
    treatment_pose=Pose.PRONE,
    approaches=(FROM_BEHIND, OBLIQUE),
    needles=(*shared.SPINAL_22G, *shared.SPINAL_25G),
    roles=shared.roles(),
    required=(*shared.NEAR_THE_SPINE, *shared.IN_FRONT),
    volume_ml=(0.4, 0.5),
    hub_reserve_mm=shared.HUB_RESERVE_MM,
    references={
        "needle": "22-25 G (musculoskeletalkey, lumbar medial branch)",
        "volume": "0.4-0.5 ml at most, to stay specific (musculoskeletalkey, lumbar medial branch)",
        "target": "corner of superior articular and transverse process (musculoskeletalkey, lumbar medial branch); L5 dorsal "
        "ramus: corner of S1's articular process and the ala (shuhub, facet pain)",
        "thoracic target": "nerves down to T10: supero-lateral edge of the transverse process, on periosteum; T11 and T12: as lumbar "
        "(musculoskeletalkey, thoracic medial branch); 0.3-0.5 ml: assumed",
        "nerves": "two for each joint, n + 1 for n neighbours (shuhub, facet pain); n + 1 is derived",
        **shared.STOCK,
    },
    levels=(*shared.THORACOLUMBAR, *shared.LUMBAR, *shared.LAST),
    notes=(SITE_CHOICE,),
)
