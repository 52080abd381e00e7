"""Means and intervals over seeds, and changes paired by seed."""

import math

import pytest
from scipy import stats

from figures.seeds import half_interval, relative_percent, spread


def test_the_interval_is_that_of_student():
    values = [2.0, 2.3, 1.9, 2.2]
    low, high = stats.t.interval(0.95, 3, loc=2.1, scale=stats.sem(values))
    assert half_interval(values) == pytest.approx((high - low) / 2)


def test_one_seed_has_a_mean_and_no_interval():
    one = spread({3: 0.5})
    assert one is not None
    assert (one.mean, one.half, one.n) == (0.5, None, 1)


def test_no_seed_has_no_spread():
    assert spread({}) is None


def test_changes_are_ratios_of_the_same_seed():
    change = relative_percent({0: 11.0, 1: 24.0, 5: 9.0}, {1: 20.0, 0: 10.0, 7: 1.0}, lower_is_better=False)
    assert change is not None
    assert change.values == pytest.approx({0: 10.0, 1: 20.0})
    # The ratio of the means would be 16.7%.
    assert change.mean == pytest.approx(15.0)
    assert change.half == pytest.approx(12.706 * math.sqrt(50 / 2), rel=1e-4)


def test_pairing_takes_out_what_seeds_have_in_common():
    change = relative_percent({0: 1.1, 1: 2.2, 2: 3.3}, {0: 1.0, 1: 2.0, 2: 3.0}, lower_is_better=False)
    assert change is not None
    assert change.half == pytest.approx(0, abs=1e-9)


def test_fewer_bits_are_bits_saved():
    change = relative_percent({0: 2.0}, {0: 4.0}, lower_is_better=True)
    assert change is not None
    assert change.mean == 50


def test_there_is_no_ratio_to_nothing():
    assert relative_percent({0: 1.0, 1: 1.0}, {0: 0.0, 1: 1.0}, lower_is_better=False) is None
    assert relative_percent({0: 1.0}, {1: 1.0}, lower_is_better=False) is None
