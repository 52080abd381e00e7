"""Hugging Face's `datasets.interleave_datasets`, the real one, where it is installed."""

import dataclasses
import functools
import importlib
from typing import Any

import numpy as np

from mixsched.bench.case import Case, Stream


@dataclasses.dataclass(frozen=True)
class Interleaved:
    """The numbers of the rows that an interleaved dataset serves; those of source k begin at `firsts[k]`."""

    row: np.ndarray
    firsts: np.ndarray
    batch_size: int

    def steps(self, first: int, stop: int) -> Stream:
        """The samples of the steps [first, stop)."""
        row = self.row[first * self.batch_size : stop * self.batch_size].astype(np.int64)
        source = np.searchsorted(self.firsts, row, side="right") - 1
        return Stream(source, row - self.firsts[source])


@functools.cache
def installed() -> bool:
    """Whether there is a `datasets` that can be imported."""
    try:
        importlib.import_module("datasets")
    except ImportError:
        return False
    return True


def interleave(case: Case) -> Interleaved:
    """Sources drawn by probability until all were served whole, those that end earlier starting over."""
    library = importlib.import_module("datasets")
    # It warns with all row numbers of the table where it cannot hash them.
    library.logging.set_verbosity_error()
    dataset = library.interleave_datasets(
        _in_memory(tuple(case.rows.values())),
        probabilities=[float(weight) for weight in case.weights.values()],
        seed=case.seed,
        stopping_strategy="all_exhausted",
    )
    assert len(dataset) >= case.samples, "the case has too few rows to last until its end"
    # Its table of row numbers has no public name; a million rows asked for one by one would take half a minute.
    row = dataset._indices.column(0).to_numpy()
    rows = np.array(list(case.rows.values()), np.int64)
    return Interleaved(row, np.cumsum(rows) - rows, case.batch_size)


@functools.cache
def _in_memory(rows: tuple[int, ...]) -> list[Any]:
    """A dataset for each source; opening them is no part of mixing them."""
    library, arrow = importlib.import_module("datasets"), importlib.import_module("pyarrow")
    # With a fingerprint of our own, it need not hash the rows.
    return [
        library.Dataset(arrow.table({"record": np.arange(count)}), fingerprint=f"source-{source}")
        for source, count in enumerate(rows)
    ]


def kept_bytes() -> int:
    """What Arrow holds, which Python's allocator knows nothing of; 0 where it is not installed."""
    return importlib.import_module("pyarrow").total_allocated_bytes() if installed() else 0
