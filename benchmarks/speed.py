"""How many straight paths a second: this core beside explicit sampling, VTK's OBBTree and Embree, in one process and one run.

In: the phantom, and a scan if one is named (a folder of DICOM). Out: a table, `results/speed.json`, `../docs/speed.md` and its plot.

Usage: python benchmarks/speed.py [SERIES]; or `--page` to write the page again from the JSON

Keys of the JSON, for each case (rates are a second, times seconds of wall clock, the least of a few rounds):
`fan_uint8_directions_per_s` least room of every direction of one face of 1000 x 1000, 8-bit field, one core, `fan_planes` planes;
`fan_cone_directions_per_s` the same with a margin that grows below the skin;
`copy_directions_per_s`, `minimum_directions_per_s` one byte copied, or compared and kept, for each direction and plane: the
memory's limit; `share_of_copy`, `share_of_minimum` the first over these;
`explicit_paths_per_s` (`scipy.ndimage.map_coordinates`, order 1, a sample each 0.5 mm), `explicit_nearest_paths_per_s` (numpy,
nearest node); `obbtree_rays_per_s` (VTK, first hit with the bones' surface of `triangles`), `embree_rays_per_s` (the same surface,
hit or no hit); `fan_to_explicit`, `fan_to_obbtree`, `fan_to_embree`: ratios;
`fields_s` eight structures' distances fused into `replan_fields` fields; `replan_s` a moved tip on two cores: entries and every field
for `replan_directions` directions on four faces; `product_*`: the planner's own fields for a nerve root (`product_fields_s`), and its
whole plan again for a moved tip (`product_moved_s`) or other margins (`product_margin_s`), exact measurements included.
`growing`: milliseconds against directions, structures fused, targets, fields and field size. `peak_memory_mb`: of the whole process,
peers and segmentation included; `segmenting_memory_mb`, `planning_memory_mb`: the most of one case in a process of its own, up to
its segmentation and with a plan.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
from pathlib import Path

import numpy as np
import speed_fan
import speed_peers
import speed_replan
from speed_cases import Case
from speed_memory import own_process
from speed_page import write_page

RESULTS = Path(__file__).parent / "results" / "speed.json"
Figures = dict[str, object]


def measured(case: Case, series: Path | None) -> Figures:
    """All figures of one case."""
    figures, fields = speed_replan.whole_faces(case)
    figures |= speed_fan.rates(case, fields[0])
    figures |= speed_replan.product(case)
    figures |= own_process(series)
    figures |= speed_peers.rates(case, case.lattice())
    fan = figures["fan_uint8_directions_per_s"]
    peers = {"explicit": "explicit_paths_per_s", "obbtree": "obbtree_rays_per_s", "embree": "embree_rays_per_s"}
    figures |= {f"fan_to_{name}": fan / figures[key] for name, key in peers.items()}
    rows = {
        name: [{key: _short(value) for key, value in row.items()} for row in column]
        for name, column in speed_fan.growing(case, fields).items()
    }
    return {"grid": case.grid, **{name: _short(value) for name, value in figures.items()}, "growing": rows}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def machine() -> dict[str, object]:
    """What it ran on, and how busy that was."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    commit = subprocess.run(
        ["/usr/bin/env", "git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "numpy": np.__version__,
        "commit": commit.stdout.strip(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="?", type=Path)
    parser.add_argument("--page", action="store_true", help="only write the page from the JSON")
    arguments = parser.parse_args()
    if not arguments.page:
        report: Figures = {"machine": machine(), "cases": {}}
        for series in (None, *([arguments.series] if arguments.series else [])):
            case = Case.scan(series) if series else Case.phantom()
            report["cases"][case.name] = measured(case, series)
        report["peak_memory_mb"] = _short(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
    print(write_page(json.loads(RESULTS.read_text(encoding="utf8"))))


if __name__ == "__main__":
    main()
