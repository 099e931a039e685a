"""Several needles in one sitting: one path for each target, chosen together.

In: candidate paths for each target, measured and priced. Out: the cheapest choice in which no needle touches another, the
punctures it needs, and the order of placing. LPS mm.

Two paths that enter within ``SHARED_MM`` of each other share one puncture: the needle is drawn back and turned to the other
target, so the two are never in place together. All other needles are: shafts and hubs keep ``BETWEEN_MM``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.geometry import BoolArray, FloatArray, IntArray, unit
from planner.sitting.capsules import segment_distance_mm
from planner.trajectories import Trajectories

HUB_RADIUS_MM, HUB_LENGTH_MM = 5.0, 30.0
"""A Luer hub with its stylet's cap; assumed. Taken as a capsule, which holds the cylinder."""

BETWEEN_MM = 1.0
"""Between the surfaces of two needles; assumed."""

SHARED_MM = 5.0
"""Entries this near are one puncture: skin moves that far under a finger; assumed."""

PUNCTURE_POINTS = 2.5
"""What a puncture costs, in the points of ``costs.WEIGHTS``: as much as 40 degrees of tilt; assumed. It buys comfort only: a
path that gives up room or tolerance for it does not share, see ``Needles.may_share``."""

DEPTH_BAND_MM = 10.0
"""Needles whose depths fall into one band count as equally deep; assumed."""

_ROWS_AT_ONCE = 512

MOST_CANDIDATES = 12
"""For each target, the cheapest."""


@dataclass(frozen=True, slots=True, eq=False)
class Needles:
    """Candidates for one target: n paths, each with its needle's length and radius, price and tolerance."""

    paths: Trajectories
    lengths_mm: FloatArray
    radii_mm: FloatArray
    prices: FloatArray
    tolerances_deg: FloatArray
    may_share: BoolArray | None = None
    """(n,) whether a path is about as safe as the target's best, so that a shared puncture may choose it; None: all are."""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def hub_ends_mm(self) -> tuple[FloatArray, FloatArray]:
        """(n, 3) where the shaft enters the hub, and the hub's outer end."""
        outward = unit(self.paths.entries_mm - self.paths.targets_mm)
        base = self.paths.targets_mm + self.lengths_mm[:, None] * outward
        return base, base + HUB_LENGTH_MM * outward

    @property
    def deepest_first(self) -> tuple[FloatArray, FloatArray]:
        """What the order of placing looks at: bands of depth, then how little the path forgives."""
        return -np.floor(self.paths.lengths_mm / DEPTH_BAND_MM), self.tolerances_deg


@dataclass(frozen=True, slots=True)
class Together:
    """The choice: a candidate for each target, or none where every combination collides."""

    chosen: tuple[int, ...]
    price: float
    punctures: tuple[tuple[int, ...], ...]
    """Targets that share one, each group in the order of targets."""
    order: tuple[int, ...]
    """Targets in the order of placing: the deepest first, and of equally deep ones the one that forgives least."""
    blocked: tuple[tuple[int, int], ...] = ()
    """Pairs of targets of which no two candidates can be in place together."""


def gap_mm(first: Needles, second: Needles) -> FloatArray:
    """(n, m) least gap between the surfaces of each pair of needles, hubs included."""
    bodies = []
    for needles in (first, second):
        base, end = needles.hub_ends_mm
        bodies.append(
            ((needles.paths.targets_mm, base, needles.radii_mm), (base, end, np.full(len(base), HUB_RADIUS_MM)))
        )
    gaps = [
        segment_distance_mm(a[:, None], b[:, None], c[None], d[None]) - r[:, None] - q[None]
        for a, b, r in bodies[0]
        for c, d, q in bodies[1]
    ]
    least: FloatArray = np.minimum.reduce(gaps)
    return least


def shares_puncture(first: Needles, second: Needles) -> BoolArray:
    """(n, m) whether two entries are one puncture."""
    apart = first.paths.entries_mm[:, None] - second.paths.entries_mm[None]
    near = np.asarray(np.linalg.norm(apart, axis=-1) <= SHARED_MM)
    for axis, needles in ((1, first), (0, second)):
        if needles.may_share is not None:
            near &= np.expand_dims(needles.may_share, axis)
    return near


