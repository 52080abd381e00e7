"""How much the rows of Parquet unpack to, known before they are unpacked.

A Parquet file may write a string once and name it in a million rows: a kilobyte of it can stand for gigabytes. Columns
that are small on disk are therefore read with their repeated strings held once. Of the large ones, where that would
hold all of a row group, so few rows are read at a time that the longest repeated string of each fits.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from train.prepare.readers.reader import MAX_DOCUMENT_BYTES

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# No row of documents is as large; one that is would fill a worker's memory.
MAX_ROW_BYTES = 16 * MAX_DOCUMENT_BYTES
# A column of a row group that is read with its repeated strings held once takes a few times its size.
_HELD_BYTES = 16_000_000
# What each value takes in Python besides its characters.
_VALUE_BYTES = 64
_PEEK_ROWS = 64


@dataclasses.dataclass(frozen=True)
class Repeating:
    """Columns of strings, by their paths in the file, of which some are written as places in a list of strings."""

    held: tuple[str, ...]
    """Those to be read with that list."""
    large: tuple[str, ...]
    """Those to be read without it, for which `most_rows` is asked."""


def repeating(metadata: "pq.FileMetaData", columns: Iterable[str], groups: range) -> Repeating:
    """The repeating ones among some columns, and all that is in these, of some row groups."""
    wanted = tuple(columns)
    held, large = list[str](), list[str]()
    for place in range(metadata.num_columns):
        path = metadata.schema.column(place).path
        if metadata.schema.column(place).physical_type != "BYTE_ARRAY" or not _within(path, wanted):
            continue
        chunks = [metadata.row_group(group).column(place) for group in groups]
        # Old writers do not say where the list is, but always how the values are written.
        if any("DICTIONARY" in encoding for chunk in chunks for encoding in chunk.encodings):
            small = all(chunk.total_uncompressed_size <= _HELD_BYTES for chunk in chunks)
            (held if small else large).append(path)
    return Repeating(tuple(held), tuple(large))


def _within(path: str, columns: tuple[str, ...]) -> bool:
    return any(path == column or path.startswith(f"{column}.") for column in columns)


def most_rows(packed: "pq.ParquetFile", group: int, columns: list[str], *, most: int) -> int:
    """How many rows of a row group, at most `most`, are a document's size if each value is the longest repeated string.

    `packed` is the file, opened so that the strings of its large columns are held once.
    """
    import pyarrow as pa

    told = packed.metadata.row_group(group)
    # Of lists, as many as a row has on average.
    values_a_row = max(told.column(place).num_values for place in range(told.num_columns)) / max(told.num_rows, 1)
    longest = 0
    # The list comes with the first of the rows that name its strings.
    for batch in packed.iter_batches(_PEEK_ROWS, row_groups=[group], columns=columns, use_threads=False):
        lists = [leaf.dictionary for leaf in _leaves(batch.columns) if isinstance(leaf, pa.DictionaryArray)]
        longest = sum(max(_lengths(strings).to_pylist(), default=0) for strings in lists)
        break
    return max(1, min(most, int(MAX_DOCUMENT_BYTES / max(longest * values_a_row, 1))))


def unpacked_bytes(batch: "pa.RecordBatch") -> int:
    """What the values of a batch take when every row has its own, counted without making them."""
    import pyarrow as pa

    def of_leaf(leaf: pa.Array) -> int:
        if isinstance(leaf, pa.DictionaryArray):
            characters = _lengths(leaf.dictionary).cast("int64").take(leaf.indices)
            return int(characters.fill_null(0).to_numpy().sum())
        return leaf.nbytes

    return sum(of_leaf(leaf) + _VALUE_BYTES * len(leaf) for leaf in _leaves(batch.columns))


def _leaves(arrays: "Iterable[pa.Array]") -> "Iterator[pa.Array]":
    """The arrays that hold the values of structs, lists and maps of any depth."""
    import pyarrow as pa

    for array in arrays:
        if isinstance(array, pa.StructArray):
            yield from _leaves(array.flatten())
        elif isinstance(array, pa.MapArray):
            yield from _leaves(
                pa.ListArray.from_arrays(array.offsets, each).flatten() for each in (array.keys, array.items)
            )
        elif isinstance(array, (pa.ListArray, pa.LargeListArray, pa.FixedSizeListArray)):
            yield from _leaves([array.flatten()])
        else:
            yield array


def _lengths(strings: "pa.Array") -> "pa.Array":
    import pyarrow.compute as pc

    return pc.call_function("binary_length", [strings])
