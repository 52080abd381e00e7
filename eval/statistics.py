"""From items to numbers: the value of a metric on a task with its standard error, averages of tasks, and chance."""

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Int64

from eval.items import Answers, Item, Metric
from mixsched.errors import UsageError

AGGREGATION_RESAMPLES = 200


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value, its standard error, and over how many items it is.

    - `value`: NaN where `n` is 0.
    - `stderr`: None where the items can't tell: there is one, or all share one cluster.
    """

    value: float
    stderr: float | None
    n: int


def estimate(answers: Answers, metric: str, *, seed: int = 0) -> Estimate:
    """A task's value in one of its metrics, from its items alone.

    Items without a score, and those whose denominator is 0, count nowhere. Means and ratios have the standard error of
    `ratio_estimate`; another aggregation that of a bootstrap over clusters, seeded with `seed`.
    """
    declared = answers.record.metrics[metric]
    items = scored(answers.items, metric, declared)
    if not items:
        return Estimate(math.nan, None, 0)
    if declared.aggregation in ("mean", "ratio"):
        fractions = fractions_of(items, metric, declared)
        return ratio_estimate(fractions[:, 0], fractions[:, 1], cluster_numbers(items))
    return _aggregated([item.scores[metric] for item in items], cluster_numbers(items), declared.aggregation, seed=seed)


def scored(items: Sequence[Item], metric: str, declared: Metric) -> list[Item]:
    """The items that count in a metric."""
    having = [item for item in items if item.scores.get(metric) is not None]
    return [item for item in having if declared.aggregation != "ratio" or item.scores[metric][1] != 0]


def fractions_of(items: Sequence[Item], metric: str, declared: Metric) -> Float64[np.ndarray, "items 2"]:
    """Numerator and denominator of each item's score; the denominators of a mean are 1."""
    scores = [item.scores[metric] for item in items]
    pairs = scores if declared.aggregation == "ratio" else [(score, 1) for score in scores]
    return np.array(pairs, np.float64).reshape(-1, 2)


def cluster_numbers(items: Sequence[Item]) -> Int64[np.ndarray, " items"]:
    """A number from 0 for each item, the same for those that share a cluster."""
    numbers: dict[tuple[str, str], int] = {}
    keys = [("item", item.item) if item.cluster is None else ("cluster", item.cluster) for item in items]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def ratio_estimate(
    numerators: Float64[np.ndarray, " items"],
    denominators: Float64[np.ndarray, " items"],
    clusters: Int64[np.ndarray, " items"],
) -> Estimate:
    """Sum of the numerators over sum of the denominators; with denominators of 1, the mean.

    The standard error is that of the linearised ratio with residuals added up by cluster (Liang and Zeger 1986; Miller
    2024, arXiv 2411.00640, section 2.2), times sqrt(G / (G - 1)) for G clusters, which Miller leaves out: without it
    few clusters tell too small an error. Where each item is its own cluster, that of a mean is sd / sqrt(n).
    """
    total = denominators.sum()
    value = numerators.sum() / total
    residuals = np.bincount(clusters, numerators - value * denominators)
    count = len(residuals)
    stderr = math.sqrt(np.square(residuals).sum() * count / (count - 1)) / total if count > 1 else None
    return Estimate(float(value), None if stderr is None else float(stderr), len(numerators))


def average(estimates: Mapping[str, Estimate], weights: Mapping[str, float]) -> Estimate:
    """The weighted sum of tasks' values, with `n` the number of tasks.

    The tasks' items are independent of each other, so that the variances add up with the squared weights.
    """
    value = math.fsum(weight * estimates[task].value for task, weight in weights.items())
    variance = 0.0
    for task, weight in weights.items():
        error = estimates[task].stderr
        if error is None:
            return Estimate(value, None, len(weights))
        variance += (weight * error) ** 2
    return Estimate(value, math.sqrt(variance), len(weights))


def p_above_chance(found: Estimate, chance: float) -> float | None:
    """How probable a value at least this high is at chance level: one-sided, by the normal distribution.

    The error is no smaller than that of independent scores between 0 and 1 whose mean is `chance`, so that a few items
    that are all right prove nothing. None where the standard error is None.
    """
    if found.stderr is None:
        return None
    error = max(found.stderr, math.sqrt(max(0.0, chance * (1 - chance)) / found.n))
    if error == 0:
        return 0.0 if found.value > chance else 1.0
    return 0.5 * math.erfc((found.value - chance) / error / math.sqrt(2))


def _aggregated(
    scores: list[object], clusters: Int64[np.ndarray, " items"], aggregation: str, *, seed: int
) -> Estimate:
    # lm-eval takes seconds to import, and few metrics need it.
    from lm_eval.api.registry import get_aggregation

    aggregate = get_aggregation(aggregation)
    if aggregate is None:
        raise UsageError(f"the `aggregation` {aggregation!r} is none that lm-eval knows; name one of its own, or mean")
    members = [np.flatnonzero(clusters == cluster) for cluster in range(clusters.max() + 1)]
    rng = np.random.default_rng(np.random.SeedSequence([seed, *aggregation.encode()]))
    values = []
    with warnings.catch_warnings():
        # A resample may lack a whole class, of which scikit-learn warns each time.
        warnings.simplefilter("ignore")
        for _ in range(AGGREGATION_RESAMPLES if len(members) > 1 else 0):
            # One fewer than there are, for an unbiased variance: see `eval.bootstrap`.
            drawn = np.concatenate([members[cluster] for cluster in rng.integers(0, len(members), len(members) - 1)])
            values.append(float(aggregate([scores[place] for place in drawn])))
    stderr = float(np.nanstd(values, ddof=1)) if values else None
    return Estimate(float(aggregate(scores)), stderr, len(scores))
