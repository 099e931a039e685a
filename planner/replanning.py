"""Planning again while a person drags: another tip, other margins, with the fields that were made before.

In: what was prepared once, the tip points, the obstacles with their margins. Out: the plan, and what to go on from. LPS mm.
"""

from __future__ import annotations

from planner.geometry import FloatArray
from planner.obstacles import Obstacle
from planner.planning import Planned, plan_prepared
from planner.prepared import Prepared


def replanned(before: Prepared, tips_mm: FloatArray, obstacles: tuple[Obstacle, ...]) -> Planned:
    """The plan for these tip points and margins, as a fresh start would give it, in the time of one sweep.

    ``obstacles`` are those of ``before.situations[0]``, with other margins or unchanged. A distance map is made only where a
    tip or a margin lies beyond what the kept fields hold (``kept.MOVABLE_MM``, ``kept.WIDER_MM``). Go on from
    ``Planned.prepared``.
    """
    changed = before if obstacles == before.situations[0].obstacles else before.with_obstacles(obstacles)
    return plan_prepared(changed.moved(tips_mm))
