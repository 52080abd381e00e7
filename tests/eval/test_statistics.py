"""Standard errors against known formulas, and intervals against the truth that they must cover."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bootstrap import Draws, Sides, average_draws, difference, draw, holm, resampled_sums
from eval.items import Answers, Item, Metric, TaskRecord
from eval.statistics import Estimate, average, estimate, p_above_chance, ratio_estimate
from mixsched.errors import UsageError

NUMBERS = st.floats(-1e3, 1e3)


def answers(scores, *, aggregation="mean", clusters=None) -> Answers:
    """A task with one metric, `m`; None is an item without a score."""
    items = [
        Item(str(place), "", "", {} if score is None else {"m": score}, cluster=clusters and clusters[place])
        for place, score in enumerate(scores)
    ]
    return Answers(TaskRecord("task", "choice", "m", {"m": Metric(aggregation)}, {}), items)


@given(st.lists(NUMBERS, min_size=2, max_size=40))
def test_a_mean_has_the_textbook_standard_error(scores):
    found = estimate(answers(scores), "m")
    assert found.n == len(scores)
    assert found.value == pytest.approx(np.mean(scores), abs=1e-9)
    assert found.stderr == pytest.approx(np.std(scores, ddof=1) / math.sqrt(len(scores)), abs=1e-9)


@given(st.lists(st.tuples(NUMBERS, st.floats(0.1, 100)), min_size=2, max_size=20), st.integers(2, 4))
def test_items_that_are_copied_within_their_cluster_tell_nothing_new(scores, copies):
    once = estimate(answers(scores, aggregation="ratio"), "m")
    names = [str(place // copies) for place in range(len(scores) * copies)]
    copied = [score for score in scores for _ in range(copies)]
    again = estimate(answers(copied, aggregation="ratio", clusters=names), "m")
    assert again.value == pytest.approx(once.value, rel=1e-9, abs=1e-9)
    assert again.stderr == pytest.approx(once.stderr, rel=1e-6, abs=1e-9)
    assert again.n == copies * once.n


def test_items_without_a_score_or_with_an_empty_denominator_count_nowhere():
    assert estimate(answers([1.0, None, 0.0, None]), "m") == estimate(answers([1.0, 0.0]), "m")
    with_empty = estimate(answers([[3.0, 2], [0.0, 0], [1.0, 4]], aggregation="ratio"), "m")
    assert with_empty == estimate(answers([[3.0, 2], [1.0, 4]], aggregation="ratio"), "m")
    assert with_empty.value == pytest.approx(4 / 6)


def test_an_item_without_a_cluster_shares_none_even_if_its_name_is_that_of_a_cluster():
    alone = estimate(answers([1.0, 0.0, 0.0, 1.0], clusters=[None, "0", "a", "a"]), "m")
    apart = estimate(answers([1.0, 0.0, 0.0, 1.0], clusters=["x", "y", "a", "a"]), "m")
    assert alone == apart


@pytest.mark.parametrize("aggregation", ["mean", "ratio", "median"])
def test_too_little_to_tell_an_error_is_told_as_none(aggregation):
    score = [1.0, 1] if aggregation == "ratio" else 1.0
    none = estimate(answers([None], aggregation=aggregation), "m")
    assert math.isnan(none.value)
    assert (none.stderr, none.n) == (None, 0)
    assert estimate(answers([score], aggregation=aggregation), "m") == Estimate(1.0, None, 1)
    one_cluster = answers([score, score], aggregation=aggregation, clusters=["a", "a"])
    assert estimate(one_cluster, "m") == Estimate(1.0, None, 2)
    assert estimate(answers([score, score], aggregation=aggregation), "m") == Estimate(1.0, 0.0, 2)


def test_an_aggregation_of_lm_eval_is_computed_by_it_and_resampled():
    """Of balanced classes the Matthews correlation is near twice the share that agrees, less 1."""
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, 400)
    said = np.where(rng.random(400) < 0.8, gold, 1 - gold)
    found = estimate(answers(np.stack([gold, said], 1).tolist(), aggregation="matthews_corrcoef"), "m")
    correlation = np.corrcoef(gold, said)[0, 1]
    assert found.value == pytest.approx(correlation)
    assert found.stderr == pytest.approx(2 * math.sqrt(0.8 * 0.2 / 400), rel=0.2)
    assert found == estimate(answers(np.stack([gold, said], 1).tolist(), aggregation="matthews_corrcoef"), "m")


def test_an_aggregation_that_nobody_knows_is_refused():
    with pytest.raises(UsageError, match="'modal_mean'"):
        estimate(answers([1.0, 0.0], aggregation="modal_mean"), "m")


def test_the_average_of_tasks_adds_up_variances_with_squared_weights():
    told = {"a": Estimate(0.5, 0.03, 10), "b": Estimate(0.7, 0.04, 99), "c": Estimate(0.1, None, 1)}
    found = average(told, {"a": 0.5, "b": 0.5})
    assert (found.value, found.stderr, found.n) == (pytest.approx(0.6), pytest.approx(0.025), 2)
    assert average(told, {"a": 0.75, "b": 0.25}).stderr == pytest.approx(math.hypot(0.75 * 0.03, 0.25 * 0.04))
    assert average(told, {"a": 0.5, "c": 0.5}) == Estimate(0.3, None, 2)


def test_above_chance_is_one_sided_and_a_few_right_answers_prove_nothing():
    assert p_above_chance(Estimate(0.25, 0.02, 500), 0.25) == pytest.approx(0.5)
    assert p_above_chance(Estimate(0.25 + 1.645 * 0.02, 0.02, 500), 0.25) == pytest.approx(0.05, abs=1e-3)
    assert p_above_chance(Estimate(0.15, 0.02, 500), 0.25) > 0.99
    assert p_above_chance(Estimate(1.0, 0.0, 2), 0.5) > 0.05
    assert p_above_chance(Estimate(1.0, 0.0, 50), 0.5) < 1e-6
    assert p_above_chance(Estimate(0.0, 0.0, 9), 0.0) == 1.0
    assert p_above_chance(Estimate(1.0, None, 1), 0.5) is None


def sides(a, b) -> Sides:
    """Two sides of means, from scores [seeds, clusters]."""
    return Sides(*(np.stack([each, np.ones_like(each)], -1) for each in (np.atleast_2d(a), np.atleast_2d(b))))


def compared(made: Sides, *, seed: int = 0, resamples: int = 1_000, same_seeds: bool = True):
    rng = np.random.default_rng(seed)
    return difference(draw(made, resamples=resamples, rng=rng), same_seeds=same_seeds, rng=rng)


@pytest.mark.parametrize("kinds", [3, 1_000])
def test_both_ways_to_resample_give_the_moments_of_drawing_with_replacement(kinds):
    rng = np.random.default_rng(1)
    columns = rng.integers(0, kinds, (300, 2)).astype(float)
    sums = resampled_sums(columns, resamples=4_000, rng=rng)
    assert sums.mean(0) == pytest.approx(299 * columns.mean(0), rel=0.01)
    covariance = 299 * np.cov(columns.T, ddof=0)
    assert np.cov(sums.T) == pytest.approx(covariance, rel=0.15, abs=0.08 * covariance.max())


@given(st.integers(2, 30), st.integers(0, 2**32))
def test_the_bootstrap_error_of_a_mean_is_the_textbook_one_even_of_few_items(items, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, items))
    found = compared(sides(a, b), resamples=4_000)
    assert found.value == pytest.approx((b - a).mean())
    assert found.stderr == pytest.approx((b - a).std(ddof=1) / math.sqrt(items), rel=0.1)


def test_equal_sides_are_not_distinguishable_and_one_cluster_tells_no_interval():
    same = compared(sides([1.0, 0, 1], [1.0, 0, 1]))
    assert (same.value, same.low, same.high, same.p, same.is_distinguishable) == (0, 0, 0, 1, False)
    one = compared(sides([1.0], [0.0]))
    assert (one.value, one.stderr, one.low, one.p, one.is_distinguishable) == (-1, None, None, None, False)


@pytest.mark.parametrize(("items", "distinguishable"), [(2, False), (5, False), (6, True), (100, True)])
@pytest.mark.parametrize("change", [1.0, -0.3])
def test_a_few_items_that_all_change_alike_prove_nothing(items, change, distinguishable):
    found = compared(sides(np.full(items, 0.5), np.full(items, 0.5 + change)), resamples=20_000)
    assert found.is_distinguishable == distinguishable
    assert found.p == pytest.approx(2 * 0.5**items, abs=0.02)
    assert found.stderr > 0
    near, far = sorted((found.low, found.high), key=lambda end: abs(end - change))
    assert near == pytest.approx(change)
    assert far == pytest.approx(change * (2 * 0.025 ** (1 / items) - 1), abs=0.03)


def share_covered(make, truth: float, *, trials: int = 300, **how) -> float:
    """How often the 95% interval holds the truth; its own error is about 0.013."""
    inside = 0
    for trial in range(trials):
        found = compared(make(np.random.default_rng([7, trial])), seed=trial, resamples=500, **how)
        inside += found.low <= truth <= found.high
    return inside / trials


def paired_binary(rng: np.random.Generator) -> Sides:
    skill = rng.random(200)
    return sides((rng.random(200) < 0.8 * skill) * 1.0, (rng.random(200) < skill) * 1.0)


def clustered(rng: np.random.Generator, *, by_cluster: bool) -> Sides:
    """40 clusters of 10 items, whose differences have most of their variance between clusters."""
    apart = rng.normal(0.1, 1, (40, 1)) + rng.normal(0, 0.5, (40, 10))
    if not by_cluster:
        return sides(np.zeros(400), apart.ravel())
    b = np.stack([apart.sum(1), np.full(40, 10.0)], -1)[None]
    return Sides(np.stack([np.zeros(40), np.full(40, 10.0)], -1)[None], b)


def bits_of_documents(rng: np.random.Generator, documents: int = 60) -> Sides:
    size = np.exp(rng.normal(size=documents)) * 100
    a = 2 + 0.3 * rng.normal(size=documents)
    b = a - 0.05 + 0.1 * rng.normal(size=documents)
    return Sides(*(np.stack([size * each, size], -1)[None] for each in (a, b)))


def test_intervals_of_paired_answers_cover_the_truth():
    assert 0.92 <= share_covered(paired_binary, 0.1) <= 0.98


def test_intervals_of_clusters_cover_the_truth_and_those_of_single_items_do_not():
    assert 0.92 <= share_covered(lambda rng: clustered(rng, by_cluster=True), 0.1) <= 0.98
    assert share_covered(lambda rng: clustered(rng, by_cluster=False), 0.1) < 0.7


def test_intervals_of_ratios_cover_the_truth_even_over_ten_documents():
    assert 0.91 <= share_covered(bits_of_documents, -0.05) <= 0.98
    assert 0.91 <= share_covered(lambda rng: bits_of_documents(rng, 10), -0.05) <= 0.98


def seeds_apart(rng: np.random.Generator, seeds: int) -> Sides:
    """No true difference; seeds move a run's values more than items do."""
    item = rng.normal(size=300)
    a, b = (
        (rng.random((seeds, 300)) < 1 / (1 + np.exp(-item - 0.3 * rng.normal(size=(seeds, 1))))) * 1.0 for _ in "ab"
    )
    return sides(a, b)


