"""How many workers a department, a hospital group and a region need: a seeded simulation of discrete events.

In: the seconds that a case takes on a worker, as measured (``benchmarks/turnaround.py``, ``benchmarks/load.py``), and the
size of a series. Out: a table: for each site the workers at which 95 % of cases wait less than a minute, what the
other numbers of workers do, storage and network a day, and which limit is reached first.

    python benchmarks/scale.py --case-seconds 23 --receive-rate 389 --out docs/scale.md
    python benchmarks/scale.py ... --check benchmarks/results/load.json    # simulated beside the measured load

Arrivals are a Poisson process whose rate follows the hour (a day's work lies between 7 and 18 h, one tenth at night).
Series differ in length (lognormal around the mean), and so do cases; one in twenty has a patient on the table (priority).
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DAY_S = 24 * 3600.0
WANTED_WAIT_S = 60.0
SEED = 20260105
URGENT_SHARE = 0.05
SPREAD = 0.35
"""Standard deviation of the logarithm of a case's seconds and of its slices; assumed, about 1:2 between quartiles' tails."""

NIGHT_SHARE = 0.1
WORK_HOURS = (7, 18)
RESULT_MB = 2.0
"""SR, segmentation and pictures of a case that go to the PACS, measured on the sample series; labels and page apart."""

KEPT_FACTOR = 1.6
"""Bytes on the storage for each byte received: the images, and the voxels that the page opens; assumed."""


@dataclass(frozen=True)
class Site:
    """How much arrives."""

    name: str
    series_a_day: int
    hospitals: int


SITES = (Site("department", 150, 1), Site("hospital group", 2_000, 5), Site("region", 20_000, 50))


@dataclass(frozen=True)
class Measured:
    """What was measured, and on what."""

    case_s: float
    slices: int
    slice_mb: float
    images_a_second: float
    database_writes_a_second: float
    cores_a_case: float


@dataclass(frozen=True)
class Waits:
    """One simulated day: seconds until a worker was free."""

    routine_s: np.ndarray
    urgent_s: np.ndarray
    busy_share: float


def arrivals_s(site: Site, rng: np.random.Generator) -> np.ndarray:
    """Sorted times of a day's series [s]."""
    start, end = (hour * 3600.0 for hour in WORK_HOURS)
    count = rng.poisson(site.series_a_day)
    by_day = rng.random(count) > NIGHT_SHARE
    night = rng.uniform(0.0, DAY_S, count)
    hump = start + (end - start) * rng.beta(2.0, 2.2, count)
    return np.sort(np.where(by_day, hump, night))


def simulate(site: Site, workers: int, measured: Measured, seed: int) -> Waits:
    """One day: each case to the first free worker, the urgent first, then in order of arrival."""
    rng = np.random.default_rng(seed)
    times = arrivals_s(site, rng)
    service_s = measured.case_s * rng.lognormal(-(SPREAD**2) / 2, SPREAD, len(times))
    is_urgent = rng.random(len(times)) < URGENT_SHARE
    waits = dict(_waits(times, service_s, is_urgent, workers))
    wait_s = np.array([waits[number] for number in range(len(times))])
    busy = service_s.sum() / (workers * max(DAY_S, times[-1] if len(times) else 0.0))
    return Waits(wait_s[~is_urgent], wait_s[is_urgent], float(busy))


def _waits(
    times: np.ndarray, service_s: np.ndarray, is_urgent: np.ndarray, workers: int
) -> Iterator[tuple[int, float]]:
    """Number and wait of each case, by events: an arrival, or a worker that becomes free."""
    free, ends, line = workers, [], []
    arriving = 0
    while arriving < len(times) or line or ends:
        next_arrival = times[arriving] if arriving < len(times) else math.inf
        next_end = ends[0] if ends else math.inf
        now = min(next_arrival, next_end)
        if next_end <= next_arrival and ends:
            heapq.heappop(ends)
            free += 1
        elif arriving < len(times):
            heapq.heappush(line, (not is_urgent[arriving], arriving))
            arriving += 1
        while free and line:
            _, number = heapq.heappop(line)
            free -= 1
            heapq.heappush(ends, now + service_s[number])
            yield number, now - times[number]


def p95(values: np.ndarray) -> float:
    """The 95th percentile; 0 for nothing."""
    return float(np.percentile(values, 95)) if len(values) else 0.0


