"""What one more run would tell: the width of the optimum's interval after a run at each share, before it is run."""

import dataclasses

import numpy as np
from jaxtyping import Float64

from figures.optimum.bootstrap import TAIL, Optimum, best_shares, target_curves
from figures.optimum.laws import curves
from figures.optimum.noise import normal_errors, weights_of
from figures.optimum.observed import Observed, Target

CANDIDATES = np.linspace(0, 1, 21)
# Worlds are outcomes that are played through; in each, the bootstrap is done again.
WORLDS = 40
DRAWS = 100
PLACES = np.linspace(0, 1, 101)
# Of the simulation: the best of many candidates looks better than it is.
STANDARD_ERRORS = 3


@dataclasses.dataclass(frozen=True)
class NextRun:
    """The expected widths of the interval; shares and widths are from 0 to 1.

    - `share`: of the run that narrows the interval most; None where none narrows it by more than the simulation errs.
    - `now`: the width without another run, by the same simulation.
    - `after`: the width after one run at each of CANDIDATES.
    """

    share: float | None
    now: float
    after: Float64[np.ndarray, " candidates"]

    @property
    def least(self) -> float:
        """The narrowest of the expected widths."""
        return float(self.after.min())


def next_run(target: Target, observed: Observed, optimum: Optimum, *, seed: int) -> NextRun:
    """Play through one more run at each candidate share, a new one or one that has runs.

    In each world the truth is a curve as the bootstrap draws them, the run's outcome is that curve with the errors of
    the law and of a seed, and the interval of the optimum is found again from the means that there are then.
    """
    if optimum.low == optimum.high:
        return NextRun(None, 0.0, np.zeros(len(CANDIDATES)))
    widths = np.stack([_widths(target, observed, optimum, share, seed=seed) for share in (None, *CANDIDATES)])
    now, after = widths[0], widths[1:]
    best = int(after.mean(axis=1).argmin())
    gains = now - after[best]
    is_gain = bool(gains.mean() > STANDARD_ERRORS * gains.std(ddof=1) / np.sqrt(WORLDS))
    return NextRun(float(CANDIDATES[best]) if is_gain else None, float(now.mean()), after.mean(axis=1))


def _widths(
    target: Target, observed: Observed, optimum: Optimum, share: float | None, *, seed: int
) -> Float64[np.ndarray, " worlds"]:
    """The width of the interval in each world after a run at `share`, or after none."""
    # All candidates get the same worlds, so that they differ by their shares alone.
    of_truth, of_run, of_draws = (
        np.random.default_rng(np.random.SeedSequence([seed, purpose, *target.name.encode()])) for purpose in (1, 2, 3)
    )
    shares, counts = observed.shares, observed.counts
    means = np.repeat(observed.means[None], WORLDS, axis=0)
    if share is not None:
        truths = means + normal_errors(optimum.noise, counts, draws=WORLDS, rng=of_truth)
        outcomes = _curves_at(target, observed, optimum, truths, share)
        outcomes = outcomes + normal_errors(optimum.noise, np.ones(1), draws=WORLDS, rng=of_run)
        shares, counts, means = with_run(shares, counts, means, share, outcomes)
    weights = weights_of(optimum.noise, counts)
    errors = normal_errors(optimum.noise, counts, draws=WORLDS * DRAWS, rng=of_draws)
    drawn = np.repeat(means, DRAWS, axis=0) + errors
    bests = best_shares(target, target_curves(target, shares, drawn, weights, PLACES), PLACES, rng=of_draws)
    low, high = np.quantile(bests.reshape(WORLDS, DRAWS), TAIL, axis=1)
    return high - low


def _curves_at(
    target: Target,
    observed: Observed,
    optimum: Optimum,
    truths: Float64[np.ndarray, "worlds parts shares"],
    share: float,
) -> Float64[np.ndarray, "worlds parts 1"]:
    """The curve of each part in each world, told at `share`."""
    weights, at = weights_of(optimum.noise, observed.counts), np.array([share])
    told = [
        curves(target.law, observed.shares, truths[:, part], weight, at, ceiling=target.ceiling)
        for part, weight in enumerate(weights)
    ]
    return np.stack(told, axis=1)


def with_run(
    shares: Float64[np.ndarray, " shares"],
    counts: Float64[np.ndarray, " shares"],
    means: Float64[np.ndarray, "worlds parts shares"],
    share: float,
    outcomes: Float64[np.ndarray, "worlds parts 1"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares, counts and means with one more run at `share`: a new share, or another run at one that is there."""
    near = np.flatnonzero(np.isclose(shares, share))
    if len(near) == 0:
        return np.append(shares, share), np.append(counts, 1.0), np.concatenate([means, outcomes], axis=2)
    place, means = int(near[0]), means.copy()
    means[:, :, place] += (outcomes[:, :, 0] - means[:, :, place]) / (counts[place] + 1)
    return shares, counts + np.isclose(shares, share), means
