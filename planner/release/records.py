"""What must be on record before alcohol: the test injection's response, and where contrast went on a control scan.

In: a neurolytic procedure, its targets, the records. Out: one sentence for each that is missing or speaks against it. A record is
about one place and one side; it names who says so and the day. Nothing here is defaulted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from planner.procedure import Procedure
from planner.structures import Side
from planner.target import Target


class Response(StrEnum):
    """Of the patient to the test injection; only ``positive`` opens the way to alcohol."""

    POSITIVE = "positive"
    PARTIAL = "partial"
    NEGATIVE = "negative"


class Reached(StrEnum):
    """What contrast must not reach before alcohol follows it."""

    ROOT = "root"
    EPIDURAL_SPACE = "epidural space"
    PSOAS = "psoas"
    VESSEL = "vessel"
    ORGAN = "organ"


@dataclass(frozen=True, slots=True)
class TestInjection:
    """The diagnostic stage's result at one place."""

    __test__ = False

    place: str
    """The level as asked for: ``L3``."""
    side: Side
    day: str
    """As ``2026-03-02``."""
    recorded_by: str
    response: Response

    def __str__(self) -> str:
        return f"{self.response}, {self.place} {self.side}, {self.day}, recorded by {self.recorded_by}"


@dataclass(frozen=True, slots=True)
class ContrastSpread:
    """Where contrast went through the needle in place, on a control scan; ``reached`` empty: nothing it must not reach."""

    place: str
    side: Side
    day: str
    """As ``2026-03-02``."""
    recorded_by: str
    reached: tuple[Reached, ...]

    def __str__(self) -> str:
        where = ", ".join(self.reached) or "free"
        return f"{where}, {self.place} {self.side}, {self.day}, recorded by {self.recorded_by}"


Record = TestInjection | ContrastSpread


def open_record_gates(
    procedure: Procedure,
    targets: Iterable[Target],
    tests: Sequence[TestInjection],
    spreads: Sequence[ContrastSpread],
) -> tuple[str, ...]:
    """One sentence for each target of a second stage without a positive test and a free spread; none for other procedures."""
    if not procedure.follows:
        return ()
    places = dict.fromkeys((target.place, target.side) for target in targets)
    return tuple(
        sentence
        for place, side in places
        for sentence in (
            *_test_gate(procedure, _latest(tests, place, side), f"{place}, {side}"),
            *_spread_gate(_latest(tests, place, side), _latest(spreads, place, side), f"{place}, {side}"),
        )
    )


def _latest(records: Sequence[Record], place: str, side: Side) -> Record | None:
    """The last record of a place: an earlier one is overruled."""
    here = [record for record in records if record.place == place and record.side is side]
    return max(here, key=lambda record: record.day) if here else None


def _test_gate(procedure: Procedure, test: Record | None, where: str) -> tuple[str, ...]:
    if test is None:
        first = f"do {procedure.follows} first and record who saw its response, and when"
        return (f"OPEN GATE (test injection): no response is recorded for {where}; {first}.",)
    if isinstance(test, TestInjection) and test.response is not Response.POSITIVE:
        return (f"OPEN GATE (test injection): {test}; alcohol only after a positive response.",)
    return ()


def _spread_gate(test: Record | None, spread: Record | None, where: str) -> tuple[str, ...]:
    if spread is None:
        return (
            f"OPEN GATE (contrast spread): no control scan is recorded for {where}; scan with contrast through the needle in place.",
        )
    if isinstance(spread, ContrastSpread) and spread.reached:
        return (f"OPEN GATE (contrast spread): {spread}; spread to root, psoas, epidural space or a vessel ends it.",)
    if test is not None and spread.day < test.day:
        return (f"OPEN GATE (contrast spread): {spread}, is older than the test ({test.day}); scan again.",)
    return ()
