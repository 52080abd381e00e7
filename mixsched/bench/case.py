"""What is mixed: sources with weights and rows, listed in an order; and what a mixer makes of it."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """Weights (they add up to 1) and rows of each source in the order they are listed, and the steps to serve."""

    name: str
    weights: Mapping[str, Fraction]
    rows: Mapping[str, int]
    batch_size: int
    steps: int
    hosts: int
    seed: int = dataclasses.field(kw_only=True)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources in the order they are listed: what `Stream.source` indexes."""
        return tuple(self.weights)

    @property
    def samples(self) -> int:
        """Samples of all steps."""
        return self.steps * self.batch_size

    @property
    def unit(self) -> int:
        """The smallest number of samples of which every source's share is whole."""
        return math.lcm(*(weight.denominator for weight in self.weights.values()))

    def shares(self) -> np.ndarray:
        """Samples of each source in `unit` samples: int64 [sources], exact."""
        return np.array([int(weight * self.unit) for weight in self.weights.values()], np.int64)

    def backwards(self) -> "Case":
        """The same mix, listed from the last source to the first."""
        listed = reversed(self.sources)
        weights = {name: self.weights[name] for name in listed}
        return dataclasses.replace(self, weights=weights, rows={name: self.rows[name] for name in weights})


@dataclasses.dataclass(frozen=True)
class Stream:
    """Samples in the order they are served: two int64 [samples]; `source` indexes `Case.sources`."""

    source: np.ndarray
    record: np.ndarray

    def ids(self, case: Case) -> np.ndarray:
        """The number of each sample's row among all rows, whatever the order of listing: int64 [samples]."""
        firsts, first = {}, 0
        for name in sorted(case.rows):
            firsts[name] = first
            first += case.rows[name]
        return np.array([firsts[name] for name in case.sources], np.int64)[self.source] + self.record


def places(numbers: np.ndarray) -> np.ndarray:
    """How many equal ones come before each of some whole numbers: int64 [samples], as `numbers`.

    >>> places(np.array([2, 0, 2, 2, 0])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(numbers, kind="stable")
    counts = np.bincount(numbers)
    place = np.empty(len(numbers), np.int64)
    place[order] = np.arange(len(numbers)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place


class Planned(Protocol):
    """A mixer that was told its case, from which steps can be asked for."""

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop)."""
        ...


@dataclasses.dataclass(frozen=True)
class Mixer:
    """A way to mix. `plan` is None where the library is not installed.

    `tabulates` says that planning writes a table of all samples of the run: its cost grows with the run's length.
    """

    name: str
    plan: Callable[[Case], Planned] | None
    tabulates: bool = False


def main_case(*, steps: int) -> Case:
    """Eight sources with unlike weights, one of 1% and one of 0.01%, some of them served for several epochs.

    The first has rows for a million samples of the mix, so that nothing that ends when all are exhausted ends early.
    """
    weights = ("0.43171", "0.21333", "0.12457", "0.09989", "0.0705", "0.0499", "0.01", "0.0001")
    rows = (460_000, 200_000, 90_000, 40_000, 72_000, 20_000, 3_000, 40)
    names = ("web", "code", "papers", "books", "forums", "math", "dialogue", "rare")
    mix = {name: Fraction(weight) for name, weight in zip(names, weights, strict=True)}
    return Case("eight", mix, dict(zip(names, rows, strict=True)), batch_size=512, steps=steps, hosts=8, seed=0)


def halves_case(*, steps: int) -> Case:
    """Two sources, half of the samples each: what a slice of every second sample makes of a regular pattern."""
    mix = {"text": Fraction(1, 2), "code": Fraction(1, 2)}
    return Case("halves", mix, dict.fromkeys(mix, 200_000), batch_size=512, steps=steps, hosts=2, seed=0)
