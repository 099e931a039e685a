"""What would open a path where none is safe: each proposal planned, none applied.

In: what was asked, the plan without a path, a function that plans. Out: the binding structure, and the smallest changes that
open a path, in sentences for a person to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from planner.obstacles import OTHER_ROOTS, OWN_ROOT
from planner.plan import TargetPlan
from planner.procedure import Approach, Needle, Procedure
from planner.structures import Role, Side, Structure

RESERVE_STEP_MM = 0.25
WINDOW_STEP_DEG, MOST_WINDOW_DEG = 5.0, 20.0
"""A window is widened on every side, in steps; beyond that it is another approach; assumed."""

MOST_RULES = 4
"""Only the rules that refused most are relaxed; the others hold fewer paths back."""

NOT_FOR_ROLES = (Role.TRAVERSABLE,)

THIN = (Needle(26, 0.470, 90.0, "Quincke"), Needle(27, 0.420, 90.0, "Quincke"))
"""Not in stock: largest outer diameters of 26 G and 27 G tubing, ISO 9626:2016 table 1; 90 mm: assumed."""

LONG_MM = (150.0, 200.0)
"""Lengths that Chiba needles come in beyond a short stock; assumed."""

LEAST_SHARE = 0.01
"""Of what structures refused; one that refused less does not hold the paths back; assumed."""

LENGTH_RULE, WINDOW_RULE, AIR_RULE = "needle length", "approach window", "no air outside the skin"
IMAGE_RULE, CLEARANCE, TIP = "skin outside image", "clearance: ", "tip: "


class Plans(Protocol):
    """Plans one target under a changed procedure, on a side."""

    def __call__(self, procedure: Procedure, side: Side, *, is_rehearsal: bool) -> TargetPlan:
        """The plan, with or without a path."""


@dataclass(frozen=True, slots=True)
class Change:
    """One way to ask for less."""

    words: str
    procedure: Procedure
    side: Side
    is_rehearsal: bool
    amount: float = 0.0
    """How much less; the smallest of a row of changes is wanted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What had no path."""

    procedure: Procedure
    side: Side
    is_rehearsal: bool
    plan: TargetPlan

    @property
    def counts(self) -> Mapping[str, int]:
        """Directions, and points for the tip, by the rule that refused them."""
        return self.plan.rejected

    @property
    def by_structures(self) -> Mapping[str, int]:
        """What structures refused, and not the image or the window."""
        return {name: n for name, n in self.counts.items() if name.startswith((CLEARANCE, TIP))}

    @property
    def leaves_the_image(self) -> bool:
        """Most directions of the window, or all, do not meet skin in the image: it shows too little."""
        outside = self.counts.get(IMAGE_RULE, 0)
        others = sum(n for name, n in self.counts.items() if name not in (IMAGE_RULE, WINDOW_RULE))
        return outside > others

    @property
    def binding(self) -> str:
        """What alone keeps a tip out, else the rule that refused most; a structure's name, where any did."""
        most = max(self.by_structures or self.counts, key=lambda rule: self.counts[rule], default="nothing")
        name = self.plan.binding or most
        return name.removeprefix(CLEARANCE).removeprefix(TIP)


@dataclass(frozen=True, slots=True)
class Opening:
    """A change that opens a path, as it was planned."""

    change: Change
    plan: TargetPlan

    def __str__(self) -> str:
        return f"{self.change.words}: a path opens. {self.plan.trajectories[0].sentence} Not applied."


