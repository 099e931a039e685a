"""What a needle lacks where none in stock is long enough: planned with a longer one, said in millimetres.

In: what was asked and had no path, a function that plans for the shortest path. Out: a sentence, or nothing where length
held nothing back.
"""

from __future__ import annotations

from dataclasses import replace

from planner.procedure import Procedure
from planner.relaxation import LENGTH_RULE, Asked, Plans
from planner.site import Site

LONGEST_MM = 300.0
"""No needle for the spine is longer; assumed."""

LENGTH_COST = "length_mm"


def for_shortest(site: Site, costs: tuple[str, ...]) -> Site:
    """The site with every preference off but the length's, so that the best path is the shortest."""
    weights = {name: float(name == LENGTH_COST) for name in costs}
    return replace(site, weights=weights, left_out=site.left_out - {LENGTH_COST})


def missing_length(asked: Asked, shortest: Plans) -> tuple[str, ...]:
    """The stock's longest needle, the shortest path that keeps every other limit, and what is missing between them."""
    if not asked.counts.get(LENGTH_RULE):
        return ()
    stock = max(needle.length_mm for needle in asked.procedure.needles)
    plan = shortest(_with_long_needles(asked.procedure), asked.side, is_rehearsal=asked.is_rehearsal)
    if not plan.trajectories:
        return (
            f"A longer needle alone opens no path: none up to {LONGEST_MM:g} mm was found (in stock: {stock:g} mm).",
        )
    path = min(path.length_mm for path in plan.trajectories)
    missing = path + asked.procedure.hub_reserve_mm - stock
    if missing <= 0:
        return ()
    hub = asked.procedure.hub_reserve_mm
    needs = f"the shortest path that keeps every other limit needs {path:.0f} mm and {hub:g} mm for the hub"
    return (f"None long enough: longest stock needle {stock:g} mm; {needs}: {missing:.0f} mm missing.",)


def _with_long_needles(procedure: Procedure) -> Procedure:
    """Each diameter in stock, long enough for everybody."""
    long = {needle.outer_diameter_mm: replace(needle, length_mm=LONGEST_MM) for needle in procedure.needles}
    return replace(procedure, needles=tuple(long.values()))
