"""The lower half of the sheet: checklist, what keeps from release, warnings, injectate, earlier plans.

In: a plan with its gates, earlier plans, words. Out: ``Checks``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.plan import Plan
from service.documents import EarlierPlanDocument, EarlierTargetDocument
from service.placed import placed_path
from service.sheet.wording import Wording

_OPEN_GATE, _SPREAD, _BREATHING = "OPEN GATE", "Spread of ", "Breathing phase unknown."
_MOST_EARLIER = 2
_SAME_MM, _SAME_DEG = 1.0, 1.0
"""Below these an earlier path is called the same; what a hand can tell apart: assumed."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate: its question, its answer, whether it is closed."""

    words: str
    answer: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Checks:
    """Labelled lines and lists."""

    checklist: str
    """Heading: who answered, how many are open."""
    gates: tuple[GateRow, ...]
    injectate: tuple[str, ...]
    blockers: tuple[str, ...]
    warnings: tuple[str, ...]
    placing: tuple[str, ...]
    """Of several needles, which first."""
    earlier: tuple[str, ...]


def checks_of(of: tuple[Plan, tuple[str, ...]], earlier: Sequence[EarlierPlanDocument], say: Wording) -> Checks:
    """``of`` is the plan and everything that keeps it from release; gates stand in the checklist, not twice."""
    plan, blockers = of
    return Checks(
        _heading(plan, say),
        tuple(GateRow(say.gate(one.key, one.words), say.answer(one.answer), one.is_closed) for one in plan.gates),
        _injectate(plan, say),
        tuple(dict.fromkeys(say.planner(one) for one in blockers if not (plan.gates and one.startswith(_OPEN_GATE)))),
        tuple(say.planner(one) for one in plan.warnings if not one.startswith(_SPREAD) and one != _BREATHING),
        tuple(say.planner(one) for one in plan.placing),
        tuple(_earlier(one, plan, say) for one in earlier[:_MOST_EARLIER]),
    )


def _heading(plan: Plan, say: Wording) -> str:
    if not plan.gates:
        return say("not_asked")
    closed = sum(one.is_closed for one in plan.gates)
    person = plan.gates[0].answered_by
    who = say("answered_by", person=person) if person else say("not_signed")
    return f"{say('open_closed', open=len(plan.gates) - closed, closed=closed)}; {who}"


def _injectate(plan: Plan, say: Wording) -> tuple[str, ...]:
    volume = "" if plan.volume_ml is None else say("volume", low=plan.volume_ml[0], high=plan.volume_ml[1])
    spread = tuple(say.planner(one) for one in plan.warnings if one.startswith(_SPREAD))
    return tuple(line for line in (volume, *(spread or (say("no_spread"),))) if line)


def _earlier(plan: EarlierPlanDocument, now: Plan, say: Wording) -> str:
    date = plan.content_date
    day = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else date or say("unknown")
    targets = "; ".join(_target(one, now, say) for one in plan.targets)
    return f"{day}, {plan.state_words}: {targets}"


def _target(before: EarlierTargetDocument, now: Plan, say: Wording) -> str:
    if before.length_mm is None:
        return f"{before.words}: {say('no_path').lower()}"
    entry = _entry(before, say)
    return (
        f"{before.words}: {entry}{before.needle}, {before.length_mm:.1f} mm, {before.obliquity_deg or 0.0:+.1f}°, "
        f"{say('tilt')} {before.tilt_deg or 0.0:+.1f}° ({_difference(before, now, say)})"
    )


def _entry(before: EarlierTargetDocument, say: Wording) -> str:
    offset = before.entry_from_midline_mm
    if offset is None:
        return ""
    side = ("left", "right") if say.is_english else ("links", "rechts")
    return f"{say('skin_entry')} {abs(offset):.1f} mm {side[0] if offset >= 0 else side[1]}, "


def _difference(before: EarlierTargetDocument, now: Plan, say: Wording) -> str:
    """What the path that is placed now changes against the earlier one."""
    number = next((n for n, target in enumerate(now.targets) if target.words == before.words), None)
    path = None if number is None else placed_path(now, number)
    if path is None:
        return say("other_place")
    changes = [
        f"{name} {change:+.1f}{unit}"
        for name, change, unit, least in (
            (say("depth"), path.length_mm - (before.length_mm or 0.0), " mm", _SAME_MM),
            (say("obliquity"), path.obliquity_deg - (before.obliquity_deg or 0.0), "°", _SAME_DEG),
            (say("tilt"), path.tilt_deg - (before.tilt_deg or 0.0), "°", _SAME_DEG),
        )
        if abs(change) >= least
    ]
    needle = [] if str(path.needle) == before.needle else [str(path.needle)]
    return say("differs", what=", ".join(needle + changes)) if needle or changes else say("same")
