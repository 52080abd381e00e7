"""How far a stream of samples is from what was asked for, in numbers that are counted, not estimated."""

import dataclasses

import numpy as np

from mixsched.bench.case import Case, Stream, places


@dataclasses.dataclass(frozen=True)
class Deviation:
    """The largest |served - expected| over all sources, in samples; see `deviation`."""

    at_step_ends: float
    at_any_sample: float
    within_a_step: float
    # The largest so far at the end of each step: float64 [steps].
    until: np.ndarray


def deviation(stream: Stream, case: Case) -> Deviation:
    """Served against expected over every prefix of the run, and in every step; compared in whole numbers.

    `within_a_step` is the largest |count in one step - batch * weight|.

    >>> from fractions import Fraction
    >>> case = Case("c", {"a": Fraction(3, 4), "b": Fraction(1, 4)}, {"a": 9, "b": 9}, 4, 2, 1, seed=0)
    >>> found = deviation(Stream(np.array([1, 1, 0, 0, 0, 0, 0, 0]), np.zeros(8, int)), case)
    >>> found.at_step_ends, found.at_any_sample, found.within_a_step
    (1.0, 1.5, 1.0)
    """
    unit, size = case.unit, case.batch_size
    asked = np.arange(1, len(stream.source) + 1)
    at_ends, any_sample, one_step = np.zeros(len(asked) // size, np.int64), 0, 0
    for source, share in enumerate(case.shares().tolist()):
        excess = np.cumsum(stream.source == source) * unit - asked * share
        any_sample = max(any_sample, int(np.abs(excess).max()))
        ends = excess[size - 1 :: size]
        at_ends = np.maximum(at_ends, np.abs(ends))
        one_step = max(one_step, int(np.abs(np.diff(ends, prepend=0)).max()))
    until = np.maximum.accumulate(at_ends) / unit
    return Deviation(float(until[-1]), any_sample / unit, one_step / unit, until)


def contiguous_hosts(case: Case) -> np.ndarray:
    """The host that feeds each slot where host h takes the slots [h * B / H, (h + 1) * B / H): int64 [slots]."""
    return np.arange(case.batch_size) * case.hosts // case.batch_size


def strided_hosts(case: Case) -> np.ndarray:
    """The host that feeds each slot where host h takes every H-th slot, from slot h on: int64 [slots]."""
    return np.arange(case.batch_size) % case.hosts


def unfairness(stream: Stream, case: Case, hosts: np.ndarray) -> float:
    """The largest |share of a source among a host's samples of the whole run - its weight|, over sources and hosts.

    `hosts` is the host of each slot, int64 [slots]. A fair draw of n samples strays by about sqrt(w * (1 - w) / n).
    """
    host = np.tile(hosts, len(stream.source) // case.batch_size)
    sources = len(case.sources)
    counts = np.bincount(host * sources + stream.source, minlength=case.hosts * sources).reshape(case.hosts, sources)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(np.abs(shares - case.shares() / case.unit).max())


def served_twice(stream: Stream, case: Case) -> int:
    """Samples that repeat a row too early: once more than its source can have been gone through by that step's end.

    A row's k-th repetition is due when its source has given more than k times its rows. Within a step order does not
    count, so that the last rows of an epoch and the first of the next may stand in any.

    >>> from fractions import Fraction
    >>> case = Case("c", {"a": Fraction(1)}, {"a": 3}, 1, 8, 1, seed=0)
    >>> served_twice(Stream(np.zeros(8, int), np.array([0, 2, 2, 1, 0, 1, 1, 2])), case)
    1
    """
    twice = 0
    step = np.arange(len(stream.source)) // case.batch_size
    for source, rows in enumerate(case.rows.values()):
        mine = stream.source == source
        given = np.cumsum(mine)[case.batch_size - 1 :: case.batch_size][step[mine]]
        twice += int((places(stream.record[mine]) * rows >= given).sum())
    return twice


def vanished(stream: Stream, case: Case) -> int:
    """Sources that are due one sample or more and got none."""
    counts = np.bincount(stream.source, minlength=len(case.sources))
    return int(((case.shares() * len(stream.source) >= case.unit) & (counts == 0)).sum())


def difference(one: np.ndarray, other: np.ndarray, *, batch_size: int) -> int:
    """The most samples, at the end of any step, that `one` served and `other` did not: row numbers, int64 [samples].

    Order within what was served does not count, how often a row was served does.

    >>> difference(np.array([1, 2, 3, 3]), np.array([2, 1, 3, 4]), batch_size=2)
    1
    """
    surplus = np.zeros(max(one.max(), other.max()) + 1, np.int64)
    missing = worst = 0
    sign = np.repeat([1, -1], batch_size)
    for ours, theirs in zip(one.reshape(-1, batch_size), other.reshape(-1, batch_size), strict=True):
        touched, place = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
        before = surplus[touched]
        after = before + np.bincount(place, weights=sign).astype(np.int64)
        surplus[touched] = after
        missing += int(np.maximum(after, 0).sum() - np.maximum(before, 0).sum())
        worst = max(worst, missing)
    return worst
