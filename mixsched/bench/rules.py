"""The rules of other mixers, said again in our words from their descriptions; their random numbers are not theirs."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from mixsched.bench.case import Case, Stream, places

# The block size that Levanter's language-model mixtures have by default.
LEVANTER_BLOCK = 2_048
# Draws that iid sampling makes at a time.
DRAWS = 2**16


@dataclasses.dataclass(frozen=True)
class Blocks:
    """Levanter's and Marin's `MixtureDataset`: every block of so many samples holds the same number of each source.

    That number is weight * block, cut to a whole one, and what is missing goes to the largest source; then each block
    is shuffled. A sample's row is (block * number in a block + its place among its source's), starting over at the
    source's end.
    """

    case: Case
    counts: np.ndarray
    # Source and place of the samples of a block before it is shuffled.
    source: np.ndarray
    place: np.ndarray

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop); any step costs the same."""
        size, block_size = self.case.batch_size, len(self.source)
        blocks = range(first * size // block_size, -(-stop * size // block_size))
        shuffled = [np.random.default_rng((self.case.seed, block)).permutation(block_size) for block in blocks]
        order = np.concatenate(shuffled)[first * size - blocks.start * block_size :][: (stop - first) * size]
        block = np.arange(first * size, stop * size) // block_size
        source = self.source[order]
        rows = np.array(list(self.case.rows.values()), np.int64)
        return Stream(source, (block * self.counts[source] + self.place[order]) % rows[source])


def levanter(case: Case, block_size: int = LEVANTER_BLOCK) -> Blocks:
    """Lay out a block of `levanter.data.mixture.MixtureDataset`, with its default of restarting sources.

    >>> from fractions import Fraction
    >>> mix = {"text": Fraction(997, 1000), "rare": Fraction(3, 1000)}
    >>> levanter(Case("c", mix, {"text": 50, "rare": 9}, 10, 10, 1, seed=0), block_size=100).counts.tolist()
    [100, 0]
    """
    counts = np.array([int(float(weight) * block_size) for weight in case.weights.values()], np.int64)
    counts[counts.argmax()] += block_size - counts.sum()
    source = np.repeat(np.arange(len(counts)), counts)
    return Blocks(case, counts, source, np.arange(block_size) - (np.cumsum(counts) - counts)[source])


@dataclasses.dataclass(frozen=True)
class Listed:
    """A table of all samples of the run, as Megatron-LM keeps it: int16 and int64 [samples]."""

    case: Case
    source: np.ndarray
    cursor: np.ndarray

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop)."""
        part = slice(first * self.case.batch_size, stop * self.case.batch_size)
        source = self.source[part].astype(np.int64)
        rows = np.array(list(self.case.rows.values()), np.int64)
        return Stream(source, self.cursor[part] % rows[source])


def megatron(case: Case) -> Listed:
    """Megatron-LM's blending: sample n goes to the source with the largest weight * max(n, 1) - served so far.

    The first listed wins a tie, and the order stays as it comes out (`BlendedDataset` does not shuffle it). Their own
    loop is C++; it gives the same table, tens of times faster than this one.
    """
    source = np.fromiter(_greedy(case), np.int16, case.samples)
    return Listed(case, source, places(source))


def _greedy(case: Case) -> Iterator[int]:
    weights = [float(weight) for weight in case.weights.values()]
    served = [0] * len(weights)
    for sample in range(case.samples):
        target = max(sample, 1)
        owed = [weight * target - given for weight, given in zip(weights, served, strict=True)]
        neediest = owed.index(max(owed))
        served[neediest] += 1
        yield neediest


@dataclasses.dataclass(frozen=True)
class Independent:
    """A source drawn for each sample with NumPy's `Generator.choice`, whatever was drawn before (HF draws the same).

    The rows of a source come in turn and start over at its end (webdataset, torchdata, tf.data), or are drawn too
    (PyTorch's `WeightedRandomSampler` with replacement).
    """

    case: Case
    draw_rows: bool

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop), after drawing all that come before."""
        size, rows = self.case.batch_size, np.array(list(self.case.rows.values()), np.int64)
        # One each, so that what is drawn does not depend on how many are drawn at a time.
        sources, records = np.random.default_rng(self.case.seed), np.random.default_rng((self.case.seed, 1))
        cursors = np.zeros(len(rows), np.int64)
        for begun in range(0, first * size, DRAWS):
            samples = min(DRAWS, first * size - begun)
            cursors += np.bincount(self._draw(sources, samples), minlength=len(rows))
            if self.draw_rows:
                records.random(samples)
        source = self._draw(sources, (stop - first) * size)
        if self.draw_rows:
            return Stream(source, (records.random(len(source)) * rows[source]).astype(np.int64))
        return Stream(source, (cursors[source] + places(source)) % rows[source])

    def _draw(self, rng: np.random.Generator, samples: int) -> np.ndarray:
        weights = [float(weight) for weight in self.case.weights.values()]
        return rng.choice(len(weights), size=samples, p=weights)


def iid_sources(case: Case) -> Independent:
    """Sources drawn, the rows of each in turn."""
    return Independent(case, draw_rows=False)


def iid_rows(case: Case) -> Independent:
    """Sources and rows drawn."""
    return Independent(case, draw_rows=True)
