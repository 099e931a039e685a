"""A plan on a terminal: what matters in the first lines, every number after them.

In: a plan's document. Out: rich renderables. No patient name or ID is ever shown here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from planner.plan import Probability
from service.documents import PlanDocument, TargetDocument
from service.path_documents import ClearanceDocument, ProbabilityDocument, SliceDocument, TrajectoryDocument
from service.show import show_list

SAID_ABOVE = "No safe path; binding: "
"""A sentence whose binding and counts stand in lines of their own."""

_ROW_WIDTH = 10
"""Of the first word of a path's lines."""


def show_plan(console: Console, plan: PlanDocument) -> None:
    """State, what is not checked, the path to take; then its alternatives, why not elsewhere, and what keeps it from release."""
    _show_state(console, plan)
    for target, rank in zip(plan.targets, _first_ranks(plan), strict=True):
        _show_target(console, plan, target, rank)
    show_list(console, "Warnings", plan.warnings, "yellow")
    show_list(console, "Not releasable", plan.release_blockers, "bold red")
    for target, rank in zip(plan.targets, _first_ranks(plan), strict=True):
        _show_details(console, target, rank)
    console.print(escape(f"Valid for {plan.series.valid_for}."))


def _show_state(console: Console, plan: PlanDocument) -> None:
    blocked = len(plan.release_blockers)
    reasons = f"; {blocked} {'thing keeps' if blocked == 1 else 'things keep'} it from release" if blocked else ""
    console.print(escape(f"{plan.state_words}{reasons}"), style="bold red")
    if plan.rehearsal:
        console.print(escape(plan.rehearsal), style="bold magenta")
    if plan.not_checked:
        missing = ", ".join(name.replace("_", " ") for name in plan.not_checked)
        console.print(escape(f"NOT CHECKED: {missing}"), style="bold yellow")
    for sentence in plan.placing:
        console.print(escape(sentence), style="bold")
    for earlier in plan.earlier_plans:
        console.print(
            escape(
                f"Earlier plan, {earlier.content_date or 'date unknown'}, {earlier.state_words} ({earlier.joined_by}):"
            )
        )
        for one in earlier.targets:
            console.print(escape(f"  {one.words}: {one.needle or 'no safe path'}. {one.sentence}"))


def _first_ranks(plan: PlanDocument) -> list[int]:
    """The path shown whole for each target: the one that goes with the others, else the first."""
    return plan.together or [1] * len(plan.targets)


def _show_target(console: Console, plan: PlanDocument, target: TargetDocument, rank: int) -> None:
    console.rule(escape(f"{plan.title}: {target.words}"))
    if not target.name_is_certain:
        console.print("The level's name is not certain: a person must confirm it.", style="bold yellow")
    shown = next((path for path in target.trajectories if path.rank == rank), None)
    if shown is None:
        _show_no_path(console, target)
    else:
        _show_path(console, shown, len(target.trajectories))
        _show_others(console, target, rank)
    console.print(escape(_why_not(target)))
    console.print(
        escape(f"Scanned {plan.scan_position}, treated {plan.treatment_position}; chosen by {target.chosen_by}.")
    )


def _show_no_path(console: Console, target: TargetDocument) -> None:
    binding = f"; binding: {target.binding}" if target.binding else ""
    console.print(escape(f"NO SAFE PATH among {target.examined} directions examined{binding}."), style="bold red")
    for sentence in target.relaxations:
        if not sentence.startswith(SAID_ABOVE):
            console.print(escape(f"  - {sentence}"))


def _show_path(console: Console, path: TrajectoryDocument, count: int) -> None:
    best = [*(["best overall"] if path.rank == 1 and count > 1 else []), *path.merits]
    console.print(escape(f"Path {path.rank} of {count}{': ' if best else ''}{', '.join(best)}"), style="bold green")
    lines = Table.grid(padding=(0, 1))
    lines.add_column(min_width=_ROW_WIDTH)
    for word, text in _lines(path):
        lines.add_row(f"  {word}", escape(text))
    console.print(lines)
    console.print(_clearances([path]))


def _lines(path: TrajectoryDocument) -> Iterable[tuple[str, str]]:
    yield "Enter", "; ".join(_entry(path))
    floor = f"; {path.floor_angle_deg:.0f} deg to the floor" if path.floor_angle_deg is not None else ""
    yield "Angle", f"{path.angle_words}{floor}"
    yield "Depth", f"{path.length_mm:.1f} mm to the tip{_scans(path)}"
    yield "Needle", _needle(path)
    yield "Passes", path.sentence
    shift = f", or {path.entry_tolerance_mm:.1f} mm at the skin" if path.entry_tolerance_mm is not None else ""
    yield "Forgives", f"{path.tolerance_deg:.1f} deg{shift}"
    for number, sentence in enumerate(path.risk.words if path.risk else ()):
        yield ("" if number else "Risk"), sentence
    if path.bend is not None:
        yield "Bend", path.bend.words


