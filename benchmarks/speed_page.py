"""The measured rates as one page and one plot beside the bars; out of `results/speed.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "needleplan"
from matplotlib import pyplot as plt  # noqa: E402 - after its backend is chosen

DOCS = Path(__file__).parent.parent / "docs"
Report = dict[str, Any]

BARS = (
    ("fan_uint8_directions_per_s", "8-bit field, one core: directions/s", 50e6, "at least"),
    ("fan_cone_directions_per_s", "margin growing with depth, one core: directions/s", 10e6, "at least"),
    ("fan_to_explicit", "times explicit sampling (`map_coordinates`)", 100.0, "at least"),
    ("fan_to_obbtree", "times VTK's OBBTree", 1000.0, "at least"),
    ("replan_s", "a moved tip, 3 fields, 4 faces of 1000 x 1000, two cores: s", 0.5, "under"),
    ("fields_s", "three fields of eight structures: s", 3.0, "under"),
)
FIGURES = (
    ("explicit_paths_per_s", "explicit sampling, trilinear: paths/s"),
    ("explicit_nearest_paths_per_s", "explicit sampling, nearest node, numpy: paths/s"),
    ("obbtree_rays_per_s", "VTK's OBBTree, first hit: rays/s"),
    ("embree_rays_per_s", "Embree, hit or no hit, no distance: rays/s"),
    ("fan_to_embree", "this core over Embree"),
    ("copy_directions_per_s", "limit: one byte copied for each direction and plane: directions/s"),
    ("minimum_directions_per_s", "limit: one byte compared and kept: directions/s"),
    ("share_of_copy", "share of the copy's limit"),
    ("share_of_minimum", "share of the minimum's limit"),
    ("segmenting_memory_mb", "most memory up to the segmentation, in a process of its own: MB"),
    ("product_fields_s", "the planner's own fields, each obstacle kept apart: s"),
    ("product_moved_s", "the planner's whole plan again for a moved tip: s"),
    ("product_margin_s", "the planner's whole plan again for other margins: s"),
)
MEMORY_BAR_MB = 1500.0

_HEAD = """# Speed of the numeric core

Written by `make bench-speed` from `benchmarks/results/speed.json` (every figure is there, the keys are described in
`benchmarks/speed.py`); do not edit by hand. One process, one run, the least of a few rounds.

"""


def write_page(report: Report) -> str:
    """The page; it and its plot are written beside the others in docs."""
    page = _HEAD + _machine(report) + _table(report) + _growing(report)
    (DOCS / "speed.md").write_text(page, encoding="utf8")
    _plot(report)
    return page


def _machine(report: Report) -> str:
    here = report["machine"]
    busy = here["load_before"] > 0.3 * here["cores"]
    note = " **The machine was busy: these figures are too low; run it again on a quiet one.**" if busy else ""
    cases = "; ".join(f"`{name}` {case['grid']}" for name, case in report["cases"].items())
    return (
        f"{here['processor']}, {here['cores']} cores, numpy {here['numpy']}, commit {here['commit']}, "
        f"load {here['load_before']} before.{note}\n\nMeasured on: {cases}.\n\n"
    )


def _table(report: Report) -> str:
    cases = report["cases"]
    lines = [f"| | bar | {' | '.join(cases)} |", f"|---|---|{'---|' * len(cases)}"]
    for key, words, bar, which in BARS:
        cells = [_judged(case[key], bar, which) for case in cases.values()]
        lines.append(f"| {words} | {which} {_number(bar)} | {' | '.join(cells)} |")
    memory = [_judged(case["planning_memory_mb"], MEMORY_BAR_MB, "under") for case in cases.values()]
    lines.append(
        f"| most memory of a case with its segmentation and a plan, in a process of its own: MB | under 1500 | {' | '.join(memory)} |"
    )
    for key, words in (row for row in FIGURES if all(row[0] in case for case in cases.values())):
        lines.append(f"| {words} | | {' | '.join(_number(case[key]) for case in cases.values())} |")
    return "\n".join(lines) + f"\n\nPeak of the whole run, peers included: {report['peak_memory_mb']:.0f} MB.\n"


def _judged(value: float, bar: float, which: str) -> str:
    kept = value >= bar if which == "at least" else value < bar
    return f"{_number(value)}{'' if kept else ' (**missed**)'}"


def _number(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.1f} million"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _growing(report: Report) -> str:
    parts = [
        "\n## How the cost grows\n\nMilliseconds on one core. Directions: one face, one field. Structures: fused once, when a",
        " margin changes; a sweep sees one field, whatever their number. Targets, fields and field size: 250,000 directions.\n\n",
    ]
    for name, case in report["cases"].items():
        parts.append(f"| {name} | |\n|---|---|\n")
        for what, rows in case["growing"].items():
            cells = ", ".join(f"{_number(row[_first(row)])}: {row['ms']:.3g} ms" for row in rows)
            parts.append(f"| {what}{' (million nodes)' if what == 'field size' else ''} | {cells} |\n")
        parts.append("\n")
    return "".join(
        [*parts, "![Milliseconds against directions, structures, targets, fields and field size](speed.svg)\n"]
    )


def _first(row: dict[str, float]) -> str:
    return next(key for key in row if key != "ms")


def _plot(report: Report) -> None:
    kinds = list(next(iter(report["cases"].values()))["growing"])
    figure, axes = plt.subplots(1, len(kinds), figsize=(13, 2.8), layout="constrained")
    for panel, kind in zip(axes, kinds, strict=True):
        for name, case in report["cases"].items():
            rows = case["growing"][kind]
            panel.plot([row[_first(row)] for row in rows], [row["ms"] for row in rows], marker="o", label=name)
        panel.set(xlabel=_first(case["growing"][kind][0]), ylabel="ms", xlim=(0, None), ylim=(0, None))
    axes[0].legend(frameon=False)
    figure.savefig(DOCS / "speed.svg", metadata={"Date": None})
    plt.close(figure)
