"""The legs of one run: each learns fast first and nothing at its end, and each begins where the one before ends."""

import pytest

from training.legs import FIRST, LAST, leg_at, rate_at, spans

STEPS = 12_500


def test_the_legs_follow_each_other_and_make_up_all_steps():
    assert [(began, length) for began, length, _ in spans(STEPS)] == [(0, 8_000), (8_000, 2_000), (10_000, 2_500)]
    assert leg_at(7_999, STEPS) is FIRST
    assert leg_at(8_000, STEPS) is LAST
    assert sum(length for _, length, _ in spans(8)) == 8


@pytest.mark.parametrize(("last", "leg"), [(7_999, FIRST), (9_999, LAST), (12_499, LAST)])
def test_each_leg_ends_at_a_rate_of_nearly_nothing(last, leg):
    assert rate_at(last, STEPS) < 1e-4 * leg.rate


@pytest.mark.parametrize(("start", "leg"), [(0, FIRST), (8_000, LAST), (10_000, LAST)])
def test_each_leg_warms_up_to_its_own_rate(start, leg):
    rates = [rate_at(start + n, STEPS) for n in range(150)]
    assert rates[0] < 0.05 * leg.rate
    assert 0.95 * leg.rate < max(rates) <= leg.rate


def test_missed_canal_always_weighs_more_and_most_after_the_first_leg():
    assert 1.0 < FIRST.canal_weight < LAST.canal_weight
    assert 0.5 > FIRST.canal_spare > LAST.canal_spare
