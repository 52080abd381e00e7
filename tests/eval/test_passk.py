"""pass@k is the chance that k of the n samples, drawn without replacement, hold one that passed."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.passk import pass_at_k, pass_scores
from mixsched.errors import UsageError


@pytest.mark.parametrize("n", range(1, 8))
def test_it_is_the_share_of_all_draws_that_hold_a_pass(n: int) -> None:
    for c, k in itertools.product(range(n + 1), range(1, n + 1)):
        draws = list(itertools.combinations([True] * c + [False] * (n - c), k))
        assert pass_at_k(n, c, k) == float(Fraction(sum(map(any, draws)), len(draws)))


@given(st.data())
def test_of_many_samples_it_is_the_published_product(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 2_000))
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    none_passed = Fraction(1)
    for left in range(n - c + 1, n + 1):
        none_passed *= Fraction(max(0, left - k), left)
    assert pass_at_k(n, c, k) == float(1 - none_passed)


def test_a_small_chance_keeps_its_digits() -> None:
    assert pass_at_k(10**17, 1, 1) == 1e-17


@pytest.mark.parametrize("k", [0, 6])
def test_a_k_that_the_samples_do_not_reach_is_refused(k: int) -> None:
    with pytest.raises(UsageError, match=rf"`k` is {k}, .* 1 to the number of samples, 5"):
        pass_at_k(5, 1, k)


def test_all_but_passed_count_as_failures() -> None:
    assert pass_scores(["passed", "failed", "timeout", "out_of_memory"], [1, 2]) == {"pass@1": 0.25, "pass@2": 0.5}


def test_a_sandbox_that_failed_says_nothing_about_its_program() -> None:
    verdicts = ["passed", "sandbox_error", "failed", "sandbox_error"]
    assert pass_scores(verdicts, [1, 2, 3]) == {"pass@1": 0.5, "pass@2": 1.0}
    assert pass_scores(["sandbox_error"], [1]) == {}


def test_more_draws_than_samples_are_refused_whatever_the_verdicts() -> None:
    with pytest.raises(UsageError, match="pass@10 needs 10 samples an item, and there are 2"):
        pass_scores(["sandbox_error", "passed"], [1, 10])
