"""The best share of a simulated truth: found, with an interval that holds it as often as it says."""

import numpy as np
import pytest

from figures.measures import measures_of
from figures.optimum.bootstrap import find_optimum
from figures.optimum.check import leave_one_out
from figures.optimum.laws import LAWS, curve, curves
from figures.optimum.next_run import CANDIDATES, next_run, with_run
from figures.optimum.noise import errors, noise_of
from figures.optimum.observed import Observed, Target

NANO = measures_of("nano")
SHARES = np.array([0, 0.25, 0.5, 0.75, 0.9, 1])
AT = np.linspace(0, 1, 11)
SCORE = Target("reasoning", "reasoning", "accuracy (%)", (NANO["reasoning"],), ceiling=100.0)
LOSS = Target("heldout_text", "held-out text", "bits per byte", (NANO["heldout_text"],))
BOTH = Target("both", "text + web code", "bits per byte", (NANO["heldout_text"], NANO["heldout_web_code"]), (0.5, 0.5))


def score(share):
    """Best at 30%."""
    return 50 + 12 * share - 20 * share**2


def text(share):
    return 1.9 + 0.1 * np.exp(2.5 * share)


def code(share):
    return 2.2 + 2.5 * np.exp(-6 * share)


def observed(*truths, seeds=3, noise=0.0, shares=SHARES, rng=None) -> Observed:
    """Runs of `seeds` seeds at each share, with normal noise."""
    rng = rng or np.random.default_rng(0)
    at = [np.array([truth(share) for truth in truths]) for share in shares]
    return Observed(shares, tuple(mean + noise * rng.standard_normal((seeds, len(truths))) for mean in at))


def covered(target, truths, best, *, seeds, noise, worlds=100) -> float:
    """In which part of simulated studies the interval holds the best share."""
    rng = np.random.default_rng(3)
    held = 0
    for world in range(worlds):
        runs = observed(*truths, seeds=seeds, noise=noise, rng=rng)
        found = find_optimum(target, runs, seed=world, draws=300)
        held += found.low - 0.0025 <= best <= found.high + 0.0025
    return held / worlds


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_known_optimum_is_found(seeds):
    best_of_both = np.log(2.5 * 6 / (0.1 * 2.5)) / (2.5 + 6)
    for target, truths, best, noise in ((SCORE, [score], 0.3, 0.05), (BOTH, [text, code], best_of_both, 0.001)):
        found = find_optimum(target, observed(*truths, seeds=seeds, noise=noise), seed=0)
        assert found.share == pytest.approx(best, abs=0.02)
        assert 0 < found.low <= found.share <= found.high < 1
        assert found.predicted == pytest.approx(np.mean([truth(best) for truth in truths]), abs=3 * noise)
        assert found.beats[0.0] > 0.99
        assert found.at_none == found.at_all == 0


@pytest.mark.parametrize(("seeds", "noise"), [(1, 0.5), (2, 0.7), (3, 1.0)])
def test_the_interval_of_a_score_holds_the_truth_as_often_as_it_says(seeds, noise):
    """95% of a hundred worlds, less what chance takes; an interval half as wide holds it in some 85% or fewer."""
    assert covered(SCORE, [score], 0.3, seeds=seeds, noise=noise) >= 0.92


def test_the_interval_of_a_mean_of_losses_holds_the_truth_as_often_as_it_says():
    best = np.log(2.5 * 6 / (0.1 * 2.5)) / (2.5 + 6)
    assert covered(BOTH, [text, code], best, seeds=3, noise=0.03, worlds=60) >= 0.92


def test_the_interval_is_no_wider_than_it_must_be():
    """The standard error of the vertex by propagation of the noise, with Student's t of 12 + 3 degrees of freedom."""
    noise, runs = 0.3, observed(score, noise=0.3)
    design = np.vander(np.repeat(SHARES, 3), 3)
    covariance = noise**2 * np.linalg.inv(design.T @ design)
    gradient = np.array([12 / (2 * 20**2), 1 / (2 * 20), 0])
    expected = 2 * 2.13 * np.sqrt(gradient @ covariance @ gradient)
    found = find_optimum(SCORE, runs, seed=0)
    assert 0.5 * expected < found.high - found.low < 2 * expected


def test_one_loss_is_best_at_an_end():
    for truth, end in ((text, 0.0), (code, 1.0)):
        found = find_optimum(LOSS, observed(truth, noise=0.005), seed=0)
        assert (found.low, found.share, found.high) == (end, end, end)
        assert (found.at_none, found.at_all) == (float(end == 0), float(end == 1))