@pytest.mark.parametrize("same_seeds", [True, False])
def test_intervals_cover_what_seeds_do_where_there_are_several_and_not_of_one_seed(same_seeds):
    assert share_covered(lambda rng: seeds_apart(rng, 3), 0.0, same_seeds=same_seeds) > 0.93
    assert share_covered(lambda rng: seeds_apart(rng, 1), 0.0, same_seeds=same_seeds) < 0.75


def test_seeds_that_move_both_sides_alike_matter_only_if_they_are_not_compared_one_by_one():
    moved = np.linspace(0, 1, 4)[:, None]
    item = np.random.default_rng(0).normal(size=100)
    made = sides(moved + item, moved + item + 0.1)
    assert compared(made, same_seeds=True).is_distinguishable
    assert not compared(made, same_seeds=False).is_distinguishable


def test_an_average_of_tasks_has_its_tasks_errors_and_one_error_of_its_seeds():
    rng = np.random.default_rng(0)
    tasks = {name: sides(rng.normal(size=(3, 400)), rng.normal(size=(3, 400))) for name in "ab"}
    draws = {name: draw(made, resamples=4_000, rng=rng) for name, made in tasks.items()}
    both = average_draws(draws, {"a": 0.5, "b": 0.5})
    assert both.variance == pytest.approx((draws["a"].variance + draws["b"].variance) / 4)
    assert both.errors == pytest.approx((draws["a"].errors + draws["b"].errors) / 2)
    # Seeds that are good at one task and bad at the other are equally good on average.
    level = np.array([0.0, 1.0, 2.0])
    opposite = {
        "a": Draws(np.zeros(3), level, np.zeros(100), 0.0),
        "b": Draws(np.zeros(3), 2 - level, np.zeros(100), 0.0),
    }
    found = difference(average_draws(opposite, {"a": 0.5, "b": 0.5}), same_seeds=True, rng=rng)
    assert (found.value, found.stderr) == (1.0, 0.0)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p_values):
    adjusted = holm(p_values)
    assert adjusted.keys() == p_values.keys()
    for name, p in p_values.items():
        assert p <= adjusted[name] <= min(1, len(p_values) * p) + 1e-12
        assert all(adjusted[name] <= adjusted[other] for other, q in p_values.items() if q > p)


def test_the_ratio_estimate_matches_a_bootstrap_of_clusters():
    rng = np.random.default_rng(3)
    bits, sizes = rng.gamma(2, 1, 60), rng.gamma(3, 1, 60)
    clusters = np.repeat(np.arange(20), 3)
    found = ratio_estimate(bits, sizes, clusters)
    columns = np.stack([np.bincount(clusters, bits), np.bincount(clusters, sizes)], 1)
    sums = resampled_sums(columns, resamples=10_000, rng=rng)
    assert found.stderr == pytest.approx((sums[:, 0] / sums[:, 1]).std(), rel=0.1)
