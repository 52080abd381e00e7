"""Win-rates: their algebra for all outcomes, and intervals that cover what they should."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.judge.judgement import Judgement
from eval.judge.rates import rates_of, rates_of_outcomes

SWAP = {"a": "b", "b": "a", "tie": "tie", "unparsed": "unparsed"}
OUTCOMES = st.lists(st.tuples(st.sampled_from(["a", "b", "tie"]), st.sampled_from("12345")), min_size=1, max_size=30)
VERDICTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "tie", "unparsed"]), max_size=2).filter(lambda verdicts: len(verdicts) != 1),
    max_size=30,
)


def judgement(verdicts, *, cluster="c") -> Judgement:
    return Judgement("i", cluster, "openai:m", "Why?", "a", "b", verdicts)


def swapped(judgements):
    return [
        dataclasses.replace(each, verdicts=[SWAP[verdict] for verdict in reversed(each.verdicts)])
        for each in judgements
    ]


@given(OUTCOMES)
def test_wins_losses_and_ties_add_up_to_one(outcomes):
    rates = rates_of_outcomes(outcomes, seed=0)
    assert math.isclose(rates.win.value + rates.loss.value + rates.tie.value, 1)
    assert rates.win.value == sum(outcome == "a" for outcome, _ in outcomes) / len(outcomes)
    assert rates.n == len(outcomes)


@given(OUTCOMES)
def test_swapping_the_runs_swaps_the_rates(outcomes):
    rates = rates_of_outcomes(outcomes, seed=0)
    other = rates_of_outcomes([(SWAP[outcome], cluster) for outcome, cluster in outcomes], seed=0)
    assert (rates.win.value, rates.loss.value, rates.tie.value) == (other.loss.value, other.win.value, other.tie.value)
    assert math.isclose(rates.split.value + other.split.value, 1)
    assert math.isclose(rates.net.value, -other.net.value, abs_tol=1e-12)


@given(VERDICTS)
def test_every_pair_is_a_win_a_loss_a_tie_or_unparsed(verdicts):
    judgements = [judgement(each, cluster=str(number)) for number, each in enumerate(verdicts)]
    rates = rates_of(judgements, seed=0)
    unparsed = sum("unparsed" in each for each in verdicts)
    if unparsed == len(verdicts):
        assert rates is None
        return
    assert (rates.n, rates.unparsed) == (len(verdicts) - unparsed, unparsed)
    assert rates.identical == verdicts.count([])
    assert math.isclose(rates.win.value * rates.n, verdicts.count(["a", "a"]))
    other = rates_of(swapped(judgements), seed=0)
    assert (other.n, other.unparsed, other.identical) == (rates.n, rates.unparsed, rates.identical)
    assert other.win.value == rates.loss.value


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        (["a", "a"], "a"), (["b", "b"], "b"), (["tie", "tie"], "tie"), (["a", "b"], "tie"), (["a", "tie"], "tie"),
        ([], "tie"), (["b"], "b"), (["a", "unparsed"], "unparsed"), (["unparsed", "unparsed"], "unparsed"),
    ],
)  # fmt: skip
def test_what_a_pair_counts_as(verdicts, outcome):
    assert judgement(verdicts).outcome == outcome


def test_the_ways_of_the_paper_leave_ties_unsplit():
    rates = rates_of_outcomes([("a", str(n)) for n in range(5)] + [("tie", f"t{n}") for n in range(5)], seed=0)
    assert (rates.win.value, rates.split.value, rates.loss.value) == (0.5, 0.75, 0.0)


def test_the_same_seed_gives_the_same_intervals():
    outcomes = [("a", str(n)) for n in range(9)] + [("b", str(n)) for n in range(9, 14)]
    assert rates_of_outcomes(outcomes, seed=3) == rates_of_outcomes(outcomes, seed=3)
    assert rates_of_outcomes(outcomes, seed=3) != rates_of_outcomes(outcomes, seed=4)


def test_one_prompt_tells_nothing_of_its_error():
    rates = rates_of_outcomes([("a", "one"), ("b", "one")], seed=0)
    assert (rates.win.value, rates.win.stderr, rates.win.low) == (0.5, None, None)


@pytest.mark.parametrize(("prompts", "told_apart"), [(2, False), (5, False), (6, True), (40, True)])
def test_wins_alone_tell_runs_apart_where_a_sign_test_does(prompts, told_apart):
    """Two-sided at 5%: five wins of five have p = 1/16, six of six 1/32."""
    rates = rates_of_outcomes([("a", str(n)) for n in range(prompts)], seed=0)
    assert (rates.net.low > 0) == told_apart
    assert rates.win.high == 1
    assert rates.loss.low == 0
    assert rates.loss.high == pytest.approx(1 - 0.025 ** (1 / prompts))
    assert rates.win.low == pytest.approx(0.025 ** (1 / prompts))


def test_ties_alone_tell_nothing_apart():
    rates = rates_of_outcomes([("tie", str(n)) for n in range(9)], seed=0)
    assert rates.net.value == 0
    assert rates.net.low == -rates.net.high < 0
    assert rates.split.low == pytest.approx(0.5 - (1 - 0.025 ** (1 / 9)) / 2)


def test_the_error_of_independent_pairs_is_that_of_a_share():
    outcomes = [("a", f"a{n}") for n in range(75)] + [("b", f"b{n}") for n in range(125)]
    rates = rates_of_outcomes(outcomes, seed=0)
    assert rates.win.stderr == pytest.approx(math.sqrt(0.375 * 0.625 / 199), rel=0.03)
    assert rates.win.low == pytest.approx(0.375 - 1.96 * rates.win.stderr, abs=0.01)
    assert rates.win.high == pytest.approx(0.375 + 1.96 * rates.win.stderr, abs=0.01)


def test_intervals_cover_the_truth_where_pairs_share_prompts_and_would_not_without_clusters():
    """Four pairs a prompt with one outcome: 95% of intervals cover; taken as independent they would be half as wide."""
    rng = np.random.default_rng(0)
    covered, covered_alone, trials = 0, 0, 120
    for _ in range(trials):
        outcomes = [
            (outcome, prompt)
            for prompt, outcome in enumerate(rng.choice(["a", "tie", "b"], 60, p=[0.4, 0.25, 0.35]))
            for _ in range(4)
        ]
        win = rates_of_outcomes([(outcome, str(prompt)) for outcome, prompt in outcomes], seed=0).win
        alone = rates_of_outcomes([(outcome, str(n)) for n, (outcome, _) in enumerate(outcomes)], seed=0).win
        covered += win.low <= 0.4 <= win.high
        covered_alone += alone.low <= 0.4 <= alone.high
    assert covered >= 0.9 * trials
    assert covered_alone <= 0.8 * trials
