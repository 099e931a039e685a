"""Needles of one sitting, planned together: from each target's own search to one choice.

In: what the search of each target left. Out: the same with paths added that share a puncture, and the choice. LPS mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from planner.costs import WEIGHTS, price
from planner.costs.room import Room
from planner.costs.tolerance import Tolerance
from planner.measure import measured
from planner.plan import PlannedTrajectory
from planner.search import Screened, distinct
from planner.sitting.several import Needles, Together, choose, near_entries
from planner.situation import Situation
from planner.sweep.reach import Reach
from planner.trajectories import Trajectories

MOST_LOOKED_AT = 1000
"""Candidates of each target, the cheapest, among which a shared puncture is looked for."""

MOST_SHARED = 4
"""Pairs of paths through one puncture that are measured, for each pair of targets."""


SAFETY_GIVEN = 0.5
"""Points of room and tolerance that a path may lack beyond the target's best and still share a puncture; assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """One target after its search: where it looked, and the measured paths, the best first."""

    situation: Situation
    reach: Reach
    screened: Screened
    paths: tuple[PlannedTrajectory, ...]


def with_shared_punctures(searched: Sequence[Searched]) -> tuple[Searched, ...]:
    """With the cheapest pairs of paths that one puncture serves among each target's own, where measuring confirms both."""
    added: list[list[PlannedTrajectory]] = [[] for _ in searched]
    for first, second in combinations(range(len(searched)), 2):
        for i, j in _pairs(searched[first], searched[second]):
            one, other = _exactly(searched[first], i), _exactly(searched[second], j)
            if one is not None and other is not None:
                added[first].append(one)
                added[second].append(other)
    return tuple(replace(one, paths=_ranked((*one.paths, *more))) for one, more in zip(searched, added, strict=True))


def together(searched: Sequence[Searched]) -> Together:
    """One path for each target, none of which touches another."""
    return choose([_needles(one.paths) for one in searched])


def without_copies(searched: Sequence[Searched], choice: Together) -> tuple[tuple[Searched, ...], Together]:
    """Alternatives that are really different, and what was chosen; the same choice by its new places."""
    wanted = choice.chosen or (-1,) * len(searched)
    kept = [_different(one.paths, index) for one, index in zip(searched, wanted, strict=True)]
    fewer = tuple(
        replace(one, paths=_ranked(tuple(one.paths[index] for index in left)))
        for one, left in zip(searched, kept, strict=True)
    )
    chosen = tuple(left.index(index) for left, index in zip(kept, choice.chosen, strict=False))
    return fewer, replace(choice, chosen=chosen)


def _different(paths: tuple[PlannedTrajectory, ...], wanted: int) -> list[int]:
    """Indices of the wanted path and of each path that differs from all better ones kept."""
    kept: list[int] = []
    for index, path in enumerate(paths):
        one = Trajectories(path.entry_mm[None], path.target_mm[None])
        others = (Trajectories(paths[k].entry_mm[None], paths[k].target_mm[None]) for k in kept)
        if index == wanted or all(distinct(one, other) for other in others):
            kept.append(index)
    return kept


def _pairs(first: Searched, second: Searched) -> list[list[int]]:
    """Indices into each target's candidates: of the cheapest ``MOST_LOOKED_AT`` of each."""
    prices = [price(one.screened.feasible) for one in (first, second)]
    cheap = [np.argsort(points, kind="stable")[:MOST_LOOKED_AT] for points in prices]
    entries = [
        one.screened.feasible.candidates.paths.entries_mm[chosen]
        for one, chosen in zip((first, second), cheap, strict=True)
    ]
    near = near_entries(entries[0], entries[1], (prices[0][cheap[0]], prices[1][cheap[1]]), MOST_SHARED)
    found: list[list[int]] = np.stack([cheap[0][near[:, 0]], cheap[1][near[:, 1]]], axis=1).tolist()
    return found


def _exactly(one: Searched, index: int) -> PlannedTrajectory | None:
    candidates = one.screened.feasible.candidates
    outward = -candidates.paths.directions[index]
    return measured(one.situation, one.reach, one.screened, int(candidates.tips[index]), outward)


def _ranked(paths: tuple[PlannedTrajectory, ...]) -> tuple[PlannedTrajectory, ...]:
    """The cheapest first; a path that came twice is kept once."""
    once = {(path.entry_mm.tobytes(), path.target_mm.tobytes()): path for path in paths}
    order = sorted(once.values(), key=lambda path: path.cost)
    return tuple(replace(path, rank=rank) for rank, path in enumerate(order, start=1))


def _needles(paths: tuple[PlannedTrajectory, ...]) -> Needles:
    def column(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array(values, dtype=np.float64)

    lacking = column([_lacks(path) for path in paths])
    return Needles(
        Trajectories(
            np.array([path.entry_mm for path in paths]).reshape(-1, 3),
            np.array([path.target_mm for path in paths]).reshape(-1, 3),
        ),
        column([path.needle.length_mm for path in paths]),
        column([path.needle.radius_mm for path in paths]),
        column([path.cost for path in paths]),
        column([path.tolerance_deg for path in paths]),
        lacking <= lacking[:1] + SAFETY_GIVEN,
    )


def _lacks(path: PlannedTrajectory) -> float:
    """Points for what the path lacks of room and tolerance, by the weights that are the same for every site."""
    return sum(weight * path.costs[cost.name] for cost, weight in WEIGHTS if isinstance(cost, (Room, Tolerance)))
