"""Paired differences of two sides: items are resampled, seeds come in by Student's t."""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

# Drawn clusters that are held at once, which bounds the memory.
DRAWS_HELD = 300_000
# Up to so many kinds of cluster, drawing how often each kind comes is quicker than drawing clusters.
FEW_KINDS = 128
LEVEL = 0.95
# Of a difference: sums of the same numbers in another order differ by less.
ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Sides:
    """What the items of one task give on two sides: sums of numerators and denominators by seed and cluster."""

    a: Float64[np.ndarray, "seeds_a clusters 2"]
    b: Float64[np.ndarray, "seeds_b clusters 2"]


@dataclasses.dataclass(frozen=True)
class Draws:
    """Values of a task, or of an average of tasks, by seed, and what the choice of items does to B - A.

    - `errors`: of B - A (means over seeds), one a resample; NaN where the items can't be resampled, since all of them
      share one cluster.
    - `variance`: that of B - A from resample to resample.
    """

    a: Float64[np.ndarray, " seeds_a"]
    b: Float64[np.ndarray, " seeds_b"]
    errors: Float64[np.ndarray, " resamples"]
    variance: float


@dataclasses.dataclass(frozen=True)
class Difference:
    """B - A with its standard error, 95% interval and two-sided p; these are None where nothing can tell them."""

    a: float
    b: float
    value: float
    stderr: float | None
    low: float | None
    high: float | None
    p: float | None

    @property
    def is_distinguishable(self) -> bool:
        """Whether 0 lies outside the 95% interval."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def draw(sides: Sides, *, resamples: int, rng: np.random.Generator) -> Draws:
    """Resample a task's clusters, the same ones for both sides and all seeds.

    Two things matter where clusters are few. Of G clusters, G - 1 are drawn with replacement, so that the variance is
    unbiased (McCarthy and Snowden 1985; Rao and Wu 1988). And each error is divided by an independent
    sqrt(chi2 / (G - 1)) with G - 1 degrees of freedom, which gives errors the tails of Student's t where a bootstrap
    has those of a normal distribution (its intervals are too short then: Hesterberg 2015, arXiv 1411.5279).

    Where all clusters tell one and the same difference, resampling finds no error, though there may be one: then the
    share of such clusters is drawn, given that it was G of G, as if all others told the opposite. That gives the bound
    of Clopper and Pearson (1934) and the p of a sign test: five items that all change prove nothing, six do.
    """
    both = np.concatenate([sides.a, sides.b])
    seeds, clusters, _ = both.shape
    split = len(sides.a)
    values = both.sum(1)[:, 0] / both.sum(1)[:, 1]
    if clusters < 2:
        return Draws(values[:split], values[split:], np.full(resamples, np.nan), math.nan)
    columns = both.transpose(1, 0, 2).reshape(clusters, -1)
    sums = resampled_sums(columns, resamples=resamples, rng=rng).reshape(resamples, seeds, 2)
    drawn = sums[:, :, 0] / sums[:, :, 1] - values[None]
    errors = drawn[:, split:].mean(1) - drawn[:, :split].mean(1)
    apart = values[split:].mean() - values[:split].mean()
    if np.abs(errors).max() <= ROUNDING * abs(apart):
        errors = 2 * apart * (rng.random(resamples) ** (1 / clusters) - 1)
        return Draws(values[:split], values[split:], errors, float(errors.var(ddof=1)))
    tails = np.sqrt(rng.chisquare(clusters - 1, resamples) / (clusters - 1))
    return Draws(values[:split], values[split:], errors / tails, float(errors.var(ddof=1)))


def resampled_sums(
    columns: Float64[np.ndarray, "clusters columns"], *, resamples: int, rng: np.random.Generator
) -> Float64[np.ndarray, "resamples columns"]:
    """Each column's sum over clusters - 1 clusters drawn with replacement, again and again."""
    clusters = len(columns)
    kinds, frequencies = np.unique(columns, axis=0, return_counts=True)
    if len(kinds) <= FEW_KINDS:
        return rng.multinomial(clusters - 1, frequencies / clusters, resamples) @ kinds
    sums = np.empty((resamples, columns.shape[1]))
    held = max(1, DRAWS_HELD // clusters)
    for first in range(0, resamples, held):
        drawn = rng.integers(0, clusters, (min(held, resamples - first), clusters - 1))
        # The counts of one resample are few enough to stay in the processor's cache.
        times = np.array([np.bincount(each, minlength=clusters) for each in drawn], np.float64)
        sums[first : first + held] = times @ columns
    return sums


def average_draws(draws: Mapping[str, Draws], weights: Mapping[str, float]) -> Draws:
    """The weighted sum of tasks, whose items are independent of each other, while a seed is one model for all tasks."""
    shares = np.array(list(weights.values()))
    parts = [draws[task] for task in weights]
    return Draws(
        a=shares @ np.stack([part.a for part in parts]),
        b=shares @ np.stack([part.b for part in parts]),
        errors=shares @ np.stack([part.errors for part in parts]),
        variance=float(np.square(shares) @ [part.variance for part in parts]),
    )


def difference(draws: Draws, *, same_seeds: bool, rng: np.random.Generator) -> Difference:
    """B - A, with the percentile interval of its resamples.

    With several seeds on both sides the interval covers them too: each resample gets an independent error of the mean
    over seeds, drawn from Student's t with as many degrees of freedom as there are seeds but one (resampling 2 or 3
    seeds would give far too short an interval). What items and seeds do only together is in both errors, so that the
    interval errs on the wide side.

    - `same_seeds`: the same seeds stand in the same order on both sides, and are compared one by one.
    """
    value = float(draws.b.mean() - draws.a.mean())
    found = Difference(float(draws.a.mean()), float(draws.b.mean()), value, None, None, None, None)
    if math.isnan(draws.variance):
        return found
    seeds_errors, seeds_variance = _seeds_errors(draws, same_seeds=same_seeds, rng=rng)
    resampled = value + draws.errors + seeds_errors
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    beyond = min(np.count_nonzero(resampled <= 0), np.count_nonzero(resampled >= 0))
    return dataclasses.replace(
        found,
        stderr=math.sqrt(draws.variance + seeds_variance),
        low=min(float(low), value),
        high=max(float(high), value),
        p=min(1.0, 2 * (beyond + 1) / (len(resampled) + 1)),
    )


def covers_seeds(*, seeds_a: int, seeds_b: int) -> bool:
    """Whether there are seeds enough on both sides to tell what another seed would change."""
    return seeds_a > 1 and seeds_b > 1


def _seeds_errors(draws: Draws, *, same_seeds: bool, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """What the choice of seeds does to B - A, one a resample, and its variance; 0 where seeds are too few to tell."""
    resamples = len(draws.errors)
    if not covers_seeds(seeds_a=len(draws.a), seeds_b=len(draws.b)):
        return np.zeros(resamples), 0.0
    samples = [draws.b - draws.a] if same_seeds else [draws.a, draws.b]
    variances = [float(values.var(ddof=1)) / len(values) for values in samples]
    errors = [
        math.sqrt(variance) * rng.standard_t(len(values) - 1, resamples)
        for variance, values in zip(variances, samples, strict=True)
    ]
    return np.sum(errors, axis=0), sum(variances)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p (1979): calling those below 0.05 real is wrong anywhere in a table at most 5% of the time.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda each: each[1])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        adjusted[name] = largest
    return adjusted
