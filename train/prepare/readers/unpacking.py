"""How much the rows of Parquet unpack to, known before they are unpacked.

A Parquet file may write a string once and name it in a million rows: a kilobyte of it can stand for gigabytes. Columns
that are small on disk are therefore read with their repeated strings held once, and of the large ones, where that would
hold all of a row group, so few rows at a time that the longest repeated string of each fits.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from train.prepare.readers.reader import MAX_DOCUMENT_BYTES

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# A column of a row group that is read with its repeated strings held once takes a few times its size.
_HELD_BYTES = 16_000_000


@dataclasses.dataclass(frozen=True)
class Repeating:
    """Columns of strings, by their paths in the file, of which some are written as places in a list of strings."""

    held: tuple[str, ...]
    """Those to be read with that list."""
    large: tuple[str, ...]
    """Those to be read without it, for which `most_rows` is asked."""


def repeating(metadata: "pq.FileMetaData") -> Repeating:
    """The repeating columns of a file."""
    held = dict[str, bool]()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for place in range(group.num_columns):
            column, of_lists = group.column(place), metadata.schema.column(place).max_repetition_level > 0
            if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page:
                # How many items of a list one row holds can't be known ahead.
                small = of_lists or column.total_uncompressed_size <= _HELD_BYTES
                held[column.path_in_schema] = held.get(column.path_in_schema, True) and small
    return Repeating(
        tuple(path for path, small in held.items() if small), tuple(path for path, small in held.items() if not small)
    )


def most_rows(packed: "pq.ParquetFile", group: int, columns: list[str], *, most: int) -> int:
    """How many rows of a row group, at most `most`, are a document's size if each has the longest repeated string.

    `packed` is the file, opened so that the strings of `columns` are held once.
    """
    longest = 0
    for batch in packed.iter_batches(1, row_groups=[group], columns=columns, use_threads=False):
        # The list comes with the first of the rows that name its strings.
        longest = sum(max(_lengths(strings).to_pylist(), default=0) for strings in _lists_of_strings(batch.columns))
        break
    return max(1, min(most, MAX_DOCUMENT_BYTES // max(longest, 1)))


def _lists_of_strings(arrays: "Iterable[pa.Array]") -> "Iterator[pa.Array]":
    import pyarrow as pa

    for array in arrays:
        if isinstance(array, pa.DictionaryArray):
            yield array.dictionary
        elif isinstance(array, pa.StructArray):
            yield from _lists_of_strings(array.flatten())


def _lengths(strings: "pa.Array") -> "pa.Array":
    import pyarrow.compute as pc

    return pc.call_function("binary_length", [strings])


def unpacked_bytes(values: "pa.RecordBatch | pa.Array") -> int:
    """What the values take when every row has its own, counted without making them."""
    import pyarrow as pa

    if isinstance(values, pa.RecordBatch):
        return sum(map(unpacked_bytes, values.columns))
    if isinstance(values, pa.DictionaryArray):
        lengths = _lengths(values.dictionary).cast("int64").take(values.indices)
        return int(lengths.fill_null(0).to_numpy().sum())
    if isinstance(values, pa.StructArray):
        return sum(map(unpacked_bytes, values.flatten()))
    if isinstance(values, pa.MapArray):
        return sum(
            unpacked_bytes(pa.ListArray.from_arrays(values.offsets, each)) for each in (values.keys, values.items)
        )
    if isinstance(values, (pa.ListArray, pa.LargeListArray, pa.FixedSizeListArray)):
        return unpacked_bytes(values.flatten())
    return values.nbytes
