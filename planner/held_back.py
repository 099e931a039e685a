"""What keeps a plan from release, in sentences.

In: anatomy, procedure, targets, position. Out: NOT CHECKED structures, blockers, warnings; empty blockers mean a person may sign.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.anatomy.model import Anatomy
from planner.obstacles import BONES
from planner.plan import ScanPosition, TargetPlan
from planner.procedure import Procedure
from planner.release.looks import Look
from planner.structures import Structure
from planner.targets import Target

SURE_OF_STRUCTURE = 0.5
"""A required structure below this confidence must be confirmed by a person; assumed."""


def not_checked(anatomy: Anatomy, procedure: Procedure, targets: tuple[Target, ...] = ()) -> tuple[Structure, ...]:
    """Structures required for these targets that the anatomy lacks; any bone stands for bone."""
    found = {Structure.BONE if s in BONES else s for s in anatomy.confidence} | set(anatomy.confidence)
    return tuple(s for s in procedure.required_for(targets) if s not in found)


@dataclass(frozen=True, slots=True)
class Gate:
    """One sentence that keeps a plan from release; ``look``: what a person checks to close it, None where no look does."""

    sentence: str
    look: Look | None = None


def release_gates(
    anatomy: Anatomy,
    procedure: Procedure,
    targets: tuple[Target, ...],
    scan: ScanPosition,
    missing: tuple[Structure, ...],
) -> tuple[Gate, ...]:
    """Every open gate."""
    return (
        *_position_gates(procedure, scan),
        *(Gate(f"NOT CHECKED: {structure.words} was not found in this scan.") for structure in missing),
        *(
            Gate(
                f"{structure.words}: confidence {anatomy.confidence[structure]:.2f}, {SURE_OF_STRUCTURE:g} is needed; check it.",
                Look.STRUCTURE,
            )
            for structure in procedure.required_for(targets)
            if structure in anatomy.confidence and anatomy.confidence[structure] < SURE_OF_STRUCTURE
        ),
        *(gate for target in targets for gate in _name_gates(target)),
    )


def release_blockers(
    anatomy: Anatomy,
    procedure: Procedure,
    targets: tuple[Target, ...],
    scan: ScanPosition,
    missing: tuple[Structure, ...],
) -> tuple[str, ...]:
    """One sentence for each open gate."""
    return tuple(gate.sentence for gate in release_gates(anatomy, procedure, targets, scan, missing))


def _position_gates(procedure: Procedure, scan: ScanPosition) -> tuple[Gate, ...]:
    pose = procedure.treatment_pose
    found = []
    if scan.pose is not pose:
        words = f"Rehearsal: scanned {scan.pose}, treated {pose}; re-scan in treatment position: anatomy and skin move."
        found.append(Gate(words))
    if scan.is_inferred:
        words = "The scan position is inferred from the image, not stated by the series; confirm it."
        found.append(Gate(words, Look.POSITION))
    return tuple(found)


def _name_gates(target: Target) -> tuple[Gate, ...]:
    found = []
    if target.confidence < SURE_OF_STRUCTURE:
        place = target.what or f"foramen {target.between}"
        words = f"The {place}, {target.side}, has confidence {target.confidence:.2f}; check it."
        found.append(Gate(words, Look.PLACE))
    if "@" in target.chosen_by:
        found.append(Gate(f"The level was chosen by place ({target.chosen_by}); name it."))
    elif not target.name_is_certain:
        found.append(Gate(f"The name {target.between} is not certain; confirm it.", Look.NAME))
    return tuple(found)


def warnings_of(
    anatomy: Anatomy, procedure: Procedure, planned: tuple[TargetPlan, ...], scan: ScanPosition
) -> tuple[str, ...]:
    """What a person should know beside the blockers."""
    preferred = procedure.needles[0].gauge
    thinner = [
        f"{target.words}: no path for {preferred} G; planned for {target.trajectories[0].needle.gauge} G."
        for target in planned
        if target.trajectories and target.trajectories[0].needle.gauge != preferred
    ]
    rehearsal = scan.pose is not procedure.treatment_pose
    return (
        *anatomy.warnings,
        *(_no_path(target) for target in planned if not target.trajectories),
        *thinner,
        *(("Breathing phase unknown.",)),
        *(("Rehearsal: table and gantry were not applied.",) if rehearsal else ()),
    )


def notes_of(procedure: Procedure, targets: tuple[Target, ...], site_values: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the procedure, its targets and the site say of themselves, each sentence once."""
    of_site = (f"SITE VALUE: {words}." for words in site_values)
    return tuple(dict.fromkeys((*procedure.notes, *(note for target in targets for note in target.notes), *of_site)))


def _no_path(target: TargetPlan) -> str:
    counts = sorted(target.rejected.items(), key=lambda item: -item[1])
    words = ", ".join(f"{name} {count}" for name, count in counts)
    return f"{target.words}: no safe path; of {target.examined} examined: {words}."
