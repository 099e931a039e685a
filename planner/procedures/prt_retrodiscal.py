"""Periradicular therapy from behind the disc (Kambin's triangle), L1 to L5: the subpedicular procedure with another target.

Typed values, each with its source or the word assumed; a physician edits them.
"""

from __future__ import annotations

from dataclasses import replace

from planner.aims.retrodiscal import RetrodiscalRoot
from planner.procedure import Approach
from planner.procedures import shared
from planner.procedures.prt import PRT

NEARER_ROOT = "Retrodiscal: the exiting root is nearer to the needle than subpedicular (ARM 2011;35:833)."

RETRODISCAL = Approach(
    name="posterolateral, retrodiscal",
    obliquity_deg=(15.0, 75.0),
    tilt_deg=(-35.0, 30.0),
    preferred_obliquity_deg=45.0,
    preferred_tilt_deg=0.0,
    source="more lateral and caudal aim than subpedicular (PubMed 24690186: limited by the iliac crest at L5/S1); no angle is "
    "stated: the window is assumed",
)

PRT_RETRODISCAL = replace(
    PRT,
    key="prt-retrodiscal",
    title="Periradicular therapy, lumbar, retrodiscal",
    aim=RetrodiscalRoot(),
    approaches=(RETRODISCAL,),
    references={
        **{name: source for name, source in PRT.references.items() if name not in ("S1", "thoracic target")},
        "target": "Kambin's triangle: assumed; nerves were pricked in 5 cases against 0 subpedicular (ARM 2011;35:833)",
    },
    regions=("L",),
    required_at={},
    levels=shared.LUMBAR + shared.LAST,
    notes=(NEARER_ROOT,),
)