@dataclass(frozen=True, slots=True)
class Relaxations:
    """The answer where no path is safe."""

    binding: str
    counts: Mapping[str, int]
    openings: tuple[Opening, ...]
    tried: tuple[str, ...]
    """What was planned and opened nothing."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """For a person to read and decide."""
        counts = ", ".join(f"{name} {n}" for name, n in sorted(self.counts.items(), key=lambda item: -item[1]))
        first = f"No safe path; binding: {self.binding}. Refused: {counts}."
        if self.binding == IMAGE_RULE:
            return first, "Most directions leave through the image's edge: reconstruct a larger field of view."
        nothing = () if self.openings else ("Nothing that was tried opens a path.",)
        without = (f"Planned without success: {'; '.join(self.tried)}.",) if self.tried else ()
        return (first, *map(str, self.openings), *nothing, *without)


def relaxations(asked: Asked, plans: Plans) -> Relaxations:
    """Every kind of change, each planned; of a row of growing changes the smallest that opens a path."""
    if asked.leaves_the_image:
        return Relaxations(IMAGE_RULE, asked.counts, (), ())
    openings, tried = [], []
    for row in _rows(asked):
        found = _smallest(row, plans)
        if found is None:
            tried.append(row[-1].words)
        else:
            openings.append(found)
    return Relaxations(asked.binding, asked.counts, tuple(openings), tuple(tried))


def _smallest(row: list[Change], plans: Plans) -> Opening | None:
    """The first change of a growing row that opens a path: asking for less never closes one, so the row is halved."""
    last = _planned(row[-1], plans)
    if last is None:
        return None
    low, high = -1, len(row) - 1
    while high - low > 1:
        middle = (low + high) // 2
        found = _planned(row[middle], plans)
        if found is None:
            low = middle
        else:
            high, last = middle, found
    return last


def _planned(change: Change, plans: Plans) -> Opening | None:
    plan = plans(change.procedure, change.side, is_rehearsal=change.is_rehearsal)
    return Opening(change, plan) if plan.trajectories else None


def _rows(asked: Asked) -> Iterator[list[Change]]:
    """Rows of changes, each row from little to much."""
    for kind in _KINDS:
        yield from (row for row in kind(asked) if row)


def _change(asked: Asked, words: str, procedure: Procedure | None = None, amount: float = 0.0) -> Change:
    return Change(words, procedure or asked.procedure, asked.side, asked.is_rehearsal, amount)


def _other_side(asked: Asked) -> Iterator[list[Change]]:
    side = asked.side.other
    yield [replace(_change(asked, f"On the other side ({side}), which is another treatment"), side=side)]


def _other_approach(asked: Asked) -> Iterator[list[Change]]:
    upper = asked.plan.between.upper
    fitting = [a for a in asked.procedure.approaches if not a.below or upper in a.below]
    taken = (fitting or list(asked.procedure.approaches))[0]
    for approach in asked.procedure.approaches:
        if approach is not taken:
            only = replace(asked.procedure, approaches=(replace(approach, below=()),))
            yield [_change(asked, f"By another approach ({approach.name})", only)]


def _thinner(asked: Asked) -> Iterator[list[Change]]:
    if not asked.by_structures:
        return
    thinnest = min(needle.outer_diameter_mm for needle in asked.procedure.needles)
    row = [needle for needle in THIN if needle.outer_diameter_mm < thinnest]
    yield [
        _change(asked, f"With a thinner needle ({needle})", replace(asked.procedure, needles=(needle,)), needle.gauge)
        for needle in row
    ]


def _longer(asked: Asked) -> Iterator[list[Change]]:
    if not asked.counts.get(LENGTH_RULE):
        return
    first, longest = asked.procedure.needles[0], max(needle.length_mm for needle in asked.procedure.needles)
    yield [
        _change(asked, f"With a longer needle ({needle})", replace(asked.procedure, needles=(needle,)), length)
        for length in LONG_MM
        if length > longest
        for needle in (replace(first, length_mm=length, tip="Chiba"),)
    ]


def _wider_window(asked: Asked) -> Iterator[list[Change]]:
    if not asked.counts.get(WINDOW_RULE):
        return
    steps = [WINDOW_STEP_DEG * n for n in range(1, int(MOST_WINDOW_DEG / WINDOW_STEP_DEG) + 1)]
    yield [
        _change(
            asked,
            f"With the approach's window {step:g} degrees wider on every side",
            replace(asked.procedure, approaches=tuple(_widened(a, step) for a in asked.procedure.approaches)),
            step,
        )
        for step in steps
    ]


def _widened(approach: Approach, step_deg: float) -> Approach:
    (left, right), (down, up) = approach.obliquity_deg, approach.tilt_deg
    return replace(
        approach,
        obliquity_deg=(left - step_deg, right + step_deg),
        tilt_deg=(down - step_deg, up + step_deg),
    )


def _smaller_reserve(asked: Asked) -> Iterator[list[Change]]:
    """Reserves of the structures that refused most, down to none; never a structure's own uncertainty."""
    refused = sorted(asked.by_structures.items(), key=lambda item: -item[1])
    least = LEAST_SHARE * sum(asked.by_structures.values())
    names = list(
        dict.fromkeys([_structure_of(asked.binding), *(_structure_of(n) for n, count in refused if count >= least)])
    )
    structures = [structure for structure in names if structure is not None][:MOST_RULES]
    for structure in structures:
        role = asked.procedure.roles.get(structure)
        if role is None or role.role in NOT_FOR_ROLES or role.reserve_mm <= 0:
            continue
        steps = int(-(-role.reserve_mm // RESERVE_STEP_MM))
        amounts = [min(RESERVE_STEP_MM * n, role.reserve_mm) for n in range(1, steps + 1)]
        yield [
            _change(
                asked,
                f"With {amount:.2f} mm less reserve to the {structure.words} ({role.reserve_mm:g} to "
                f"{role.reserve_mm - amount:.2f} mm)",
                replace(
                    asked.procedure,
                    roles={**asked.procedure.roles, structure: replace(role, reserve_mm=role.reserve_mm - amount)},
                ),
                amount,
            )
            for amount in amounts
        ]


def _structure_of(rule: str) -> Structure | None:
    name = rule.removeprefix(CLEARANCE).removeprefix(TIP)
    if name == OWN_ROOT or name.startswith(OTHER_ROOTS):
        return Structure.NERVE_ROOT
    return next((structure for structure in Structure if structure.words == name), None)


def _other_position(asked: Asked) -> Iterator[list[Change]]:
    if asked.is_rehearsal or not asked.counts.get(AIR_RULE):
        return
    words = "In a position that frees the skin from table and pads (planned as a rehearsal; scan again there)"
    yield [replace(_change(asked, words), is_rehearsal=True)]


_KINDS: tuple[Callable[[Asked], Iterator[list[Change]]], ...] = (
    _smaller_reserve,
    _thinner,
    _longer,
    _wider_window,
    _other_approach,
    _other_position,
    _other_side,
)
"""From what changes least to what is another treatment."""
