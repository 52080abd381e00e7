"""Records as lines of JSON, plain or compressed; large plain files are cut into ranges of bytes."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers.files import (
    BUFFER_BYTES,
    COMPRESSED_WEIGHT,
    Files,
    FoundFile,
    find_files,
    grouped,
    is_compressed,
    opened,
    whole_files,
)
from train.prepare.readers.reader import MAX_DOCUMENT_BYTES, PART_BYTES, Dropped, Part
from train.prepare.readers.records import RecordReader, check_fields, record_mapping
from train.prepare.readers.texts import TOO_LONG, parse_json

NOT_JSON = "not a line of JSON in UTF-8"
# What is wrong, and what to do about it.
AN_ARRAY = (
    "starts with an array, but has to have one object of JSON a line",
    "write each item into a line of its own, as `jq -c '.[]'` does",
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class JsonLines(RecordReader, tag="jsonl", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files with an object of JSON a line, also as .gz, .xz, .bz2 or .zst; empty lines are no records.

    A record's own origin is "folder/file.jsonl@OFFSET", the offset of its line in the (decompressed) file in bytes.
    """

    files: Files

    def parts(self, data: Path) -> list[Part]:
        """Runs of neighbouring files, and ranges of plain files that are larger than a part."""
        files = find_files(data, self.files)
        for file in files:
            if Path(file.name).suffix in (".zip", ".tar", ".tgz", ".7z", ".lz4", ".parquet"):
                raise UsageError(f"`files`: '{file.name}' is no file of JSON lines; unpack it first, or use its reader")
        check_fields(record_mapping(self), _first_records(data, files), where=files[0].name)
        return [part for run in grouped(files, _weight, limit=PART_BYTES) for part in _cut(run)]

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """The records of the lines that start in the part."""
        mapping = record_mapping(self)
        for name in part.files:
            with opened(data / name) as stream:
                for offset, line in _lines(stream, start=part.start, stop=part.stop):
                    origin = f"{name}@{offset}"
                    record = _record(line)
                    if isinstance(record, str):
                        yield Dropped(origin, record, broken=True)
                    else:
                        yield mapping.to_document(record, source=source, origin=origin)


def lines_of(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Each line of a file with something in it, and its record; a line that is too long is empty here."""
    with opened(path) as stream:
        for _, line in _lines(stream, start=0, stop=0):
            record = _record(line)
            yield line or b"", record if isinstance(record, dict) else None


def _weight(file: FoundFile) -> int:
    return file.bytes * COMPRESSED_WEIGHT if is_compressed(file.name) else file.bytes


def _cut(run: list[FoundFile]) -> Iterator[Part]:
    """The parts of neighbouring files: one, or equal ranges if it is one plain file that is large."""
    whole = whole_files(run)
    size = whole.bytes
    if len(run) > 1 or size <= PART_BYTES or is_compressed(run[0].name):
        yield whole
        return
    ranges = -(-size // PART_BYTES)
    for start, stop in itertools.pairwise(size * cut // ranges for cut in range(ranges + 1)):
        yield msgspec.structs.replace(whole, start=start, stop=stop, bytes=stop - start)


def _first_records(data: Path, files: list[FoundFile]) -> Iterator[dict[str, Any]]:
    """The records at the start of the first file that has some."""
    for file in files:
        some = False
        with opened(data / file.name) as stream:
            for offset, line in _lines(stream, start=0, stop=BUFFER_BYTES):
                if not offset and line is not None and line.lstrip().startswith(b"["):
                    raise UsageError(f"'{file.name}' {AN_ARRAY[0]}; {AN_ARRAY[1]}")
                record = _record(line)
                if isinstance(record, dict):
                    some = True
                    yield record
        if some:
            return


def _lines(stream: BinaryIO, *, start: int, stop: int) -> Iterator[tuple[int, bytes | None]]:
    """Offset and bytes of each line with something in it that starts in a range; stop 0 is the end of the file.

    None in place of a line that is longer than a document may be, of which a buffer is held at most.
    """
    offset = start
    if start:
        # A line that ends right before the range is whole in the range before.
        stream.seek(start - 1)
        offset += _rest_of_line(stream) - 1
    while not stop or offset < stop:
        line = stream.readline(MAX_DOCUMENT_BYTES + 1)
        if not line:
            return
        if len(line) > MAX_DOCUMENT_BYTES and not line.endswith(b"\n"):
            yield offset, None
            offset += _rest_of_line(stream)
        elif not line.isspace():
            yield offset, line if offset else line.removeprefix(_BYTE_ORDER_MARK)
        offset += len(line)


def _rest_of_line(stream: BinaryIO) -> int:
    """Reads on to the start of the next line; how many bytes that were."""
    count = 0
    while piece := stream.readline(BUFFER_BYTES):
        count += len(piece)
        if piece.endswith(b"\n"):
            break
    return count


def _record(line: bytes | None) -> dict[str, Any] | str:
    """The record of a line, or why it is none."""
    if line is None:
        return TOO_LONG
    try:
        record = parse_json(line)
    except ValueError:
        return NOT_JSON
    return record if isinstance(record, dict) else NOT_JSON
