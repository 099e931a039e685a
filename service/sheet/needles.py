"""The numbers of each needle: where it enters, how it points, how deep it goes, what it keeps clear of.

In: a plan, its series, words. Out: ``NeedleFacts``, labels with values. The path is the one that goes with the other needles.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.geometry import FloatArray
from planner.hand.execution import ALLOWED_TIP_ERROR_MM
from planner.plan import Clearance, Plan, PlannedTrajectory, Probability, Risk, TargetPlan
from service.placed import placed_path
from service.series_facts import SeriesFacts
from service.sheet.wording import Wording

MOST_ROWS = 5
"""Closest structures on the sheet; the report has all."""


@dataclass(frozen=True, slots=True)
class ClearanceRow:
    """One structure, as words, lengths in mm; ``is_binding``: it leaves the least."""

    name: str
    gap: str
    required: str
    spare: str
    depth: str
    sure: str
    is_binding: bool


@dataclass(frozen=True, slots=True)
class NeedleFacts:
    """One target and the path to it; without a path ``numbers`` is empty and ``no_path`` says why."""

    words: str
    side: str
    doubt: str
    numbers: tuple[tuple[str, str], ...]
    brief: tuple[str, ...]
    """The same in few columns, for a sheet with several needles."""
    clearances: tuple[ClearanceRow, ...]
    sentence: str
    """Of the path: where and how it enters, what it passes, what binds."""
    risk: str
    second: str
    no_path: tuple[str, ...]


def needle_facts(plan: Plan, number: int, facts: SeriesFacts, say: Wording) -> NeedleFacts:
    """Everything the sheet says of one target."""
    target = plan.targets[number]
    path = placed_path(plan, number)
    doubt = "" if target.name_is_certain else say("uncertain")
    if path is None:
        return NeedleFacts(say.target(target), say.side(target), doubt, (), (), (), "", "", "", _no_path(target, say))
    return NeedleFacts(
        words=say.target(target),
        side=say.side(target),
        doubt=doubt,
        numbers=_numbers(path, facts, say),
        brief=_brief(path, facts, say),
        clearances=tuple(_clearance(row, path, say) for row in _closest(path)),
        sentence=f"{_told(path, facts, say)} {say.way(path, target)}",
        risk="" if path.risk is None else _risk(path.risk, say),
        second=_second(target, path, say),
        no_path=(),
    )


def _numbers(path: PlannedTrajectory, facts: SeriesFacts, say: Wording) -> tuple[tuple[str, str], ...]:
    return (
        (say("skin_entry"), say.entry(path)),
        (say("landmark"), say.landmark(path.landmark)),
        (say("entry_slice"), _slice(path.entry_mm, facts, say)),
        (say("tip_slice"), _slice(path.target_mm, facts, say)),
        (say("table"), say("no_slice")),
        (say("obliquity"), say.obliquity(path)),
        (say("tilt"), say.tilt(path)),
        (say("floor"), _floor(path, say)),
        (say("depth"), f"{path.length_mm:.1f} mm"),
        (say("first_scan"), _first_scan(path, say)),
        (say("needle"), say("needle_is", needle=path.needle, outside=path.needle.length_mm - path.length_mm)),
        (say("forgives"), _forgives(path, say)),
        (say("bevel"), _bevel(path, say)),
    )


def _brief(path: PlannedTrajectory, facts: SeriesFacts, say: Wording) -> tuple[str, ...]:
    binding = path.binding
    return (
        f"{say.entry(path)}; {say.landmark(path.landmark)}",
        say("both_slices", entry=_slice(path.entry_mm, facts, say), tip=_slice(path.target_mm, facts, say)),
        say.obliquity(path),
        say.tilt(path),
        _brief_floor(path, say),
        f"{path.length_mm:.1f} mm",
        _first_scan(path, say),
        f"{path.needle}{_brief_bevel(path, say)}",
        f"{say('brief_forgives', angle=path.tolerance_deg)}"
        + ("" if binding is None else f"; {binding.spare_mm:.1f} mm: {say.structure(binding)}"),
    )


def _told(path: PlannedTrajectory, facts: SeriesFacts, say: Wording) -> str:
    """Where, how and how far, as one person tells another."""
    return say(
        "told",
        entry=say.entry(path),
        landmark=say.landmark(path.landmark),
        slice=_slice(path.entry_mm, facts, say),
        obliquity=say.obliquity(path),
        tilt=say.tilt(path),
        floor=_floor(path, say),
        depth=path.length_mm,
        first=_first_scan(path, say),
        needle=path.needle,
    )


def _brief_bevel(path: PlannedTrajectory, say: Wording) -> str:
    bend = path.bend
    return "" if bend is None or bend.is_symmetric else f"; {say('brief_bevel', clock=bend.bevel_clock)}"


def brief_headings(say: Wording) -> tuple[str, ...]:
    """Of ``NeedleFacts.brief``."""
    keys = ("skin_entry", "slices", "obliquity", "tilt", "floor_short", "depth_short", "first_short", "needle", "room")
    return tuple(say(key) for key in keys)


def _slice(point_mm: FloatArray, facts: SeriesFacts, say: Wording) -> str:
    found = facts.slice_at(point_mm)
    if found is None:
        return say("no_slice")
    location = say("no_slice") if found.slice_location_mm is None else f"{found.slice_location_mm:.1f} mm"
    return say(
        "slice",
        series="-" if found.series_number is None else found.series_number,
        image="-" if found.instance_number is None else found.instance_number,
        location=location,
    )


def _floor(path: PlannedTrajectory, say: Wording) -> str:
    return say("floor_unknown") if path.floor_angle_deg is None else say("floor_is", angle=path.floor_angle_deg)


def _brief_floor(path: PlannedTrajectory, say: Wording) -> str:
    return say("floor_later") if path.floor_angle_deg is None else f"{path.floor_angle_deg:.1f}°"


def _first_scan(path: PlannedTrajectory, say: Wording) -> str:
    if path.risk is None:
        return say("not_measured")
    depths = ", ".join(f"{depth:.0f} mm" for depth in path.risk.checkpoints_mm)
    return say("at_mm", depths=depths) if depths else say("no_scan")


def _forgives(path: PlannedTrajectory, say: Wording) -> str:
    shift = path.entry_tolerance_mm
    return say(
        "forgives_is", angle=path.tolerance_deg, shift=say("not_measured") if shift is None else f"{shift:.1f} mm"
    )


def _bevel(path: PlannedTrajectory, say: Wording) -> str:
    bend = path.bend
    if bend is None:
        return say("bevel_unknown")
    if bend.is_symmetric:
        return say("bevel_any")
    return say("bevel_is", clock=bend.bevel_clock, offset=bend.tip_offset_mm, to=bend.bends_to_clock)


def _closest(path: PlannedTrajectory) -> list[Clearance]:
    return sorted(path.clearances, key=lambda row: row.spare_mm)[:MOST_ROWS]


def _clearance(row: Clearance, path: PlannedTrajectory, say: Wording) -> ClearanceRow:
    zone = f" ({say('tip_zone', mm=row.exempt_mm)})" if row.exempt_mm else ""
    return ClearanceRow(
        f"{say.structure(row)}{zone}",
        f"{row.clearance_mm:.1f}",
        f"{row.margin_mm:.1f}",
        f"{row.spare_mm:+.1f}",
        f"{row.depth_mm:.0f}",
        f"{row.confidence:.2f}",
        is_binding=row is path.binding,
    )


def _risk(risk: Risk, say: Wording) -> str:
    soft, scanned = risk.beside_bone or risk.any_contact, risk.beside_bone_with_checkpoints or risk.with_checkpoints

    def then(share: Probability) -> str:
        return say("with_scans", share=say.share(_share(share))) if risk.checkpoints_mm else ""

    return say(
        "risk_is",
        guidance=risk.guidance,
        soft=say.share(_share(soft)),
        soft_scanned=then(scanned),
        off=ALLOWED_TIP_ERROR_MM,
        missed=say.share(_share(risk.target_missed)),
        missed_scanned=then(risk.missed_with_checkpoints),
        n=max(risk.any_contact.n, risk.with_checkpoints.n),
    )


def _share(one: Probability) -> str:
    return f"{one.value:.1%} ({one.low:.1%}-{one.high:.1%})" if one.n else str(one)


def _second(target: TargetPlan, path: PlannedTrajectory, say: Wording) -> str:
    other = next((one for one in target.trajectories if one is not path), None)
    if other is None:
        return say("no_second")
    room = (
        ""
        if other.binding is None
        else say("spare_at", spare=other.binding.spare_mm, name=say.structure(other.binding))
    )
    return (
        f"{say.entry(other)}, {other.obliquity_deg:+.1f}°, {say('tilt')} {other.tilt_deg:+.1f}°, "
        f"{other.length_mm:.1f} mm, {other.needle}; {room}"
    )


def _no_path(target: TargetPlan, say: Wording) -> tuple[str, ...]:
    counts = ", ".join(
        f"{say.planner(name)} {count}" for name, count in sorted(target.rejected.items(), key=lambda one: -one[1])[:6]
    )
    return (
        say("no_path"),
        say("no_path_is", count=target.examined, counts=counts),
        *map(say.planner, target.relaxations[:2]),
    )
