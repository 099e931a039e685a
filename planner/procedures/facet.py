"""Intra-articular facet joint block, lower thoracic and lumbar: from behind, along the joint's gap, prone.

Typed values, each with its source or the word assumed; a physician edits them.
"""

from __future__ import annotations

from planner.aims.facet_joint import FacetJoint
from planner.procedure import Approach, Procedure
from planner.procedures import shared
from planner.structures import Pose, SpineLevel
from planner.volume import Modality

ALONG_THE_GAP = Approach(
    name="posterior, along the posterior gap",
    obliquity_deg=(-10.0, 60.0),
    tilt_deg=(-40.0, 40.0),
    preferred_obliquity_deg=25.0,
    preferred_tilt_deg=0.0,
    source="oblique until the posterior joint space is seen first; 45 degrees shows the anterior joint instead (alpfmedical, "
    "lumbar technique); the window is assumed",
)

STEEPLY = Approach(
    name="posterior, steeply from caudal",
    obliquity_deg=(-25.0, 60.0),
    tilt_deg=(-20.0, 75.0),
    preferred_obliquity_deg=10.0,
    preferred_tilt_deg=50.0,
    source="thoracic: prone, steep caudocranial, near-parallel to the lamina: assumed; no source states an angle",
    below=(SpineLevel.T10, SpineLevel.T11),
)

FACET = Procedure(
    key="facet",
    title="Facet joint block, intra-articular",
    regions=("T", "L"),
    modalities=(Modality.CT,),
    aim=FacetJoint(),
    treatment_pose=Pose.PRONE,
    approaches=(STEEPLY, ALONG_THE_GAP),
    needles=(*shared.SPINAL_22G, *shared.SPINAL_25G),
    roles=shared.roles(),
    required=(*shared.NEAR_THE_SPINE, *shared.IN_FRONT),
    volume_ml=(1.0, 1.5),
    hub_reserve_mm=shared.HUB_RESERVE_MM,
    references={
        "needle": "22 G 90 mm (pacs.de, facet joint injection)",
        "volume": "contrast 0.2-0.5 ml; 1-1.5 ml local anaesthetic with or without steroid; more ruptures the capsule "
        "(78stepshealth, vertebral body)",
        "target": "posterior joint gap (alpfmedical, lumbar technique); inferior recess where osteophytes close it "
        "(RadioGraphics 1999, PubMed 9925394); superior recess: assumed; T10/T11 and T11/T12, "
        "where the gap faces backwards: inferior recess: assumed",
        "thoracic needle": "22-25 G, at most 1 ml: assumed",
        "position": "prone, pillow under the abdomen (RadioGraphics 1999, PubMed 9925394)",
        **shared.STOCK,
    },
    levels=shared.THORACOLUMBAR + shared.LUMBAR + shared.LAST,
)
