"""Records as rows of Parquet files, of which only the columns that the recipe names are read."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers.files import (
    Files,
    FoundFile,
    cannot_be_read,
    find_files,
    grouped,
    size_of,
    version_of,
    whole_files,
)
from train.prepare.readers.reader import MAX_DOCUMENT_BYTES, PART_BYTES, Dropped, Part
from train.prepare.readers.records import RecordMapping, RecordReader, no_such_field, record_mapping
from train.prepare.readers.templates import EACH, FieldPath
from train.prepare.readers.texts import NOT_UTF8, TOO_LONG
from train.prepare.readers.unpacking import MAX_ROW_BYTES, most_rows, repeating, unpacked_bytes

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Pages are read through a buffer, since a column of a row group may hold a gigabyte; and rows in batches of about this.
_BUFFER_BYTES = 1_000_000
_BATCH_BYTES = 8_000_000
_MAX_BATCH_ROWS = 1_024


class Parquet(RecordReader, tag="parquet", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files .parquet. A row's own origin is "folder/file.parquet#ROW", with the rows of a file numbered from 0.

    A field of a struct has a path, "meta.content"; so have the items of a list of structs, "messages[].content".
    """

    files: Files

    def parts(self, data: Path) -> list[Part]:
        """Runs of neighbouring files, and ranges of the row groups of files that are larger than a part."""
        mapping = record_mapping(self)
        parts = list[Part]()
        for run in grouped(find_files(data, self.files), size_of, limit=PART_BYTES):
            cut = list[Part]()
            for file in run:
                with _opened(data / file.name) as table:
                    _columns(table.schema_arrow, mapping, where=file.name)
                    cut = _cut(file, table.metadata)
            parts += cut if len(run) == 1 else [whole_files(run)]
        return parts

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """The rows of the row groups of the part; with `stop` 0 those of all of its files."""
        mapping = record_mapping(self)
        for name in part.files:
            with _opened(data / name) as table:
                columns, metadata = _columns(table.schema_arrow, mapping, where=name), table.metadata
            groups = range(part.start, part.stop or metadata.num_row_groups)
            for row, record in _records(data / name, columns, groups, metadata):
                origin = f"{name}#{row}"
                if isinstance(record, str):
                    yield Dropped(origin, record, broken=True)
                else:
                    yield mapping.to_document(record, source=source, origin=origin)


def columns_of(path: Path) -> tuple[dict[str, bool], int]:
    """A file's columns, each with whether it may hold text, and the number of rows; raises UsageError if it is none."""
    with _opened(path) as table:
        return {column.name: _may_hold_text(column.type) for column in table.schema_arrow}, table.metadata.num_rows


def _may_hold_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    held = kind.value_type if pa.types.is_dictionary(kind) else kind
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(held) for check in (*checks, pa.types.is_binary, pa.types.is_large_binary))


@contextlib.contextmanager
def _opened(
    path: Path, repeated: Sequence[str] = (), metadata: "pq.FileMetaData | None" = None
) -> Iterator["pq.ParquetFile"]:
    """The file; strings of the columns `repeated` stand in memory once, however many rows have them.

    - `metadata`: the file's own, if it was opened before, which then is not read again.
    """
    # Late, because it takes a third of a second, and who waits for `--help` needs no Parquet.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            path,
            metadata=metadata,
            memory_map=False,
            pre_buffer=False,
            buffer_size=_BUFFER_BYTES,
            read_dictionary=list(repeated),
        ) as table:
            yield table
    except OSError as error:
        raise (cannot_be_read if error.errno else _damaged)(path, error) from error
    except pa.ArrowException as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UsageError:
    return UsageError(f"'{path}' is no whole Parquet file ({str(error).splitlines()[0]}); get the file again")


def _cut(file: FoundFile, metadata: "pq.FileMetaData") -> list[Part]:
    """Runs of row groups that are a part at most, or one row group."""
    if file.bytes <= PART_BYTES:
        return [whole_files([file])]

    def compressed_bytes(group: int) -> int:
        row_group = metadata.row_group(group)
        return sum(row_group.column(column).total_compressed_size for column in range(row_group.num_columns))

    return [
        Part(
            files=(file.name,),
            start=run[0],
            stop=run[-1] + 1,
            bytes=sum(map(compressed_bytes, run)),
            version=version_of([file]),
        )
        for run in grouped(range(metadata.num_row_groups), compressed_bytes, limit=PART_BYTES)
    ]


def _columns(schema: "pa.Schema", mapping: RecordMapping, *, where: str) -> list[str]:
    """The columns to read; raises UsageError if the recipe names one that the file lacks."""
    columns = list[str]()
    for path in mapping.paths():
        if path.written in schema.names:
            columns.append(path.written)
        elif _holds(schema, path):
            # What is before the first list: a column of Parquet goes no deeper by these names.
            columns.append(".".join(itertools.takewhile(lambda key: key != EACH, path.keys)))
        else:
            raise no_such_field(path, known=_known(schema), where=where)
    return columns


def _holds(schema: "pa.Schema", path: FieldPath) -> bool:
    import pyarrow as pa

    kind = pa.struct(list(schema))
    for key in path.keys:
        if key == EACH and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            kind = kind.value_type
        elif pa.types.is_struct(kind) and kind.get_field_index(key) >= 0:
            kind = kind.field(key).type
        else:
            return False
    return True


def _known(schema: "pa.Schema") -> list[str]:
    import pyarrow as pa

    names = list[str](schema.names)
    for column in schema:
        inner, mark = (column.type.value_type, "[].") if pa.types.is_list(column.type) else (column.type, ".")
        if pa.types.is_struct(inner):
            names += [f"{column.name}{mark}{field.name}" for field in inner]
    return names


def _records(
    path: Path, columns: list[str], groups: range, metadata: "pq.FileMetaData"
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Number and content of each row of some row groups, or why it has none."""
    repeats = repeating(metadata, columns, groups)
    row = sum(metadata.row_group(group).num_rows for group in range(groups.start))
    with _opened(path, repeats.held, metadata) as table:
        for group in groups:
            size = metadata.row_group(group)
            most = min(max(_BATCH_BYTES * size.num_rows // max(size.total_byte_size, 1), 1), _MAX_BATCH_ROWS)
            if repeats.large:
                with _opened(path, repeats.large, metadata) as packed:
                    most = most_rows(packed, group, columns, most=most)
            for batch in table.iter_batches(most, row_groups=[group], columns=columns, use_threads=False):
                yield from enumerate(_unpacked(batch), start=row)
                row += batch.num_rows


def _unpacked(batch: "pa.RecordBatch") -> Iterable[dict[str, Any] | str]:
    """Records of a batch: all at once, or where that could be much or one is broken, one by one."""
    if unpacked_bytes(batch) <= MAX_DOCUMENT_BYTES:
        with contextlib.suppress(UnicodeDecodeError):
            return batch.to_pylist()
    return (_one_record(batch.slice(place, 1)) for place in range(batch.num_rows))


def _one_record(row: "pa.RecordBatch") -> dict[str, Any] | str:
    if unpacked_bytes(row) > MAX_ROW_BYTES:
        return TOO_LONG
    try:
        return row.to_pylist()[0]
    except UnicodeDecodeError:
        return NOT_UTF8
