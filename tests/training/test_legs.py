"""Two legs of one run: each learns fast first and nothing at its end, and the second begins where the first ends."""

import pytest

from training.legs import FIRST, LAST, first_steps, leg_at, rate_at

STEPS = 12_500


def test_the_first_leg_has_four_fifths_of_all_steps():
    assert first_steps(STEPS) == 10_000
    assert leg_at(9_999, STEPS) is FIRST
    assert leg_at(10_000, STEPS) is LAST


@pytest.mark.parametrize(("last", "leg"), [(9_999, FIRST), (12_499, LAST)])
def test_each_leg_ends_at_a_rate_of_nearly_nothing(last, leg):
    assert rate_at(last, STEPS) < 1e-4 * leg.rate


@pytest.mark.parametrize(("start", "leg"), [(0, FIRST), (10_000, LAST)])
def test_each_leg_warms_up_to_its_own_rate(start, leg):
    rates = [rate_at(start + n, STEPS) for n in range(150)]
    assert rates[0] < 0.05 * leg.rate
    assert 0.95 * leg.rate < max(rates) <= leg.rate


def test_missed_canal_weighs_more_in_the_second_leg_alone():
    assert (FIRST.canal_weight, FIRST.canal_spare) == (1.0, 0.5)
    assert LAST.canal_weight > 1.0
    assert LAST.canal_spare < 0.5
