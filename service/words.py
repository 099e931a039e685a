"""Sentences that every output shares: file, table, picture and log say a fact in the same words."""

from __future__ import annotations

from planner.plan import Plan, PlannedTrajectory, PlanState, ScanPosition
from planner.structures import Structure

DRAFT, RELEASED = "DRAFT - NOT RELEASED", "RELEASED"
NOT_IN_THE_IMAGES = "not in the images"
UNKNOWN_BREATHING = "unknown"
_SHOWN_DEG = 0.05
"""Below this an angle is shown as 0.0."""


def state_words(plan: Plan) -> str:
    """The plan's state as it is shown."""
    return DRAFT if plan.state is PlanState.DRAFT else RELEASED


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
    return f"{abs(offset):.1f} mm {_side(offset)} of the spinous processes"


def obliquity_words(trajectory: PlannedTrajectory) -> str:
    """*obliquity +35.2 deg (entry on the patient's left)*."""
    angle = trajectory.obliquity_deg
    way = "straight from behind" if abs(angle) < _SHOWN_DEG else f"entry on the patient's {_side(angle)}"
    return f"obliquity {_signed(angle)} deg ({way})"


def tilt_words(trajectory: PlannedTrajectory) -> str:
    """*tilt -4.0 deg (aims caudally)*."""
    angle = trajectory.tilt_deg
    way = "in the axial plane" if abs(angle) < _SHOWN_DEG else f"aims {'cranially' if angle > 0 else 'caudally'}"
    return f"tilt {_signed(angle)} deg ({way})"


def angle_words(trajectory: PlannedTrajectory) -> str:
    """Both angles with what their signs mean."""
    return f"{obliquity_words(trajectory)}, {tilt_words(trajectory)}"


def landmark_words(trajectory: PlannedTrajectory) -> str:
    """*12 mm caudal of the tip of the L4 spinous process*."""
    return str(trajectory.landmark) if trajectory.landmark else "no spinous process found"


def depth_words(trajectory: PlannedTrajectory) -> str:
    """*77.5 mm to the tip, first control scan at 60 mm; 22 G x 90 mm Quincke*."""
    stop = None if trajectory.risk is None else trajectory.risk.first_checkpoint_mm
    scan = "" if stop is None else f", first control scan at {stop:.0f} mm"
    return f"{trajectory.length_mm:.1f} mm to the tip{scan}; {trajectory.needle}"


def _signed(angle_deg: float) -> str:
    return "0.0" if abs(angle_deg) < _SHOWN_DEG else f"{angle_deg:+.1f}"


def _side(signed: float) -> str:
    return "left" if signed >= 0 else "right"
