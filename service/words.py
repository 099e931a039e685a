"""Sentences that every output shares: file, table, picture and log say a fact in the same words."""

from __future__ import annotations

from planner.plan import Plan, PlannedTrajectory, PlanState, ScanPosition
from planner.structures import Structure

DRAFT = "DRAFT - NOT RELEASED"
NOT_IN_THE_IMAGES = "not in the images"
UNKNOWN_BREATHING = "unknown"
VALID_FOR = "this series only: patient moved or re-scanned -> plan again"


def state_words(plan: Plan) -> str:
    """The plan's state as it is shown."""
    return DRAFT if plan.state is PlanState.DRAFT else "RELEASED"


def scan_position_words(scan: ScanPosition) -> str:
    """*HFS (supine)*, or *supine (inferred, to be confirmed)*."""
    if scan.position is None or scan.is_inferred:
        return f"{scan.pose} (inferred, to be confirmed)"
    return f"{scan.position} ({scan.pose})"


def rehearsal_words(plan: Plan) -> str | None:
    """Why the plan is a rehearsal; None where it is not."""
    if not plan.is_rehearsal:
        return None
    return (
        f"REHEARSAL: scanned {plan.scan_position.pose}, treated {plan.treatment_pose}; "
        "re-scan in treatment position: anatomy and skin move"
    )


def rehearsal_mark(plan: Plan) -> str | None:
    """The short form, for pictures."""
    return f"REHEARSAL: scanned {plan.scan_position.pose}, treated {plan.treatment_pose}" if plan.is_rehearsal else None


def not_checked_words(structures: tuple[Structure, ...]) -> str | None:
    """*NOT CHECKED: bowel, ureter*; None where all was checked."""
    return f"NOT CHECKED: {', '.join(s.words for s in structures)}" if structures else None


def entry_words(trajectory: PlannedTrajectory) -> str:
    """Where the entry lies, from the midline as it can be felt."""
    offset = trajectory.entry_from_midline_mm
    if offset is None:
        return "midline (spinous processes) not found at this slice"
    return f"{abs(offset):.1f} mm {'left' if offset >= 0 else 'right'} of the spinous processes"


def angle_words(trajectory: PlannedTrajectory) -> str:
    """Both angles with what their signs mean."""
    side = "left" if trajectory.obliquity_deg >= 0 else "right"
    way = "cranially" if trajectory.tilt_deg >= 0 else "caudally"
    return (
        f"obliquity {trajectory.obliquity_deg:+.1f} deg (entry on the patient's {side}), "
        f"tilt {trajectory.tilt_deg:+.1f} deg (aims {way})"
    )