def workers_needed(site: Site, measured: Measured) -> int:
    """The fewest at which 95 % wait less than a minute on each of three days."""
    busiest = site.series_a_day * (1 - NIGHT_SHARE) / ((WORK_HOURS[1] - WORK_HOURS[0]) * 3600.0)
    workers = max(1, math.floor(0.8 * busiest * measured.case_s))
    while max(p95(simulate(site, workers, measured, SEED + day).routine_s) for day in range(3)) > WANTED_WAIT_S:
        workers += max(1, workers // 50)
    return workers


def limits(site: Site, measured: Measured, workers: int) -> dict[str, float]:
    """How much of each limit the busiest hour uses; 1 is all of it."""
    peak = 1.5 * site.series_a_day * (1 - NIGHT_SHARE) / ((WORK_HOURS[1] - WORK_HOURS[0]) * 3600.0)
    images = peak * measured.slices
    return {
        "one receiver": images / measured.images_a_second,
        "database writes": images / measured.database_writes_a_second,
        "network, 1 Gbit/s": 8 * images * measured.slice_mb * (2 if workers > 16 else 1) / 1000.0,
    }


def page(measured: Measured) -> str:
    """The whole table as text."""
    lines = [
        "| site | series a day | workers | wait, 95 % | urgent | mean load | cores | storage a day | busiest hour | first |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for site in SITES:
        needed = workers_needed(site, measured)
        tried = sorted({max(1, round(0.8 * needed)), needed, math.ceil(1.25 * needed)})
        lines += [_row(site, workers, measured) for workers in tried]
    return "\n".join(lines)


def _row(site: Site, workers: int, measured: Measured) -> str:
    days = [simulate(site, workers, measured, SEED + day) for day in range(3)]
    used = limits(site, measured, workers)
    first, share = max(used.items(), key=lambda pair: pair[1])
    received_gb = site.series_a_day * measured.slices * measured.slice_mb / 1000.0
    return (
        f"| {site.name} | {site.series_a_day:,} | {workers} "
        f"| {max(p95(day.routine_s) for day in days):.0f} s | {max(p95(day.urgent_s) for day in days):.0f} s "
        f"| {np.mean([day.busy_share for day in days]):.0%} | {math.ceil(workers * measured.cores_a_case)} "
        f"| {received_gb * KEPT_FACTOR + site.series_a_day * RESULT_MB / 1000.0:,.0f} GB "
        f"| {', '.join(f'{name} {part:.0%}' for name, part in used.items())} | {first} ({share:.0%}) |"
    )


def checked(runs: Sequence[Mapping[str, Any]]) -> str:
    """Measured runs of ``load.py`` beside the simulation of the same arrivals, with the mean of the measured seconds a case."""
    lines = [
        "| workers | series | all planned, measured | simulated | mean wait, measured | simulated |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        cases = sorted(run["cases"], key=lambda one: one["ready_s"])
        times = np.array([one["ready_s"] for one in cases])
        service_s = np.full(len(cases), run["case_s"])
        is_urgent = np.array([one["is_urgent"] for one in cases])
        waits = dict(_waits(times, service_s, is_urgent, int(run["way"][-1])))
        wait_s = np.array([waits[number] for number in range(len(cases))])
        lines.append(
            f"| {run['way']} | {len(cases)} | {max(one['planned_s'] for one in cases):.0f} s "
            f"| {(times + wait_s + service_s).max():.0f} s "
            f"| {np.mean([one['begun_s'] - one['ready_s'] for one in cases]):.0f} s | {wait_s.mean():.0f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    """Simulate and print, or replace the table in a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case-seconds", type=float, required=True, help="measured: one case on one worker")
    parser.add_argument("--cores-a-case", type=float, default=2.0, help="on so many cores that was measured")
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--slice-mb", type=float, default=0.53)
    parser.add_argument("--receive-rate", type=float, required=True, help="measured: images a second, durable")
    parser.add_argument("--database-rate", type=float, default=1000.0, help="measured: image rows a second")
    parser.add_argument("--check", type=Path, help="what load.py --out wrote")
    parser.add_argument("--out", type=Path, help="a page whose table between the marks is replaced")
    told = parser.parse_args()
    measured = Measured(
        told.case_seconds, told.slices, told.slice_mb, told.receive_rate, told.database_rate, told.cores_a_case
    )
    table = page(measured)
    given = (
        f"Given: {told.case_seconds:g} s a case on {told.cores_a_case:g} cores, {told.slices} slices of {told.slice_mb:g} MB, "
        f"{told.receive_rate:g} images/s received, {told.database_rate:g} rows/s written; seed {SEED}, three days, the worst."
    )
    check = checked(json.loads(told.check.read_text())) if told.check else ""
    if told.out is None:
        print(f"{given}\n\n{table}\n\n{check}")
        return
    _replace(told.out, "table", f"{given}\n\n{table}")
    if check:
        _replace(told.out, "check", check)


def _replace(page_: Path, mark: str, text: str) -> None:
    """What stands between two marks of a page."""
    start, end = f"<!-- {mark}: benchmarks/scale.py -->", f"<!-- end of {mark} -->"
    before, _, rest = page_.read_text().partition(start)
    page_.write_text(f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    main()
