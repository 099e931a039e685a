"""The procedures that can be planned: one file each, listed here by key."""

from __future__ import annotations

from collections.abc import Mapping

from planner.procedure import Procedure
from planner.procedures.facet import FACET
from planner.procedures.prt import PRT

PROCEDURES: Mapping[str, Procedure] = {procedure.key: procedure for procedure in (PRT, FACET)}
