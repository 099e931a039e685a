"""What a path does, in words a person can check against the picture.

In: a measured path and its target. Out: *Passes 4.1 mm dorsal to the right L5 root at 72 mm; binding: iliac crest, 1.2 mm
to spare.* Directions are the patient's own, seen from the structure; lengths mm.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray
from planner.hand.execution import ALLOWED_TIP_ERROR_MM
from planner.obstacles import BONES
from planner.plan import Clearance, PlannedTrajectory, Probability, Risk, TargetPlan
from planner.position import UP
from planner.structures import Part, Pose, Structure
from planner.targets import Target

_STRUCTURES = {Structure.ILIUM: "iliac crest", Structure.CANAL: "spinal canal"}
_PARTS = {
    Part.POSTERIOR: "arch",
    Part.BODY: "body",
    Part.SUPERIOR_ARTICULAR_PROCESS: "superior articular process",
    Part.INFERIOR_ARTICULAR_PROCESS: "inferior articular process",
}

_SECOND_WORD = 0.5
"""A second direction is said where it is at least this share of the first (27 degrees off it); assumed."""

_AT_TIP_MM = 0.5
"""What is nearest this close to the tip's depth is said of the tip; half a voxel; assumed."""


def floor_angle_deg(direction: FloatArray, pose: Pose) -> float | None:
    """Needle against the horizontal floor: 90 is straight down; None where the pose is unknown."""
    if pose not in UP:
        return None
    return float(np.degrees(np.arcsin(np.clip(-direction @ np.array(UP[pose]), -1.0, 1.0))))


def name_of(clearance: Clearance) -> str:
    """*left L4 root*, *L3 vertebra*, *disc below L3*, *L3 superior articular process, left*, *iliac crest, left*."""
    if clearance.structure is Structure.NERVE_ROOT:
        nerve = "ganglion" if clearance.part is Part.GANGLION else "root"
        return " ".join(str(word) for word in (clearance.side, clearance.level, nerve) if word)
    words = _STRUCTURES.get(clearance.structure, clearance.structure.words)
    words = _PARTS.get(clearance.part, words) if clearance.part else words
    if clearance.structure is Structure.DISC and clearance.level:
        return f"disc below {clearance.level}"
    words = f"{clearance.level} {words}" if clearance.level else words
    return f"{words}, {clearance.side}" if clearance.side else words


def lies(clearance: Clearance, target: Target) -> str:
    """Where the needle passes, seen from the structure: *dorsal to*, *lateral and caudal to*; *through* where it cuts it."""
    frame = target.frame
    offset = clearance.on_path_mm - clearance.on_structure_mm
    parts = offset @ np.stack([frame.lateral, frame.dorsal, frame.cranial], axis=1)
    order = np.argsort(-np.abs(parts), kind="stable")
    if not np.abs(parts).max() > 0:
        return "through"
    words = (("lateral", "medial"), ("dorsal", "ventral"), ("cranial", "caudal"))
    said = [words[axis][0 if parts[axis] >= 0 else 1] for axis in order[:2].tolist()]
    is_two = abs(parts[order[1]]) >= _SECOND_WORD * abs(parts[order[0]])
    return f"{' and '.join(said if is_two else said[:1])} to"


def explanation(path: PlannedTrajectory, target: Target) -> str:
    """What lies nearest of what must not be touched, where the tip ends, and what leaves the least room."""
    binding = path.binding
    limit = f"binding: {name_of(binding)}, {_spare(binding)}" if binding else "nothing binds"
    return f"{_passes(path, target)}; {limit}."


def _passes(path: PlannedTrajectory, target: Target) -> str:
    nearest = told_nearest(path, target)
    at = f"at the {target.what}, {target.side}" if target.what else ""
    if nearest is None:
        return f"{f'Ends {at}; passes' if at else 'Passes'} nothing within reach that must not be touched"
    place = f"{nearest.clearance_mm:.1f} mm {lies(nearest, target)} the {name_of(nearest)} at {nearest.depth_mm:.0f} mm"
    if is_at_tip(path, nearest):
        return f"Ends {at}, {place}" if at else f"Ends {place}"
    return f"Passes {place}, ends {at}" if at else f"Passes {place}"


def is_at_tip(path: PlannedTrajectory, row: Clearance) -> bool:
    """Whether a structure is nearest where the path ends."""
    return path.length_mm - row.depth_mm <= _AT_TIP_MM


def told_nearest(path: PlannedTrajectory, target: Target | TargetPlan) -> Clearance | None:
    """What a sentence is about: the target's own root where it is the target; else the nearest thing that is not bone."""
    soft = [row for row in path.clearances if row.is_hard and row.structure not in BONES]
    own = [row for row in soft if row.structure is Structure.NERVE_ROOT and row.side is target.side]
    if target.root:
        own = [row for row in own if row.level == target.between.upper] or own
        soft = own or soft
    return min(soft, key=lambda row: row.clearance_mm, default=None)


def _spare(row: Clearance) -> str:
    return f"{row.spare_mm:.1f} mm to spare" if row.spare_mm >= 0 else f"{-row.spare_mm:.1f} mm too near"


def risk_words(risk: Risk) -> tuple[str, ...]:
    """How likely a needle guided so touches and misses, and what control scans make of it; short sentences.

    Its probabilities are drawn, all from as many needles, or in closed form.
    """
    first = f"{risk.guidance}, in one go: {_chances(risk.beside_bone, risk.any_contact, risk.target_missed)}"
    interval = f"95 % intervals, n = {max(risk.any_contact.n, risk.with_checkpoints.n)}"
    if not risk.checkpoints_mm:
        return f"{first}; {interval}.", "No control scan on the way takes a hundredth off the probability of contact."
    depths = " and ".join(f"{depth:.0f} mm" for depth in risk.checkpoints_mm)
    scanned = _chances(risk.beside_bone_with_checkpoints, risk.with_checkpoints, risk.missed_with_checkpoints)
    return f"{first};", f"with control scans at {depths}: {scanned}; {interval}."


def _chances(soft: Probability | None, anything: Probability, missed: Probability) -> str:
    more = "" if soft is None else f"touches other than bone {_between(soft)}, "
    return (
        f"{more}anything, bone included, {_between(anything)}, ends over {ALLOWED_TIP_ERROR_MM:g} mm beside the planned tip "
        f"{_between(missed)}"
    )


def _between(one: Probability) -> str:
    """*8.0% (6.9% to 9.3%)*; the interval's kind and n are said once, behind."""
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})" if one.n else str(one)
