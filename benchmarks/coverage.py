"""Each procedure at each level it allows, both sides, on each real scan: planned, no safe path (why), no skin, or refused (why).

Usage: python benchmarks/coverage.py [--scans NAME ...] [--procedures KEY ...] [--pictures FOLDER]
Writes benchmarks/results/coverage.json and docs/coverage.md; NEEDLEPLAN_DATA names the scans. One picture for each row.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage_page
import coverage_picture

from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.errors import LevelNotFoundError, PlannerError, UnknownNameError
from planner.geometry import FloatArray
from planner.obstacles import ordered, with_roots
from planner.plan import TargetPlan
from planner.planning import Setting, planned
from planner.position import reconcile
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.structures import Side, SpineLevel, Unnamed
from planner.target import Target
from planner.targets import TargetRequest, find_targets
from planner.volume import Modality
from service.errors import ServiceError
from service.opening import OpenSeries, SeriesChoice, open_chosen

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results" / "coverage.json"

SCANS = {
    "abdomen_ct": "abdomen_ct/series",
    "lumbar_pelvis_ct": "lumbar_pelvis_ct/ct.nii.gz",
    "thorax_ct": "thorax_ct/ct.nii.gz",
    "vertebra_ct": "vertebra_ct/sub-ct_label-22_ct.nii.gz",
    "lumbar_bone_ct": "lumbar_bone_ct/bone_ct.nrrd",
}
NO_SKIN = "skin outside image"
ABSENT = "not in this scan"


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One opened and segmented scan."""

    name: str
    series: OpenSeries
    anatomy: Anatomy


def opened(name: str, data: Path) -> Scan | str:
    """The scan with its anatomy, or the sentence of its refusal."""
    try:
        path = data / SCANS[name]
        series = open_chosen(SeriesChoice(path, modality=None if path.is_dir() else Modality.CT))
        return Scan(name, series, ordered(segment(series.volume)))
    except (PlannerError, ServiceError) as refusal:
        return str(refusal)


def levels_of(anatomy: Anatomy, procedure: Procedure) -> Iterator[str]:
    """The names a request may use here, of those the procedure allows."""
    allowed = set(procedure.levels)
    if "/" not in procedure.aim.example:
        yield from (str(v.name) for v in anatomy.vertebrae if v.name in allowed)
        yield from (_at(v.body_center_mm) for v in anatomy.vertebrae if isinstance(v.name, Unnamed))
        return
    seen = (
        [d.between for d in anatomy.discs] + [f.between for f in anatomy.foramina] + [f.between for f in anatomy.facets]
    )
    gaps = {str(between): between.upper for between in [*seen, *(f.between for f in anatomy.sacral_foramina)]}
    if SpineLevel.S1 in allowed and any(v.name in (SpineLevel.S1, SpineLevel.L5) for v in anatomy.vertebrae):
        gaps["S1/S2"] = SpineLevel.S1
    yield from (name for name, upper in gaps.items() if upper in allowed)
    yield from dict.fromkeys(_at(f.center_mm) for f in anatomy.foramina if not f.between.is_named)


def _at(point_mm: FloatArray) -> str:
    """A place without a name, by its height."""
    return f"@{float(point_mm[2]):.0f}"


def tried(
    scan: Scan, setting: Setting, level: str, side: Side
) -> tuple[dict[str, Any], tuple[Target, TargetPlan] | None]:
    """What came of one request, and what a picture may show."""
    row: dict[str, Any] = {"level": level, "side": str(side)}
    start = time.perf_counter()
    try:
        targets = find_targets(scan.anatomy, setting.procedure, TargetRequest(side, level=level))
    except LevelNotFoundError:
        return {**row, "outcome": ABSENT}, None
    except (PlannerError, UnknownNameError) as refusal:
        return {**row, "outcome": "refused", "why": str(refusal)}, None
    plans = [planned(setting, target).plan for target in targets]
    lacking = [(t, p) for t, p in zip(targets, plans, strict=True) if not p.trajectories]
    row |= {"seconds": round(time.perf_counter() - start, 1), "certain": targets[0].name_is_certain}
    row["confidence"] = round(min(target.confidence for target in targets), 2)
    shown = lacking[0] if lacking else (targets[0], plans[0])
    if not lacking:
        return {**row, "outcome": "planned", "paths": min(len(plan.trajectories) for plan in plans)}, shown
    target, plan = lacking[0]
    why = max(plan.rejected, key=lambda name: plan.rejected[name], default="no place for a tip")
    kind = "no tip" if not len(target.tips_mm) else "no safe path"
    outcome = "no skin in view" if why == NO_SKIN else kind
    return {
        **row,
        "outcome": outcome,
        "why": f"{target.what or target.words}: {why}",
        "rejected": dict(plan.rejected),
    }, shown


def rows_of(scan: Scan, procedure: Procedure, pictures: Path | None) -> list[dict[str, Any]]:
    """Every level and side of one procedure, and one picture."""
    position = reconcile(scan.series.patient_position, scan.anatomy.lie)
    is_rehearsal = position.pose is not procedure.treatment_pose
    setting = Setting(scan.anatomy, with_roots(scan.anatomy), procedure, is_rehearsal)
    rows, best = [], None
    for level in levels_of(scan.anatomy, procedure):
        for side in Side:
            row, shown = tried(scan, setting, level, side)
            rows.append(row)
            if shown is not None and (best is None or (shown[1].trajectories and not best[1].trajectories)):
                best = shown
    if pictures is not None and best is not None:
        coverage_picture.draw(
            scan.series.volume, scan.anatomy, position.pose, best, pictures / f"{scan.name}-{procedure.key}.png"
        )
    return rows


def main() -> None:
    """Try everything, write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", nargs="*", default=list(SCANS), choices=list(SCANS))
    parser.add_argument("--procedures", nargs="*", default=list(PROCEDURES), choices=list(PROCEDURES))
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    data = Path(os.environ.get("NEEDLEPLAN_DATA", PROJECT.parent / "shared" / "data"))
    report = json.loads(RESULTS.read_text(encoding="utf8")) if RESULTS.exists() else {}
    if given.pictures is not None:
        given.pictures.mkdir(parents=True, exist_ok=True)
    for name in given.scans:
        scan = opened(name, data)
        if isinstance(scan, str):
            report[name] = {"refused": scan}
        else:
            procedures = dict(report.get(name, {}).get("procedures", {}))
            for key in given.procedures:
                procedures[key] = rows_of(scan, PROCEDURES[key], given.pictures)
                sys.stdout.write(f"{name} {key}: {coverage_page.summary(procedures[key])}\n")
                sys.stdout.flush()
            vertebrae = [str(v.name) for v in scan.anatomy.vertebrae]
            report[name] = {"pose": str(scan.anatomy.lie.pose), "vertebrae": vertebrae, "procedures": procedures}
        RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
        (PROJECT / "docs" / "coverage.md").write_text(coverage_page.page(report), encoding="utf8")


if __name__ == "__main__":
    main()
