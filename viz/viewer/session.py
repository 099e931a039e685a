"""What one person has done to one open case: chosen path, edits, undo; frozen values, each change makes a new one.

In: a plan, and paths judged by the planner (handed in by the service). Out: the state a page shows. A signature belongs to one
state: any later edit drops it, and an answer that changes is an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from planner.geometry import FloatArray
from planner.plan import Clearance, Plan, PlannedTrajectory, TargetPlan
from viz.viewer.correction import Correction

MOST_STEPS = 200
"""Of undo."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One path measured exactly, and the hard limits it breaks: rule and room [its unit], each below 0."""

    path: PlannedTrajectory
    broken: tuple[tuple[str, float, str], ...] = ()
    is_tolerance_known: bool = True

    @property
    def keeps_limits(self) -> bool:
        """No hard limit is broken."""
        return not self.broken


Judge: TypeAlias = Callable[[FloatArray, FloatArray], Judged | None]
"""Wished entry and target to the path from the skin towards it; None where no skin lies that way."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who released which state."""

    signer: str
    signed_at: str
    digest: str
    """Of everything that was signed: images, anatomy, plan, answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A path chosen for one target: its place in the list, or None for one drawn by hand."""

    path_index: int | None
    judged: Judged | None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One state of the case: a plan, the target and the path that are looked at; ``path_index`` is None for an edited path."""

    plan: Plan
    target_index: int
    path_index: int | None
    judged: Judged | None
    others: Mapping[int, Chosen] = field(default_factory=dict)
    """What was chosen for the plan's other targets that were looked at."""
    corrections: tuple[Correction, ...] = ()
    """Of the segmentation, in their order; paths and clearances of this step are measured on the corrected one."""

    def at_target(self, index: int) -> Step:
        """Another target, with the path that was chosen for it."""
        kept = {**self.others, self.target_index: Chosen(self.path_index, self.judged)}
        fresh = first_path(self.plan, index)
        found = kept.pop(index, Chosen(fresh.path_index, fresh.judged))
        return Step(self.plan, index, found.path_index, found.judged, kept, self.corrections)

    def chosen_at(self, index: int) -> Chosen:
        """What is chosen for any target: by a person, or as the plan proposes."""
        step = self if index == self.target_index else self.at_target(index)
        return Chosen(step.path_index, step.judged)

    @property
    def target(self) -> TargetPlan:
        """The target that is looked at."""
        return self.plan.targets[self.target_index]

    @property
    def path(self) -> PlannedTrajectory | None:
        """The path that is looked at; None where no path is safe."""
        return None if self.judged is None else self.judged.path


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """The present step, what undo and redo bring back, and the signature of the present step, if any."""

    now: Step
    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()
    signature: Signature | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What a person answered before signing, by question; undo leaves it as it is."""

    @classmethod
    def opened(cls, plan: Plan) -> Session:
        """The first target's best path."""
        return cls(first_path(plan, 0))

    def choose(self, index: int) -> Session:
        """Another planned path; a path number beyond the list starts anew."""
        paths = self.now.target.trajectories
        if not paths:
            return self
        place = index % len(paths)
        return self.put(replace(self.now, path_index=place, judged=Judged(paths[place])))

    def look_at(self, target_index: int) -> Session:
        """Another target of the same plan; no edit, the signature stays."""
        return replace(self, now=self.now.at_target(target_index % len(self.now.plan.targets)))

    def step_path(self, by: int) -> Session:
        """The next or the previous path; from an edited path back to the first."""
        return self.choose(0 if self.now.path_index is None else self.now.path_index + by)

    def edit(self, judged: Judged) -> Session:
        """A path drawn by hand."""
        return self.put(replace(self.now, path_index=None, judged=judged))

    def with_paths(self, plan: Plan) -> Session:
        """New paths to the tip that a person placed: they belong to that step; the signature is dropped."""
        step = first_path(plan, min(self.now.target_index, len(plan.targets) - 1))
        is_edited = self.now.path_index is None and self.now.judged is not None
        kept = replace(step, path_index=None, judged=self.now.judged) if is_edited else step
        now = replace(kept, others=self.now.others, corrections=self.now.corrections)
        return replace(self, now=now, signature=None)

    def corrected(self, correction: Correction, plan: Plan, judged: Judged | None) -> Session:
        """One stroke more; the plan and the path are measured anew on what it made."""
        step = first_path(plan, self.now.target_index)
        kept = step if judged is None else replace(step, path_index=None, judged=judged)
        return self.put(replace(kept, corrections=(*self.now.corrections, correction)))

    def put(self, step: Step) -> Session:
        """A new state; what was undone is forgotten, the signature is dropped."""
        return Session(step, (*self.past, self.now)[-MOST_STEPS:], answers=self.answers)

    def settle(self, judged: Judged) -> Session:
        """The same path, measured further: no step of its own."""
        return replace(self, now=replace(self.now, judged=judged))

    def undo(self) -> Session:
        """One step back."""
        if not self.past:
            return self
        return Session(self.past[-1], self.past[:-1], (self.now, *self.future), answers=self.answers)

    def redo(self) -> Session:
        """One step forth."""
        if not self.future:
            return self
        return Session(self.future[0], (*self.past, self.now), self.future[1:], answers=self.answers)

    def answer(self, question: str, value: str) -> Session:
        """One answer given, changed, or taken back (empty); the signature is dropped."""
        answers = {key: said for key, said in self.answers.items() if key != question}
        return replace(self, answers=answers | ({question: value} if value else {}), signature=None)

    def signed(self, signature: Signature) -> Session:
        """The same state, released."""
        return replace(self, signature=signature)


def first_path(plan: Plan, target_index: int) -> Step:
    """The path proposed for a target: the one that goes with the other needles, else the best; or the target alone."""
    paths = plan.targets[target_index].trajectories
    wanted = plan.together[target_index] - 1 if len(plan.together) == len(plan.targets) else 0
    index = wanted if wanted < len(paths) else 0
    return Step(plan, target_index, index if paths else None, Judged(paths[index]) if paths else None)


def one_row_each(path: PlannedTrajectory) -> tuple[Clearance, ...]:
    """The least room left to each structure, hard limits first, the least room first."""
    rows: dict[tuple[object, ...], Clearance] = {}
    for row in path.clearances:
        key = (row.structure, row.level, row.side, row.margin_mm > 0)
        if key not in rows or row.spare_mm < rows[key].spare_mm:
            rows[key] = row
    return tuple(sorted(rows.values(), key=lambda row: (not row.is_hard, row.spare_mm)))


def along(path: PlannedTrajectory, depth_mm: float) -> FloatArray:
    """The point of a path at a depth below the skin."""
    share = np.clip(depth_mm / max(path.length_mm, 1e-9), 0.0, 1.0)
    point: FloatArray = path.entry_mm + share * (path.target_mm - path.entry_mm)
    return point
