"""Win-rates from outcomes of pairs, with bootstrap intervals over the prompts."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from eval.bootstrap import resampled_sums
from eval.judge.judgement import Judgement, Winner

RESAMPLES = 10_000
CONFIDENCE = 0.95
# Beside the user's seed, so that no other use of it draws the same numbers.
PURPOSE = int.from_bytes(b"win-rate")
PLACES: Mapping[Winner, int] = {"a": 0, "tie": 1, "b": 2}


@dataclasses.dataclass(frozen=True)
class Interval:
    """A share (or a difference of two), its bootstrap standard error and 95% interval.

    Where there is but one cluster, nothing is known of its error: None. Where all clusters say the same, resampling
    finds no error, though there may be one: the interval is then that of Clopper and Pearson (1934), as if each
    cluster were one trial.
    """

    value: float
    stderr: float | None
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class Rates:
    """How often A wins, over the `n` pairs that have an outcome; `unparsed` ones are counted apart and not in `n`.

    - `clusters`: the prompts, or texts that prompts share, of the n pairs.
    - `win`, `loss`, `tie`: shares of n, ties not split: the way of the paper, whose 37.7% and 34.7% leave 27.6% ties.
    - `split`: wins and half of the ties.
    - `net`: wins less losses; the runs differ by this judge where its interval leaves out zero.
    - `identical`: those of the n pairs whose answers are the same text, ties that nobody was asked about.
    """

    n: int
    clusters: int
    unparsed: int
    identical: int
    win: Interval
    loss: Interval
    tie: Interval
    split: Interval
    net: Interval


def rates_of(judgements: Sequence[Judgement], *, seed: int) -> Rates | None:
    """The rates of one judge's judgements; None if not one of them has an outcome."""
    told = [each for each in judgements if each.outcome != "unparsed"]
    rates = rates_of_outcomes([(each.outcome, each.cluster) for each in told], seed=seed)
    if rates is None:
        return None
    identical = sum(not each.verdicts for each in told)
    return dataclasses.replace(rates, unparsed=len(judgements) - len(told), identical=identical)


def rates_of_outcomes(outcomes: Sequence[tuple[Winner, str]], *, seed: int) -> Rates | None:
    """The rates of (outcome, cluster) pairs, none of them `unparsed`; None if there are none.

    Intervals are percentiles over 10,000 resamples of whole clusters (see `eval.bootstrap.resampled_sums`): pairs on
    one prompt are not independent. They cover the choice of prompts, and neither the judge's nor the runs' own
    randomness.
    """
    if not outcomes:
        return None
    clusters = {cluster: row for row, cluster in enumerate(dict.fromkeys(cluster for _, cluster in outcomes))}
    counts = np.zeros((len(clusters), len(PLACES)))
    for outcome, cluster in outcomes:
        counts[clusters[cluster], PLACES[outcome]] += 1
    total = counts.sum(0)
    win, tie, loss = _shares(total)
    rng = np.random.default_rng((seed, PURPOSE))
    # Of one cluster there is nothing to resample.
    sums = resampled_sums(counts, resamples=RESAMPLES, rng=rng) if len(counts) > 1 else total[None]
    wins, ties, losses = _shares(sums).T
    return Rates(
        n=len(outcomes),
        clusters=len(counts),
        unparsed=0,
        identical=0,
        win=_interval(win, wins, clusters=len(counts)),
        loss=_interval(loss, losses, clusters=len(counts)),
        tie=_interval(tie, ties, clusters=len(counts)),
        split=_interval(win + tie / 2, wins + ties / 2, clusters=len(counts)),
        net=_interval(win - loss, wins - losses, clusters=len(counts), least=-1.0),
    )


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(-1, keepdims=True)


def _interval(value: float, resampled: np.ndarray, *, clusters: int, least: float = 0.0) -> Interval:
    """The interval of a value that lies between `least` and 1."""
    if clusters == 1:
        return Interval(float(value), None, None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    if resampled.min() == resampled.max():
        # As many clusters that say the same come with no less than this share of such clusters.
        certain = tail ** (1 / clusters)
        low, high = (certain * value + (1 - certain) * end for end in (least, 1.0))
    return Interval(float(value), float(resampled.std(ddof=1)), float(low), float(high))
