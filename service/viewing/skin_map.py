"""Where a needle to one tip may enter the skin, with the room each entry leaves; elsewhere the first rule that forbids it.

In: fields around a target, a tip, LPS mm. Out: one row for each direction of the sweep that leaves through skin. The room is the
sweep's estimate: it tells where to look; a chosen path is measured exactly.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray
from planner.prepared import Prepared
from planner.rules import first_broken, hard_limits
from planner.search import sweep
from planner.situation import Candidates
from planner.sweep.fan import Exit
from planner.trajectories import Trajectories
from viz.viewer.skin import SkinMap


def skin_map(prepared: Prepared, tip_mm: FloatArray) -> SkinMap:
    """For the procedure's first needle diameter."""
    moved = prepared.moved(np.asarray(tip_mm)[None])
    situation = moved.situations[0]
    swept = sweep(situation, moved.reach, moved.faces)
    is_skin = swept.kinds == int(Exit.SKIN)
    tips = np.broadcast_to(tip_mm, (len(swept.tips), 3))
    entries = tips + swept.depth_mm[:, None] * swept.outward
    room = swept.room_mm - situation.radius_mm
    rows = Candidates(situation, Trajectories(entries, tips), swept.tips, swept.kinds, room, swept.binding)
    rules = hard_limits(situation.obstacles, situation.site)
    broken = first_broken(rows, rules)
    names = tuple(rule.name for rule in rules)
    return SkinMap(entries[is_skin], room[is_skin], broken[is_skin], names)
