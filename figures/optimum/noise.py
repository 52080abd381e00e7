"""How far a share's mean may lie from the curve by chance: the spread of seeds, and what the law itself misses."""

import dataclasses

import numpy as np
from jaxtyping import Float64

from figures.optimum.laws import PARAMETERS, curve
from figures.optimum.observed import Observed, Target

# With fewer runs at a share, drawing among them says too little.
FEWEST_TO_RESAMPLE = 3


@dataclasses.dataclass(frozen=True)
class Noise:
    """Two errors of a share's mean, independent of each other.

    `seeds` and `misfit` are roots of a covariance of the target's parts: with z standard normal, `seeds @ z` is the
    error of one run and `misfit @ z` that of the law at one share.

    - `source`: in words, where the error of seeds is from.
    - `seeds_freedom`, `misfit_freedom`: degrees of freedom of each; 0 where there is no such error.
    - `resampled`: the error of seeds is drawn among the runs of each share.
    """

    source: str
    seeds: Float64[np.ndarray, "parts seed_causes"]
    seeds_freedom: int
    misfit: Float64[np.ndarray, "parts law_causes"]
    misfit_freedom: int
    resampled: bool

    def variances(self, counts: Float64[np.ndarray, " shares"]) -> Float64[np.ndarray, "parts shares"]:
        """Of the mean of so many runs at each share."""
        of_seeds, of_law = np.square(self.seeds).sum(1), np.square(self.misfit).sum(1)
        return of_seeds[:, None] / counts + of_law[:, None]


def noise_of(target: Target, observed: Observed) -> Noise:
    """The noise that the runs themselves tell.

    With several runs at a share, their spread is that of seeds, pooled over shares, and what the residuals of the fit
    have beyond it is the law's. With one run at each share the two can't be told apart: the residuals are both.
    """
    parts, counts = len(target.parts), observed.counts
    freedom = int((counts - 1).sum())
    deviations = np.concatenate([runs - runs.mean(axis=0) for runs in observed.values]).T
    residuals, left = _residuals(target, observed), len(observed.shares) - PARAMETERS
    # As if each share had one run: what is at a share is its mean.
    misfit = _root(residuals / np.sqrt(max(left, 1)))
    if freedom == 0:
        return Noise("residuals of the fit", np.zeros((parts, 0)), 0, misfit, left, resampled=False)
    seeds = _root(deviations / np.sqrt(freedom))
    by_chance = np.square(seeds).sum(1) * np.mean(1 / counts)
    whole = np.square(misfit).sum(1)
    beyond = np.sqrt(np.maximum(0, 1 - by_chance / np.maximum(whole, 1e-300)))
    resampled = bool(counts.min() >= FEWEST_TO_RESAMPLE)
    source = "runs resampled within shares" if resampled else "spread of seeds, pooled over shares"
    return Noise(source, seeds, freedom, misfit * beyond[:, None], left if beyond.any() else 0, resampled)


def weights_of(noise: Noise, counts: Float64[np.ndarray, " shares"]) -> Float64[np.ndarray, "parts shares"]:
    """The weight of each share's mean in a fit: one over its variance, or equal ones where there is none."""
    variances = noise.variances(counts)
    largest = variances.max(axis=1, keepdims=True)
    return np.where(largest > 0, largest / np.maximum(variances, 1e-300), 1.0)


def errors(
    noise: Noise, observed: Observed, *, draws: int, rng: np.random.Generator
) -> Float64[np.ndarray, "draws parts shares"]:
    """Drawn errors of the means.

    Where runs are resampled, all but one of them are drawn with replacement, for an unbiased variance (McCarthy and
    Snowden 1985, as in `eval.bootstrap`); elsewhere errors are normal. Each kind of error is divided by
    sqrt(chi2 / freedom), which gives it the tails of Student's t.
    """
    if noise.resampled:
        columns = []
        for runs in observed.values:
            chosen = rng.integers(0, len(runs), (draws, len(runs) - 1))
            columns.append(runs[chosen].mean(axis=1) - runs.mean(axis=0))
        of_seeds = np.stack(columns, axis=2)
        of_seeds = of_seeds / _tails(noise.seeds_freedom, draws, rng)
        return of_seeds + normal_misfit(noise, len(observed.shares), draws=draws, rng=rng)
    return normal_errors(noise, observed.counts, draws=draws, rng=rng)


def normal_errors(
    noise: Noise, counts: Float64[np.ndarray, " shares"], *, draws: int, rng: np.random.Generator
) -> Float64[np.ndarray, "draws parts shares"]:
    """Errors of means of so many runs at each share, from the covariance alone."""
    of_law = normal_misfit(noise, len(counts), draws=draws, rng=rng)
    if noise.seeds_freedom == 0:
        return of_law
    normal = noise.seeds @ rng.standard_normal((draws, noise.seeds.shape[1], len(counts)))
    return of_law + normal / np.sqrt(counts) / _tails(noise.seeds_freedom, draws, rng)


def normal_misfit(
    noise: Noise, shares: int, *, draws: int, rng: np.random.Generator
) -> Float64[np.ndarray, "draws parts shares"]:
    """The errors of the law alone."""
    if noise.misfit_freedom == 0:
        return np.zeros((draws, len(noise.misfit), shares))
    normal = noise.misfit @ rng.standard_normal((draws, noise.misfit.shape[1], shares))
    return normal / _tails(noise.misfit_freedom, draws, rng)


def _root(
    errors: Float64[np.ndarray, "parts observations"],
) -> Float64[np.ndarray, "parts causes"]:
    """A root of `errors @ errors.T` with no more columns than there are parts."""
    return np.asarray(np.linalg.qr(errors.T, mode="r")).T


def _tails(freedom: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    return np.sqrt(rng.chisquare(freedom, (draws, 1, 1)) / freedom)


def _residuals(target: Target, observed: Observed) -> Float64[np.ndarray, "parts shares"]:
    means, shares = observed.means, observed.shares
    return np.stack(
        [
            values - curve(target.law, shares, values, observed.counts, shares, ceiling=target.ceiling)
            for values in means
        ]
    )
