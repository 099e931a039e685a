"""Time and memory of the anatomy: 300 slices of 512 x 512, everything in them, and what one lumbar PRT needs of them.

Usage: python benchmarks/segmenting.py [SERIES ...] [--only PART] -- the phantom, and each series resampled to the same grid.
Each run is a process of its own: its peak is its own. Beside the wall time stands the CPU time of all threads: on a busy
machine the wall time says nothing. Threads and memory are set as a case's own process sets them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SHAPE = (300, 512, 512)
RESULTS = Path(__file__).parent / "results" / "segmenting.json"
PARTS = ("whole", "region")
LIMITS = {"whole": (30.0, 2048.0), "region": (12.0, 2048.0)}
"""Seconds on two idle cores, and peak [MiB]."""


@dataclass(slots=True)
class Meter:
    """A ``StageWatch`` that writes down wall, CPU and peak; what runs beside a stage is in its CPU time too."""

    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure what happens inside."""
        wall_s, cpu_s, own_s = time.perf_counter(), time.process_time(), time.thread_time()
        try:
            yield
        finally:
            self.stages[stage] = {
                "wall_s": round(time.perf_counter() - wall_s, 2),
                "cpu_s": round(time.process_time() - cpu_s, 2),
                "own_thread_cpu_s": round(time.thread_time() - own_s, 2),
                "peak_mib": round(peak_mib()),
            }


def peak_mib() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_one(folder: Path, part: str) -> dict[str, object]:
    """Segment what lies in the folder, in this process."""
    from planner.anatomy.region import Region  # noqa: PLC0415 - the peak before any of it is told too
    from planner.anatomy.segment import segment  # noqa: PLC0415
    from planner.geometry import VolumeGeometry  # noqa: PLC0415
    from planner.procedures import PROCEDURES  # noqa: PLC0415
    from planner.structures import Side  # noqa: PLC0415
    from planner.target import TargetRequest  # noqa: PLC0415
    from planner.volume import Modality, Volume  # noqa: PLC0415
    from service.heap import keep_freed_memory  # noqa: PLC0415

    keep_freed_memory()  # as every process that segments
    voxels = np.load(folder / "voxels.npy")
    padding = json.loads((folder / "padding.json").read_text())
    volume = Volume(VolumeGeometry(np.load(folder / "matrix.npy"), SHAPE), voxels, Modality.CT, padding)
    region = Region((TargetRequest(Side.LEFT, root="L3"),), PROCEDURES["prt"].required) if part == "region" else None
    meter, before_mib = Meter(), peak_mib()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(1) as pool:
        anatomy = segment(volume, watch=meter, region=region, beside=lambda work: pool.submit(work).result)
    return {
        "wall_s": round(time.perf_counter() - wall_s, 2),
        "cpu_s": round(time.process_time() - cpu_s, 2),
        "peak_mib": round(peak_mib()),
        "before_mib": round(before_mib),
        "region": None if anatomy.region is None else anatomy.region.words,
        "labels": len(anatomy.labels.entries),
        "stages": meter.stages,
    }


def write_phantom(folder: Path) -> None:
    """A lumbar phantom on the wanted grid."""
    from sample_data.parameters import PhantomParameters  # noqa: PLC0415
    from sample_data.phantom import make_phantom  # noqa: PLC0415

    parameters = PhantomParameters(
        spacing_mm=(1.35, 0.75, 0.75),
        field_of_view_mm=(405.0, 384.0, 384.0),
        center_mm=(0.0, 14.0, 20.0),
        noise_hu=15.0,
    )
    write_volume(folder, make_phantom(parameters).volume)


def write_series(folder: Path, series: Path) -> None:
    """A series, resampled to the wanted grid."""
    from service.opening import open_series  # noqa: PLC0415

    write_volume(folder, open_series(series).volume)


def write_volume(folder: Path, volume: object) -> None:
    """The voxels on ``SHAPE`` over the same box."""
    from planner.anatomy import itk  # noqa: PLC0415
    from planner.geometry import VolumeGeometry  # noqa: PLC0415
    from planner.volume import Volume  # noqa: PLC0415

    assert isinstance(volume, Volume)
    geometry = volume.geometry
    if geometry.shape != SHAPE:
        share = np.array(geometry.shape) / SHAPE
        matrix = geometry.lps_from_index.copy()
        matrix[:3, :3] = geometry.lps_from_index[:3, :3] * share
        matrix[:3, 3] = geometry.points_mm(share / 2.0 - 0.5)
        volume = itk.resampled(volume, VolumeGeometry(matrix, SHAPE))
    np.save(folder / "voxels.npy", volume.voxels)
    np.save(folder / "matrix.npy", volume.geometry.lps_from_index)
    (folder / "padding.json").write_text(json.dumps(volume.padding_value))


def in_process_of_its_own(*arguments: str) -> str:
    """What this script prints when it is called with these arguments."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(name: str, parts: list[str]) -> dict[str, object]:
    """Both parts of one source."""
    with tempfile.TemporaryDirectory() as folder:
        in_process_of_its_own("--prepare", name, "--folder", folder)
        return {part: json.loads(in_process_of_its_own("--run", part, "--folder", folder)) for part in parts}


def table(report: dict[str, dict[str, dict[str, float]]]) -> str:
    """A line for each run and each of its stages."""
    lines = []
    for name, runs in report.items():
        for part, run in runs.items():
            most_s, most_mib = LIMITS[part]
            lines.append(
                f"{name}, {part}: {run['wall_s']:.1f} s wall (bar {most_s:g}), {run['cpu_s']:.1f} s CPU, "
                f"peak {run['peak_mib']} MiB (bar {most_mib:g}); {run['region'] or 'the whole scan'}"
            )
            lines += [
                f"  {stage:<14}{m['wall_s']:7.2f} wall{m['cpu_s']:7.2f} CPU{m['own_thread_cpu_s']:7.2f} own thread{m['peak_mib']:6.0f} MiB"
                for stage, m in run["stages"].items()  # type: ignore[attr-defined]
            ]
    return "\n".join(lines)


def main() -> None:
    """Print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series", nargs="*")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--prepare")
    parser.add_argument("--run", choices=PARTS)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.prepare == "phantom":
        write_phantom(given.folder)
    elif given.prepare:
        write_series(given.folder, Path(given.prepare))
    elif given.run:
        print(json.dumps(run_one(given.folder, given.run)))
    else:
        parts = [given.only] if given.only else list(PARTS)
        runs = {Path(one).parent.name or one: measured(one, parts) for one in ("phantom", *given.series)}
        machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"machine": machine, "shape": SHAPE, "runs": runs}, indent=1) + "\n")
        print(table(runs))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