def choose(targets: Sequence[Needles]) -> Together:
    """The cheapest combination in which no needle touches another; ties by the order of candidates.

    Depth first over the cheapest candidates of each target; a branch ends where even the cheapest rest costs more than what
    was found.
    """
    count = len(targets)
    shared = {(a, b): shares_puncture(targets[a], targets[b]) for a in range(count) for b in range(a + 1, count)}
    fits = {pair: shared[pair] | (gap_mm(targets[pair[0]], targets[pair[1]]) >= BETWEEN_MM) for pair in shared}
    if any(not len(needles) for needles in targets):
        return Together((), np.inf, (), ())
    search = _Search(
        tuple(np.argsort(needles.prices, kind="stable")[:MOST_CANDIDATES] for needles in targets),
        tuple(needles.prices for needles in targets),
        shared,
        fits,
    )
    price, chosen = search.best(0, (), 0.0, (np.inf, ()))
    if not chosen:
        return Together((), np.inf, (), (), tuple(pair for pair, fit in fits.items() if not fit.any()))
    return Together(chosen, price, _groups(chosen, shared), placing_order(targets, chosen))


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """What stays fixed while combinations are tried."""

    candidates: tuple[IntArray, ...]
    prices: tuple[FloatArray, ...]
    shared: dict[tuple[int, int], BoolArray]
    fits: dict[tuple[int, int], BoolArray]

    def best(
        self, target: int, chosen: tuple[int, ...], price: float, found: tuple[float, tuple[int, ...]]
    ) -> tuple[float, tuple[int, ...]]:
        """The cheaper of ``found`` and what completes ``chosen``."""
        if target == len(self.candidates):
            return min(found, (price, chosen), key=lambda one: one[0])
        rest = sum(
            float(prices[c].min()) for prices, c in zip(self.prices[target:], self.candidates[target:], strict=True)
        )
        if price + rest >= found[0]:
            return found
        for index in self.candidates[target].tolist():
            if all(self.fits[before, target][one, index] for before, one in enumerate(chosen)):
                adds = float(self.prices[target][index]) + self._puncture(target, chosen, index)
                found = self.best(target + 1, (*chosen, index), price + adds, found)
        return found

    def _puncture(self, target: int, chosen: tuple[int, ...], index: int) -> float:
        is_shared = any(self.shared[before, target][one, index] for before, one in enumerate(chosen))
        return 0.0 if is_shared else PUNCTURE_POINTS


def _groups(chosen: tuple[int, ...], shared: dict[tuple[int, int], BoolArray]) -> tuple[tuple[int, ...], ...]:
    """Targets by puncture: each joins the first earlier target whose entry it shares."""
    group_of: dict[int, int] = {}
    for target, index in enumerate(chosen):
        joined = [before for before in range(target) if shared[before, target][chosen[before], index]]
        group_of[target] = group_of[joined[0]] if joined else target
    return tuple(
        tuple(t for t, group in group_of.items() if group == first) for first in sorted(set(group_of.values()))
    )


def placing_order(targets: Sequence[Needles], chosen: tuple[int, ...]) -> tuple[int, ...]:
    """Targets, the deepest first, then the least forgiving, then as given."""
    keys = [
        (float(band[index]), float(tolerance[index]), number)
        for number, (needles, index) in enumerate(zip(targets, chosen, strict=True))
        for band, tolerance in (needles.deepest_first,)
    ]
    return tuple(number for _, _, number in sorted(keys))


def near_entries(
    first_mm: FloatArray, second_mm: FloatArray, prices: tuple[FloatArray, FloatArray], most: int
) -> IntArray:
    """(k, 2) indices of the cheapest pairs of paths that one puncture serves, the cheapest first."""
    found = [np.empty((0, 2), dtype=np.intp)]
    for start in range(0, len(first_mm), _ROWS_AT_ONCE):
        apart = np.linalg.norm(first_mm[start : start + _ROWS_AT_ONCE, None] - second_mm[None], axis=-1)
        found.append(np.argwhere(apart <= SHARED_MM) + np.array([start, 0]))
    pairs = np.concatenate(found)
    total = prices[0][pairs[:, 0]] + prices[1][pairs[:, 1]]
    return pairs[np.argsort(total, kind="stable")[:most]]


def placing_words(names: Sequence[str], together: Together) -> tuple[str, ...]:
    """Order and punctures, in sentences."""
    if not together.chosen:
        blocked = "; ".join(f"{names[a]} and {names[b]}" for a, b in together.blocked)
        return (
            f"No combination keeps all needles apart{f' ({blocked})' if blocked else ''}; place them one after another.",
        )
    order = ", then ".join(names[target] for target in together.order)
    shared = [group for group in together.punctures if len(group) > 1]
    steps = [f"Place {order}: the deepest first, and of equally deep ones the one that forgives least."] * (
        len(names) > 1
    )
    return (
        *steps,
        *(
            f"{' and '.join(names[t] for t in group)} share one puncture: one needle, drawn back and turned."
            for group in shared
        ),
    )
