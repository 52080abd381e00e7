"""The keys of all documents of a corpus, and the verdicts on them, one byte a document."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from train.prepare.stages.arrays import mapped
from train.prepare.stages.cleaning import KEYS, KEYS_FILE, Cleaned
from train.prepare.stages.work import Made

# Documents that a rule looks at together; their keys take some 32 bytes each.
WINDOW_DOCUMENTS = 10_000_000
KEPT, HELD_OUT = 0, 1
EXACT, NEAR, FULL, SHARE, BUDGET = 2, 3, 4, 5, 6
REASONS = {
    EXACT: "exact duplicate",
    NEAR: "near duplicate",
    FULL: "its group is full",
    SHARE: "over its language's share",
    BUDGET: "over the budget of bytes",
}


class Read(msgspec.Struct, frozen=True):
    """A finished task of the first stage: what it wrote, its source, and what it found."""

    made: Made
    source: str
    cleaned: Cleaned

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.made.folder


class Corpus:
    """The keys of all documents as they lie on the disk, and the verdicts on them. Reads are known by their number."""

    def __init__(self, reads: Sequence[Read]):
        self.reads = reads
        self.all = range(len(reads))
        self.starts = np.cumsum([0, *(read.cleaned.documents for read in reads)])
        self.verdicts = np.zeros(self.starts[-1], np.uint8)

    def keys(self, read: int) -> np.ndarray:
        """The KEYS of a read's documents: opened when they are asked for, as there are more reads than open files."""
        return mapped(self.reads[read].folder / KEYS_FILE, KEYS)

    def source(self, read: int) -> str:
        return self.reads[read].source

    def verdict(self, read: int) -> np.ndarray:
        """The verdicts on the documents of a read: a view, to be changed in place."""
        return self.verdicts[self.starts[read] : self.starts[read + 1]]

    def drop_repeats(self, reads: Sequence[int], hashes: Callable[[int], np.ndarray], *, keep: int, code: int) -> None:
        """Of the documents with one hash the first `keep` stay; what other rules dropped doesn't count.

        A document that was dropped by the same rule before still counts as an earlier one.
        """
        documents = sum(self.reads[read].cleaned.documents for read in reads)
        for low, high in _windows(documents):
            places, values = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
            for read in reads:
                value = np.asarray(hashes(read))
                here = np.flatnonzero((value >= low) & (value <= high) & np.isin(self.verdict(read), (KEPT, code)))
                places.append(here + self.starts[read])
                values.append(value[here])
            place = np.concatenate(places)
            late = place[_ranks(np.concatenate(values)) >= keep]
            self.verdicts[late] = code


def _windows(documents: int) -> Iterator[tuple[np.uint64, np.uint64]]:
    count = max(1, -(-documents // WINDOW_DOCUMENTS))
    edges = [place * 2**64 // count for place in range(count + 1)]
    for low, end in itertools.pairwise(edges):
        yield np.uint64(low), np.uint64(end - 1)


def _ranks(values: np.ndarray) -> np.ndarray:
    """How many equal values stand before each: int64 [values].

    >>> _ranks(np.array([7, 5, 7, 7, 5], np.uint64)).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    place = np.arange(len(values))
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(values)]
    ranks = np.empty(len(values), np.int64)
    ranks[order] = place - np.maximum.accumulate(np.where(first, place, 0))
    return ranks
