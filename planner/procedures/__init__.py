"""The procedures that can be planned: one file each, listed here by key."""

from __future__ import annotations

from collections.abc import Mapping

from planner.procedure import Procedure
from planner.procedures.celiac import CELIAC, CELIAC_NEUROLYSIS
from planner.procedures.facet import FACET
from planner.procedures.medial_branch import MEDIAL_BRANCH
from planner.procedures.prt import PRT
from planner.procedures.prt_retrodiscal import PRT_RETRODISCAL
from planner.procedures.sympathetic import LUMBAR_NEUROLYSIS, LUMBAR_SYMPATHETIC, SPLANCHNIC, SPLANCHNIC_NEUROLYSIS

PROCEDURES: Mapping[str, Procedure] = {
    procedure.key: procedure
    for procedure in (
        PRT,
        PRT_RETRODISCAL,
        FACET,
        MEDIAL_BRANCH,
        LUMBAR_SYMPATHETIC,
        LUMBAR_NEUROLYSIS,
        SPLANCHNIC,
        SPLANCHNIC_NEUROLYSIS,
        CELIAC,
        CELIAC_NEUROLYSIS,
    )
}
