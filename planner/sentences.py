"""What a path does, in words a person can check against the picture.

In: a measured path and its target. Out: *Passes 4.1 mm dorsal to the right L5 root at 72 mm; binding: iliac crest, 1.2 mm
to spare.*
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray
from planner.plan import Clearance, PlannedTrajectory
from planner.position import UP
from planner.structures import Pose, Structure
from planner.targets import Target

_PARTS = {Structure.ILIUM: "iliac crest", Structure.CANAL: "spinal canal"}


def floor_angle_deg(direction: FloatArray, pose: Pose) -> float | None:
    """Needle against the horizontal floor: 90 is straight down; None where the pose is unknown."""
    if pose not in UP:
        return None
    return float(np.degrees(np.arcsin(np.clip(-direction @ np.array(UP[pose]), -1.0, 1.0))))


def name_of(clearance: Clearance) -> str:
    """*left L4 root*, *L3 vertebra*, *iliac crest, left*."""
    if clearance.structure is Structure.NERVE_ROOT:
        return " ".join(str(word) for word in (clearance.side, clearance.level, "root") if word)
    words = _PARTS.get(clearance.structure, clearance.structure.words)
    words = f"{clearance.level} {words}" if clearance.level else words
    return f"{words}, {clearance.side}" if clearance.side else words


def lies(clearance: Clearance, target: Target) -> str:
    """Where the needle passes, seen from the structure: *dorsal to*, *lateral to*, *cranial to* ..."""
    offset = clearance.on_path_mm - clearance.on_structure_mm
    frame = target.frame
    parts = offset @ np.stack([frame.lateral, frame.dorsal, frame.cranial], axis=1)
    axis = int(np.argmax(np.abs(parts)))
    words = (("lateral", "medial"), ("dorsal", "ventral"), ("cranial", "caudal"))[axis]
    return f"{words[0] if parts[axis] >= 0 else words[1]} to"


def explanation(path: PlannedTrajectory, target: Target) -> str:
    """The nearest nerve and what leaves the least room."""
    nerves = [row for row in path.clearances if row.structure is Structure.NERVE_ROOT and row.side is target.side]
    nearest = min(nerves, key=lambda row: row.clearance_mm, default=None)
    passes = (
        f"Passes {nearest.clearance_mm:.1f} mm {lies(nearest, target)} the {name_of(nearest)} at {nearest.depth_mm:.0f} mm"
        if nearest is not None
        else "Passes no nerve root that was found"
    )
    binding = path.binding
    limit = f"binding: {name_of(binding)}, {binding.spare_mm:.1f} mm to spare" if binding else "nothing binds"
    return f"{passes}; {limit}."
