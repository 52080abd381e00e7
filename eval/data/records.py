"""Reads the records of a published file one by one, each with the place that a message names."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mixsched.errors import UsageError

Record = tuple[str, Any]
"""Where a record stands (`line 3`, `row 7`, `record 2`) and what it is."""


def records(path: Path, *, within: str | None = None) -> Iterator[Record]:
    """The records of a file of JSON lines, JSON, CSV or Parquet, gzipped or not.

    - `within`: the key of a JSON document's list of records; None: the document is the list.

    Raises UsageError that names the file, and the line where there is one, if it is not of its format, or empty.
    """
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    readers = {"jsonl": _json_lines, "csv": _csv_rows, "parquet": _parquet_rows}
    found = False
    for record in _json_list(path, within) if kind == "json" else readers[kind](path):
        found = True
        yield record
    if not found:
        raise UsageError(f"'{path}' holds no record; get it again, or remove it")


def lines(path: Path) -> list[str]:
    """The lines of a text file, without white space around them."""
    return [line.strip() for line in _text(path).splitlines()]


def _json_lines(path: Path) -> Iterator[Record]:
    # Not splitlines: a text within a record may hold other characters that it takes for ends of lines.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            yield f"line {number}", _parsed(line, path, f"line {number} of ")


def _json_list(path: Path, within: str | None) -> Iterator[Record]:
    document = _parsed(_text(path), path, "")
    if within is not None:
        if not isinstance(document, dict) or within not in document:
            raise UsageError(f"'{path}' lacks the field '{within}' that holds its records; is it the published file?")
        document = document[within]
    if not isinstance(document, list):
        raise UsageError(f"'{path}' should hold a list of records; is it the published file?")
    for number, record in enumerate(document, start=1):
        yield f"record {number}", record


def _csv_rows(path: Path) -> Iterator[Record]:
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), skipinitialspace=True)
    try:
        for row in reader:
            if None in row:
                raise UsageError(
                    f"line {reader.line_num} of '{path}' has more values than the first line has names; get it again"
                )
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise UsageError(f"line {reader.line_num} of '{path}' is no CSV ({error}); get it again") from error


def _parquet_rows(path: Path) -> Iterator[Record]:
    import pyarrow
    import pyarrow.parquet

    try:
        number = 0
        with pyarrow.parquet.ParquetFile(path) as table:
            for batch in table.iter_batches():
                for record in batch.to_pylist():
                    number += 1
                    yield f"row {number}", record
    # Files that are damaged within raise OSError, without a number of the system's.
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UsageError(f"'{path}' is no Parquet file ({error}); get it again") from error


def _text(path: Path) -> str:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return raw.decode("utf-8-sig")
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise UsageError(f"'{path}' can't be read as text ({error}); get it again") from error


def _parsed(written: str, path: Path, where: str) -> Any:
    try:
        return json.loads(written)
    except ValueError as error:
        raise UsageError(f"{where}'{path}' is no JSON ({error}); get the file again") from error
