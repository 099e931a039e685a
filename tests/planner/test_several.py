"""Several needles together: gaps against a dense sampling, choices against every combination."""

from itertools import combinations, product

import numpy as np
import pytest

from planner.geometry import FloatArray
from planner.sitting.capsules import segment_distance_mm
from planner.sitting.several import (
    BETWEEN_MM,
    HUB_LENGTH_MM,
    HUB_RADIUS_MM,
    PUNCTURE_POINTS,
    SHARED_MM,
    Needles,
    choose,
    gap_mm,
    near_entries,
    placing_words,
    shares_puncture,
)
from planner.trajectories import Trajectories


def needles(entries: object, targets: object, prices: object = None, length_mm: float = 90.0) -> Needles:
    paths = Trajectories(np.array(entries, float), np.array(targets, float))
    n = len(paths)
    costs = np.zeros(n) if prices is None else np.array(prices, float)
    return Needles(paths, np.full(n, length_mm), np.full(n, 0.365), costs, np.full(n, 5.0))


def random_needles(rng: np.random.Generator, count: int, z_mm: float) -> Needles:
    targets = np.array([30.0, 0.0, z_mm]) + rng.normal(0, 2, (count, 3))
    outward = np.stack([rng.uniform(-0.7, 0.9, count), np.ones(count), rng.uniform(-0.6, 0.6, count)], axis=1)
    entries = targets + 70.0 * outward / np.linalg.norm(outward, axis=1, keepdims=True)
    return needles(entries, targets, rng.uniform(0, 6, count))


def test_skew_crossing_parallel_and_end_on_segments_have_their_closed_form() -> None:
    def distance(*points: tuple[float, float, float]) -> float:
        return float(segment_distance_mm(*(np.array(p, float) for p in points)))

    assert distance((-5, 0, 0), (5, 0, 0), (0, -5, 3), (0, 5, 3)) == pytest.approx(3)
    assert distance((0, 0, 0), (10, 0, 0), (2, 4, 0), (20, 4, 0)) == pytest.approx(4)
    assert distance((0, 0, 0), (10, 0, 0), (13, 4, 0), (20, 4, 0)) == pytest.approx(5)
    assert distance((0, 0, 0), (0, 0, 0), (3, 4, 0), (3, 4, 0)) == pytest.approx(5)
    assert distance((-5, 0, 0), (5, 0, 0), (0, -5, 0), (0, 5, 0)) == pytest.approx(0)


def test_segment_distances_agree_with_dense_sampling() -> None:
    rng = np.random.default_rng(0)
    a, b, c, d = rng.uniform(-10, 10, (4, 200, 3))
    share = np.linspace(0, 1, 201)[:, None, None]
    first, second = a + share * (b - a), c + share * (d - c)
    dense = np.array([np.linalg.norm(first[:, None, n] - second[None, :, n], axis=-1).min() for n in range(200)])
    exact = segment_distance_mm(a, b, c, d)
    assert (exact <= dense + 1e-9).all()
    assert (exact >= dense - 0.15).all()


def test_parallel_needles_are_apart_by_their_hubs() -> None:
    first, second = needles([[0, 70, 0]], [[0, 0, 0]]), needles([[0, 70, 30]], [[0, 0, 30]])
    assert gap_mm(first, second)[0, 0] == pytest.approx(30 - 2 * HUB_RADIUS_MM)
    short = needles([[0, 70, 30]], [[0, 0, 30]], length_mm=90.0 + 2 * HUB_LENGTH_MM)
    assert gap_mm(first, short)[0, 0] == pytest.approx(30 - HUB_RADIUS_MM - 0.365)


def price_of(targets: list[Needles], chosen: tuple[int, ...]) -> float:
    """The objective, written once more: the needles' prices and a price for each puncture; infinite where two collide."""
    total = sum(float(t.prices[c]) for t, c in zip(targets, chosen, strict=True))
    for number, index in enumerate(chosen):
        shares = [bool(shares_puncture(targets[b], targets[number])[chosen[b], index]) for b in range(number)]
        total += 0.0 if any(shares) else PUNCTURE_POINTS
    for a, b in combinations(range(len(targets)), 2):
        i, j = chosen[a], chosen[b]
        if not shares_puncture(targets[a], targets[b])[i, j] and gap_mm(targets[a], targets[b])[i, j] < BETWEEN_MM:
            return np.inf
    return total


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_is_the_best_of_all_combinations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = [random_needles(rng, 5, z) for z in rng.permutation([0.0, 12.0, 24.0])]
    brute = min(price_of(targets, chosen) for chosen in product(range(5), repeat=3))
    found = choose(targets)
    assert found.price == pytest.approx(brute)
    if found.chosen:
        assert price_of(targets, found.chosen) == pytest.approx(brute)


def test_dearer_paths_are_taken_where_the_cheapest_collide() -> None:
    first = needles([[0, 70, 0]], [[0, 0, 0]])
    second = needles([[0, 69, 8], [0, 60, 40]], [[0, 0, 8], [0, 0, 8]], prices=[0.0, 2.0])
    assert choose([first, second]).chosen == (0, 1)


def test_one_puncture_serves_two_targets_and_frees_them_from_colliding() -> None:
    first = needles([[0, 70, 0]], [[0, 0, -15]])
    second = needles([[0, 70, 3]], [[0, 0, 15]])
    together = choose([first, second])
    assert together.punctures == ((0, 1),)
    assert together.price == pytest.approx(PUNCTURE_POINTS)
    assert "share one puncture" in " ".join(placing_words(["L3 left", "L4 left"], together))


def test_where_everything_collides_the_pair_is_named() -> None:
    first, second = needles([[0, 70, 0]], [[0, 0, 0]]), needles([[0, 70, 6]], [[0, 0, 6]])
    together = choose([first, second])
    assert together.chosen == ()
    assert together.blocked == ((0, 1),)
    assert placing_words(["L3 left", "L4 left"], together)[0].startswith(
        "No combination keeps all needles apart (L3 left"
    )


def test_the_deepest_is_placed_first_and_of_equals_the_least_forgiving() -> None:
    def at(z: float, depth: float, tolerance: float) -> Needles:
        one = needles([[0, depth, z]], [[0, 0, z]])
        return Needles(one.paths, one.lengths_mm, one.radii_mm, one.prices, np.array([tolerance]))

    together = choose([at(0, 62, 2.0), at(40, 85, 9.0), at(80, 68, 1.0)])
    assert together.order == (1, 2, 0)


def test_entries_near_each_other_are_found_the_cheapest_first() -> None:
    rng = np.random.default_rng(2)
    first: FloatArray = rng.uniform(0, 40, (30, 3))
    second: FloatArray = rng.uniform(0, 40, (40, 3))
    prices = rng.uniform(0, 5, 30), rng.uniform(0, 5, 40)
    found = near_entries(first, second, prices, 100)
    all_pairs = [(i, j) for i, j in product(range(30), range(40)) if np.linalg.norm(first[i] - second[j]) <= SHARED_MM]
    assert {tuple(pair) for pair in found.tolist()} == set(all_pairs)
    totals = [prices[0][i] + prices[1][j] for i, j in found.tolist()]
    assert totals == sorted(totals)