def test_where_no_share_is_better_the_interval_says_so():
    found = find_optimum(SCORE, observed(lambda share: 50.0, noise=1.0), seed=0)
    assert found.high - found.low > 0.4
    assert 0.02 < found.at_none + found.at_all < 0.98


def test_the_law_fitted_at_once_is_that_of_scipy():
    rng = np.random.default_rng(1)
    weights = np.array([1, 2, 1, 1, 3, 1.0])
    for truth in (text, code):
        drawn = truth(SHARES) + 0.02 * rng.standard_normal((20, len(SHARES)))
        for law in LAWS:
            for ceiling in (None, 100.0):
                at_once = curves(law, SHARES, drawn, weights, AT, ceiling=ceiling)
                each = [curve(law, SHARES, values, weights, AT, ceiling=ceiling) for values in drawn]
                np.testing.assert_allclose(at_once, each, atol=0.003)


def test_a_law_keeps_to_what_a_loss_can_be():
    """Nothing is below zero, and more of the same never makes more of a difference: k >= 0 bends the curve upwards."""
    for values in (
        [4, 1, 0.2, 0.1, 0.05, 0.04],
        [1, 1.5, 1.8, 1.9, 2, 2.0],
        [3, 2, 1, 0.1, 0, 0.0],
        [3, 1, 0.2, 0, 0, -0.3],
    ):
        one = curve("mixing law", SHARES, np.array(values, float), np.ones(6), AT, ceiling=None)
        many = curves("mixing law", SHARES, np.array([values], float), np.ones(6), AT, ceiling=None)[0]
        for told in (one, many):
            assert told.min() >= -1e-9
            assert np.diff(told, 2).min() >= -1e-6


def test_shares_with_more_runs_weigh_more():
    few = observed(score, seeds=2, noise=0.0)
    off = np.array([[59.0], [61.0]])
    many = np.concatenate([off] * 20)
    once = Observed(SHARES, (few.values[0], off, *few.values[2:]))
    often = Observed(SHARES, (few.values[0], many, *few.values[2:]))
    fits = [find_optimum(SCORE, runs, seed=0, draws=10).fit[50] for runs in (once, often)]
    assert abs(fits[1] - 60) < abs(fits[0] - 60)


@pytest.mark.parametrize(
    ("seeds", "source"),
    [
        (1, "residuals of the fit"),
        (2, "spread of seeds, pooled over shares"),
        (3, "runs resampled within shares"),
    ],
)
def test_the_noise_is_from_what_the_runs_can_tell(seeds, source):
    runs = observed(score, seeds=seeds, noise=1.0, shares=np.linspace(0, 1, 60))
    noise = noise_of(SCORE, runs)
    assert noise.source == source
    drawn = errors(noise, runs, draws=2_000, rng=np.random.default_rng(0))
    assert drawn.std() == pytest.approx(1 / np.sqrt(seeds), rel=0.12)


def test_what_the_law_misses_is_noise_too():
    crooked = observed(lambda share: 50 + 5 * (share == 0.5), noise=0.01)
    exact = observed(score, noise=0.01)
    crooked_noise, exact_noise = noise_of(SCORE, crooked), noise_of(SCORE, exact)
    assert np.square(crooked_noise.misfit).sum() > 1
    assert np.square(exact_noise.misfit).sum() < 0.01


def test_one_more_run_is_wanted_where_none_has_been():
    shares = np.array([0, 0.05, 0.1, 0.15, 0.2, 0.3])
    runs = observed(score, noise=0.3, shares=shares)
    found = find_optimum(SCORE, runs, seed=0)
    wish = next_run(SCORE, runs, found, seed=0)
    assert wish.share is not None
    assert wish.share >= 0.5
    assert wish.least == wish.after[wish.share == CANDIDATES]
    assert wish.least < 0.8 * wish.now
    assert next_run(SCORE, runs, found, seed=0).share == wish.share


def test_the_width_after_a_run_is_that_of_the_theory_of_designs():
    """The vertex's standard error is sqrt(g' (X'X)^-1 g), where a run adds its row to X: the ratio of two of them."""
    runs = observed(score, noise=0.3, rng=np.random.default_rng(5))
    design = np.vander(np.repeat(SHARES, 3), 3)
    gradient = np.array([12 / (2 * 20**2), 1 / (2 * 20), 0])

    def spread_with(*more: float) -> float:
        rows = np.concatenate([design, np.vander(np.array(more), 3)])
        return float(np.sqrt(gradient @ np.linalg.inv(rows.T @ rows) @ gradient))

    wish = next_run(SCORE, runs, find_optimum(SCORE, runs, seed=0), seed=0)
    expected = np.array([spread_with(share) for share in CANDIDATES]) / spread_with()
    np.testing.assert_allclose(wish.after / wish.now, expected, atol=0.05)
    assert np.corrcoef(wish.after, expected)[0, 1] > 0.7


