"""What a site adds to every plan: its scanner's reach, its own limits and preferences, this patient's skin.

Frozen values; unknown is None and said so in the plan. Lengths are LPS mm of the scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.hand.execution import FREEHAND, Execution
from planner.keep_outs import KeepOut
from planner.overrides import Overrides, overridden
from planner.procedure import Procedure
from planner.release.bleeding import Scheme
from planner.structures import Structure


@dataclass(frozen=True, slots=True)
class Bore:
    """The gantry's opening: a circle across the table's axis, placed by its centre in this scan."""

    centre_x_mm: float
    centre_y_mm: float
    radius_mm: float


@dataclass(frozen=True, slots=True)
class Table:
    """The table's top in this scan, as a height along the direction that is up in treatment position."""

    top_mm: float
    hand_mm: float = 50.0
    """Room for the hand between hub and table; assumed."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site's parameters; the defaults change nothing."""

    keep_outs: tuple[KeepOut, ...] = ()
    keep_out_reserve_mm: float = 0.0
    most_tilt_deg: float | None = None
    """Largest tilt of the gantry where needles must be seen whole in one slice; None: not asked for."""
    bore: Bore | None = None
    table: Table | None = None
    margin_growth: float = 0.0
    """Added to every margin for each mm below the skin [mm/mm]: a hardening against the hand's error."""
    guidance: Execution = FREEHAND
    left_out: frozenset[str] = frozenset()
    """Names of rules and costs that the site does without; the plan says so."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Of costs by name, instead of ``costs.WEIGHTS``."""
    scheme: Scheme | None = None
    """Whose classes of bleeding risk the site follows; None: the checklist says."""
    reserves_mm: Mapping[Structure, float] = field(default_factory=dict)
    """In every procedure."""
    procedures: Mapping[str, Overrides] = field(default_factory=dict)
    """By the procedure's key, after ``reserves_mm``."""

    def own(self, procedure: Procedure) -> Procedure:
        """The procedure with this site's values, which it names; an impossible one is refused."""
        reserved = overridden(procedure, Overrides(reserves_mm=self.reserves_mm))
        return overridden(reserved, self.procedures.get(procedure.key, Overrides()))

    @property
    def values(self) -> tuple[str, ...]:
        """What differs from the defaults beside procedures, in words."""
        return (
            *((f"guidance: {self.guidance.name}",) if self.guidance is not FREEHAND else ()),
            *((f"margins grow by {self.margin_growth:g} mm for each mm below the skin",) if self.margin_growth else ()),
            *((f"gantry tilt at most {self.most_tilt_deg:g} degrees",) if self.most_tilt_deg is not None else ()),
            *(f"weight of {name}: {weight:g}" for name, weight in sorted(self.weights.items())),
            *(f"no entry within {self.keep_out_reserve_mm:g} mm of: {region.why}" for region in self.keep_outs),
        )

    @property
    def not_applied(self) -> tuple[str, ...]:
        """What is unknown or left out, in sentences."""
        unknown = [words for words, value in (("gantry bore", self.bore), ("table", self.table)) if value is None]
        reach = (f"Not applied, as unknown: reach of {' and '.join(unknown)}.",) if unknown else ()
        return reach + tuple(f"LEFT OUT by the site: {name}." for name in sorted(self.left_out))


PLAIN = Site()