def _entry(path: TrajectoryDocument) -> Iterable[str]:
    yield path.entry_words
    yield path.landmark.words if path.landmark else "no spinous process found"
    if path.entry_slice is not None:
        yield slice_words(path.entry_slice)


def slice_words(one: SliceDocument) -> str:
    """*series 4, image 18, slice location -245 mm*: as a console calls it."""
    location = "not in the images" if one.slice_location_mm is None else f"{one.slice_location_mm:g} mm"
    series = "without number" if one.series_number is None else one.series_number
    image = "without number" if one.instance_number is None else one.instance_number
    return f"series {series}, image {image}, slice location {location}"


def _scans(path: TrajectoryDocument) -> str:
    stops = path.risk.checkpoints_mm if path.risk else []
    if not stops:
        return ""
    more = f", then at {' and '.join(f'{depth:.0f}' for depth in stops[1:])} mm" if len(stops) > 1 else ""
    return f"; first control scan at {stops[0]:.0f} mm{more}"


def _needle(path: TrajectoryDocument) -> str:
    needle = path.needle
    return f"{needle.gauge} G x {needle.length_mm:g} mm {needle.tip}"


def _show_others(console: Console, target: TargetDocument, rank: int) -> None:
    others = [path for path in target.trajectories if path.rank != rank]
    if not others:
        return
    headings = ("", "best at", "entry from midline", "depth", "obliquity", "tilt", "forgives", "least to spare")
    table = Table(*headings, "touches other than bone", "needle", title="Alternatives")
    for path in others:
        table.add_row(
            str(path.rank),
            escape(", ".join(path.merits)),
            escape(path.entry_words.removesuffix(" of the spinous processes")),
            f"{path.length_mm:.1f} mm",
            f"{path.obliquity_deg:+.1f} deg",
            f"{path.tilt_deg:+.1f} deg",
            f"{path.tolerance_deg:.1f} deg",
            _least(path.clearances),
            _soft(path),
            escape(f"{path.needle.gauge} G x {path.needle.length_mm:g} mm"),
        )
    console.print(table)
    for path in others:
        console.print(escape(f"{path.rank}. {path.sentence}"))


def _least(clearances: Sequence[ClearanceDocument]) -> str:
    hard = [one for one in clearances if one.is_hard]
    return f"{min(one.spare_mm for one in hard):.1f} mm" if hard else "-"


def _soft(path: TrajectoryDocument) -> str:
    soft = path.risk.beside_bone if path.risk else None
    return "-" if soft is None else _short(soft)


def _short(one: ProbabilityDocument) -> str:
    """Without its interval, which stands in the file: *17.6 %*."""
    if one.n:
        return f"{one.value:.1%}"
    return str(Probability(one.value, one.low, one.high, one.n))


def _why_not(target: TargetDocument) -> str:
    counts = sorted(target.rejected.items(), key=lambda item: -item[1])
    said = "; ".join(f"{rule} {count}" for rule, count in counts)
    return f"Why not elsewhere: of {target.examined} directions, refused first by: {said or 'nothing'}."


def _show_details(console: Console, target: TargetDocument, rank: int) -> None:
    others = [path for path in target.trajectories if path.rank != rank]
    if others:
        console.print(_clearances(others, f"Clearances of the alternatives: {target.words}"))


def _clearances(paths: Sequence[TrajectoryDocument], title: str | None = None) -> Table:
    headings = ("structure", "clearance", "required", "spare", "depth", "border +-", "sure", "touched")
    table = Table(*(("path",) if title else ()), *headings, title=None if title is None else escape(title))
    for path in paths:
        for one in sorted(path.clearances, key=lambda row: (not row.is_hard, row.spare_mm)):
            table.add_row(*((str(path.rank),) if title else ()), *_cells(path, one))
    return table


def _cells(path: TrajectoryDocument, one: ClearanceDocument) -> tuple[str, ...]:
    kind = "" if one.is_hard else " (preference)"
    part = f" (not its last {one.exempt_mm:g} mm)" if one.exempt_mm > 0 else ""
    contacts = {} if path.risk is None else {c.obstacle: c.probability for c in path.risk.contacts}
    touched = contacts.get(one.obstacle)
    return (
        escape(f"{one.name or one.structure}{part}{kind}"),
        f"{one.clearance_mm:.1f} mm",
        f"{one.margin_mm:.1f} mm",
        f"{one.spare_mm:.1f} mm",
        f"{one.depth_mm:.0f} mm",
        f"{one.uncertainty_mm:.1f} mm",
        f"{one.confidence:.2f}",
        "-" if touched is None else _short(touched),
    )
