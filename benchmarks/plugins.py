"""Plans from published label maps used as plug-ins, beside plans from the built-in anatomy on the same scan.

In: the folder of real scans (``NEEDLEPLAN_DATA``). Out: a table on the terminal, and in ``docs/plugins.md`` with ``--write``. For each
root and side: how far the two foramina, tips and entries lie apart, and what each plan has to spare. The labels were made by
software and corrected by people; they are not truth, so a distance says how far two sources disagree, not which is right.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import accuracy_cases
import numpy as np

from planner.anatomy.model import Anatomy
from planner.anatomy.outside.segment_with import segment_with
from planner.anatomy.segment import segment
from planner.plan import Plan, PlannedTrajectory
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import Side, SpineLevel
from planner.targets import TargetRequest, find_all_targets
from planner.volume import Volume
from service.brought.label_files import read_label_map
from service.brought.tables import OwnMap, read_table
from service.versions import versions_with

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "plugins.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Scan:
    """A labelled scan: the table of its numbers, and the roots to plan."""

    name: str
    table: str
    roots: tuple[str, ...]


SCANS = (
    Scan("lumbar_pelvis_ct", "thorax_ct/structures.csv", ("L2", "L3", "L4")),
    Scan("lumbar_bone_ct", "lumbar_bone_ct/labels.txt", ("L2", "L3", "L4")),
    Scan("thorax_ct", "thorax_ct/structures.csv", ("T10", "T11", "L1")),
)


@dataclass(frozen=True)
class Row:
    """One root and side in both plans; None where one of them has no path or no foramen."""

    scan: str
    root: str
    side: Side
    foramen_mm: float | None
    tip_mm: float | None
    entry_mm: float | None
    own_mm: float | None
    given_mm: float | None


def main() -> None:
    """Measure the scans that are asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("scans", nargs="*", help=f"of {', '.join(scan.name for scan in SCANS)}; none: all")
    arguments.add_argument("--write", action="store_true", help="put the table into docs/plugins.md")
    chosen = arguments.parse_args()
    if chosen.write and chosen.scans:
        arguments.error("--write replaces the whole table, so it takes no scan's name")
    data = Path(os.environ.get("NEEDLEPLAN_DATA", ROOT.parent / "shared" / "data"))
    rows, said = [], []
    for scan in SCANS:
        if not chosen.scans or scan.name in chosen.scans:
            found, words = compare(scan, data)
            rows += found
            said.append(words)
    text = "\n".join((*table(rows), "", *said))
    print(text)
    if chosen.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def compare(scan: Scan, data: Path) -> tuple[list[Row], str]:
    """Both anatomies and plans of one scan."""
    volume = accuracy_cases.load(scan.name, data).volume
    numbers = OwnMap(numbers=read_table(data / scan.table))
    brought = read_label_map(data / scan.name / "labels.nii.gz", numbers)
    own, given = segment(volume), segment_with(volume, [brought])
    failed = [gate for gate in given.gates if gate.startswith("GATE FAILED")]
    words = (
        f"{scan.name}: {len(given.gates)} gates asked, {len(failed)} failed{': ' if failed else '.'}{'; '.join(failed)}\n"
        f"Levels by itself: {_levels(own)}; with the labels: {_levels(given)}."
    )
    return list(_rows(scan, own, given, volume)), words


def _levels(anatomy: Anatomy) -> str:
    return ", ".join(str(one.name) for one in anatomy.vertebrae)


def _rows(scan: Scan, own: Anatomy, given: Anatomy, _volume: Volume) -> Iterator[Row]:
    for root in scan.roots:
        for side in Side:
            paths = [_first(plan_of(one, root, side)) for one in (own, given)]
            both = None if paths[0] is None or paths[1] is None else (paths[0], paths[1])
            yield Row(
                scan.name,
                root,
                side,
                _foramina_apart(own, given, root, side),
                None if both is None else _apart(both[0].target_mm, both[1].target_mm),
                None if both is None else _apart(both[0].entry_mm, both[1].entry_mm),
                _spare(paths[0]),
                _spare(paths[1]),
            )


def plan_of(anatomy: Anatomy, root: str, side: Side) -> Plan | None:
    """A plan to one root; None where the anatomy does not hold it."""
    procedure = PROCEDURES["prt"]
    if not any(one.root == root and one.side is side for one in anatomy.nerve_roots):
        return None
    targets = find_all_targets(anatomy, procedure, [TargetRequest(side, root=SpineLevel(root))])
    scan = reconcile(None, anatomy.lie)
    return plan_trajectories(anatomy, targets, procedure, scan, versions_with(anatomy))


def _first(plan: Plan | None) -> PlannedTrajectory | None:
    if plan is None or not plan.targets[0].trajectories:
        return None
    return plan.targets[0].trajectories[0]


def _foramina_apart(own: Anatomy, given: Anatomy, root: str, side: Side) -> float | None:
    places = [
        [one.center_mm for one in a.foramina if one.side is side and one.between.root == root] for a in (own, given)
    ]
    return _apart(places[0][0], places[1][0]) if all(places) else None


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


def _spare(path: PlannedTrajectory | None) -> float | None:
    return None if path is None or path.binding is None else path.binding.spare_mm


def table(rows: list[Row]) -> list[str]:
    """The rows as Markdown."""
    head = "| scan | root, side | foramina apart [mm] | tips [mm] | entries [mm] | to spare, own [mm] | to spare, plug-in [mm] |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for row in rows:
        numbers = (row.foramen_mm, row.tip_mm, row.entry_mm, row.own_mm, row.given_mm)
        shown = " | ".join("-" if n is None else f"{n:.1f}" for n in numbers)
        lines.append(f"| {row.scan} | {row.root} {row.side} | {shown} |")
    return lines


if __name__ == "__main__":
    main()
