"""Which document each token of packed rows belongs to, and sums over the documents."""

import dataclasses

import numpy as np
from jaxtyping import Float64, Int

from mixsched.shards import Rows


@dataclasses.dataclass(frozen=True)
class Documents:
    """The documents that some rows hold, whole or in part.

    - `numbers`: of each target (a row but its first token) that of its document, from 0, ascending.
    - `names`: by number, `record:place` of the first target that was read, both from 0: where to find it, and the same
      for all runs that read the same rows.
    """

    numbers: Int[np.ndarray, "rows time"]
    names: list[str]


@dataclasses.dataclass(frozen=True)
class DocumentSums:
    """Bits and UTF-8 bytes of the text of each document, as far as it was read; documents without text are no part."""

    names: list[str]
    bits: Float64[np.ndarray, " documents"]
    bytes: Float64[np.ndarray, " documents"]


def documents_of(held: Rows, rows: Int[np.ndarray, "rows time+1"], records: Int[np.ndarray, " rows"]) -> Documents:
    """The documents of the rows of some ascending `records`; an EOS ends its document.

    A document that goes on over rows which were not read is one document.
    """
    eos = held.manifest.eos_id
    starts = rows[:, :-1] == eos
    starts[0, 0] = True
    for row in range(1, len(rows)):
        if not starts[row, 0]:
            between = range(int(records[row - 1]) + 1, int(records[row]))
            starts[row, 0] = rows[row - 1, -1] == eos or _has_eos(held, between)
    row, place = np.nonzero(starts)
    names = [f"{record}:{at}" for record, at in zip(records[row].tolist(), place.tolist(), strict=True)]
    return Documents(starts.ravel().cumsum(dtype=np.int32).reshape(starts.shape) - 1, names)


def _has_eos(held: Rows, records: range) -> bool:
    """Whether a document ends in these records; the last are looked at first, where one mostly does."""
    return any((held[record][1:] == held.manifest.eos_id).any() for record in reversed(records))


class DocumentMeter:
    """Adds up bits and bytes by document, some rows at a time."""

    def __init__(self, documents: Documents):
        self._documents = documents
        self._bits, self._bytes = np.zeros((2, len(documents.names)))

    def add(
        self, first_row: int, *, bits: Float64[np.ndarray, "rows time"], sizes: Int[np.ndarray, "rows time"]
    ) -> None:
        """Count the targets of rows from `first_row` on; those without bytes, such as EOS, cost nothing."""
        numbers = self._documents.numbers[first_row : first_row + len(bits)].ravel()
        lowest = numbers[0]
        for total, values in ((self._bits, np.where(sizes > 0, bits, 0)), (self._bytes, sizes)):
            found = np.bincount(numbers - lowest, values.ravel())
            total[lowest : lowest + len(found)] += found

    def sums(self) -> DocumentSums:
        """What was counted."""
        has_text = self._bytes > 0
        names = [name for name, kept in zip(self._documents.names, has_text.tolist(), strict=True) if kept]
        return DocumentSums(names, self._bits[has_text], self._bytes[has_text])
