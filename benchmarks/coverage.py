"""Each procedure at each level it allows, both sides, on each real scan: planned, no safe path (why), no skin, or refused (why).

Usage: python benchmarks/coverage.py [--scans NAME ...] [--procedures KEY ...] [--pictures FOLDER] [--resume FOLDER]
Writes benchmarks/results/coverage.json and docs/coverage.md; NEEDLEPLAN_DATA names the scans. One picture for each target, and
one sheet of them for each procedure. ``--resume`` keeps anatomies and finished procedures in a folder, and takes up what lies
there: give a fresh folder after the planner has changed. Each procedure's rows name the commit they were made at.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import coverage_page
import coverage_picture
import coverage_scans
from coverage_rows import Trial
from coverage_scans import Scan

from planner.errors import GuidanceError
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.procedures.on_mr import on_modality

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results" / "coverage.json"
LOOKED = PROJECT / "benchmarks" / "coverage_looked.md"
"""What was seen in the pictures, written by hand."""


def rows_of(scan: Scan, procedure: Procedure, pictures: Path | None) -> list[dict[str, Any]]:
    """Every level and side of one procedure, with their pictures."""
    rows = []
    drawn = []
    for row, shown in Trial(scan, procedure).rows():
        rows.append(row)
        if pictures is not None:
            drawn += [coverage_picture.drawn(scan, one) for one in shown]
    if pictures is not None and drawn:
        coverage_picture.save_sheets(drawn, pictures / f"{scan.name}-{procedure.key}")
    return rows


def first_stage_of(procedure: Procedure) -> str:
    """The procedure with the same targets, paths and needles; empty where there is none."""
    first = PROCEDURES.get(procedure.follows)
    if first is None:
        return ""
    same = ("aim", "approaches", "needles", "roles", "levels", "hub_reserve_mm")
    return first.key if all(getattr(first, name) == getattr(procedure, name) for name in same) else ""


def tried(scan: Scan, key: str, pictures: Path | None, kept: Path | None) -> dict[str, Any]:
    """The rows of one procedure with their commit, or those an earlier run finished."""
    at = None if kept is None else kept / f"{scan.name}-{key}.json"
    if at is not None and at.exists():
        return dict(json.loads(at.read_text(encoding="utf8")))
    rows = rows_of(scan, on_modality(PROCEDURES[key], scan.volume.modality), pictures)
    found = {"commit": _made_at(scan), "rows": rows}
    sys.stdout.write(f"{scan.name} {key}: {coverage_page.summary(rows)}\n")
    sys.stdout.flush()
    if at is not None:
        at.write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")
    return found


def _made_at(scan: Scan) -> str:
    """The planner's commit, and the anatomy's where that was kept from another."""
    now = coverage_scans.commit()
    return now if scan.commit == now else f"{now} on the anatomy of {scan.commit}"


def may_be_tried(scan: Scan, key: str) -> bool:
    """What needs joints and bone is refused on MR."""
    try:
        on_modality(PROCEDURES[key], scan.volume.modality)
    except GuidanceError:
        return False
    return True


def report_of(scan: Scan, given: argparse.Namespace, before: dict[str, Any]) -> dict[str, Any]:
    """All asked procedures on one scan; a second stage has its first stage's rows."""
    procedures = dict(before)
    for key in given.procedures:
        if not first_stage_of(PROCEDURES[key]) and may_be_tried(scan, key):
            procedures[key] = tried(scan, key, given.pictures, given.resume)
    return {
        "pose": str(scan.anatomy.lie.pose),
        "vertebrae": [str(v.name) for v in scan.anatomy.vertebrae],
        "composed": coverage_scans.COMPOSED.get(scan.name, ""),
        "procedures": {key: procedures[key] for key in PROCEDURES if key in procedures},
    }


def main() -> None:
    """Try everything, write both files."""
    given = _given()
    data = Path(os.environ.get("NEEDLEPLAN_DATA", PROJECT.parent / "shared" / "data"))
    report = json.loads(RESULTS.read_text(encoding="utf8")) if RESULTS.exists() else {}
    for folder in (given.pictures, given.resume):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    for name in given.scans:
        scan = coverage_scans.opened(name, data, given.resume)
        if isinstance(scan, str):
            report[name] = {"refused": scan}
        else:
            report[name] = report_of(scan, given, report.get(name, {}).get("procedures", {}))
        report = {name: report[name] for name in coverage_scans.FILES if name in report}
        RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
        (PROJECT / "docs" / "coverage.md").write_text(
            coverage_page.page(report, LOOKED.read_text("utf8")), encoding="utf8"
        )


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    scans = list(coverage_scans.FILES)
    parser.add_argument("--scans", nargs="*", default=scans, choices=scans)
    parser.add_argument("--procedures", nargs="*", default=list(PROCEDURES), choices=list(PROCEDURES))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--resume", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