def test_one_more_run_at_a_share_counts_as_much_as_each_there():
    shares, counts, means = np.array([0, 0.5]), np.array([2.0, 3.0]), np.array([[[10.0, 20.0]]])
    told = with_run(shares, counts, means, 0.5, np.array([[[28.0]]]))
    assert [each.tolist() for each in told] == [[0, 0.5], [2, 4], [[[10, 22]]]]
    new = with_run(shares, counts, means, 1.0, np.array([[[28.0]]]))
    assert [each.tolist() for each in new] == [[0, 0.5, 1], [2, 3, 1], [[[10, 20, 28]]]]


def test_where_the_optimum_is_settled_no_run_is_wanted():
    runs = observed(code, noise=0.005)
    wish = next_run(LOSS, runs, find_optimum(LOSS, runs, seed=0), seed=0)
    assert wish.share is None
    assert wish.now == 0


def test_predictions_of_shares_left_out_are_those_by_hand():
    """Of four shares three are left, and a quadratic through three points is Lagrange's."""
    shares, values = np.array([0, 0.25, 0.5, 1]), (1.0, 2.0, 4.0, 3.0)
    # A quadratic goes up with its points; at 10% or more nothing is held at 0.
    runs = Observed(shares, tuple(np.array([[10 + value]]) for value in values))
    left_out = leave_one_out(SCORE, runs, noise_of(SCORE, runs))
    by_hand = [
        2 * (0.5 * 1) / (0.25 * 0.75) - 4 * (0.25 * 1) / (0.25 * 0.5) + 3 * (0.25 * 0.5) / (0.75 * 0.5),
        1 * (0.25 * 0.75) / (0.5 * 1) + 4 * (0.25 * 0.75) / (0.5 * 0.5) - 3 * (0.25 * 0.25) / (1 * 0.5),
        -1 * (0.25 * 0.5) / (0.25 * 1) + 2 * (0.5 * 0.5) / (0.25 * 0.75) + 3 * (0.5 * 0.25) / (1 * 0.75),
        1 * (0.75 * 0.5) / (0.25 * 0.5) - 2 * (1 * 0.5) / (0.25 * 0.25) + 4 * (1 * 0.75) / (0.5 * 0.25),
    ]
    np.testing.assert_allclose(left_out.predicted["quadratic"] - 10, by_hand)
    inner = np.sqrt(((by_hand[1] - 2) ** 2 + (by_hand[2] - 4) ** 2) / 2)
    ends = np.sqrt(((by_hand[0] - 1) ** 2 + (by_hand[3] - 3) ** 2) / 2)
    assert left_out.error("quadratic", inner=True) == pytest.approx(inner)
    assert left_out.error("quadratic", inner=False) == pytest.approx(ends)
    assert left_out.seed_error is None


def test_an_end_that_is_extrapolated_is_no_more_than_a_loss_can_be():
    """Without the share of no code the law is free: unheld it tells many more bits there, and a score above 100%."""
    steep = Observed(SHARES, tuple(np.array([[value]]) for value in (5.0, 2.7, 2.001, 2.0, 2.0, 2.0)))
    told = leave_one_out(LOSS, steep, noise_of(LOSS, steep)).predicted
    assert told["mixing law"][0] == 8
    rising = Observed(SHARES, tuple(np.array([[value]]) for value in (20.0, 40.0, 62.0, 86.0, 98.0, 80.0)))
    assert leave_one_out(SCORE, rising, noise_of(SCORE, rising)).predicted["quadratic"][-1] == 100


def test_the_better_law_is_the_one_that_the_runs_follow():
    for target, truths, law in ((LOSS, [code], "mixing law"), (SCORE, [score], "quadratic")):
        runs = observed(*truths, noise=0.01)
        left_out = leave_one_out(target, runs, noise_of(target, runs))
        assert left_out.better == law
        assert left_out.error(law, inner=True) < 0.05
        assert left_out.seed_error == pytest.approx(0.01 / np.sqrt(3), rel=0.6)
