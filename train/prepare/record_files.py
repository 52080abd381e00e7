"""What a file of records holds: which field is the text, which sources the documents name, or why it cannot be used."""

import dataclasses
import itertools
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mixsched.errors import UsageError
from train.corpora.document import FIELD_NAMES
from train.prepare.hashing import hash64
from train.prepare.readers.files import is_compressed
from train.prepare.readers.jsonl import AN_ARRAY, lines_of
from train.prepare.readers.parquet import columns_of
from train.prepare.split import HELDOUT_SHARE

TEXT_FIELDS = ("text", "content", "code", "body")
# So many records of a file are looked at; with as many, some are held out in all likelihood.
ENOUGH = 150
_FIELDS_TOLD = 20


@dataclasses.dataclass(frozen=True)
class RecordFile:
    """A file of records that a reader can read."""

    name: str
    """Relative to the folder of the data."""
    reader: str
    text: str
    """The field that holds the text."""
    records: int
    """How many, but no more than ENOUGH are counted."""
    sources: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    """Documents to train on and held out, by the source that they name; none if they name no source."""


@dataclasses.dataclass(frozen=True)
class Unusable:
    """Why a file cannot be used, after "which", and what to do about it."""

    name: str
    why: str
    remedy: str
    has: str = ""
    """What it has instead, after the reason."""


def is_record_file(name: str) -> bool:
    """Whether a file's name is that of JSON lines or of Parquet; one of plain JSON is a document itself."""
    path = PurePosixPath(name)
    if is_compressed(name):
        return PurePosixPath(path.stem).suffix in (".jsonl", ".ndjson", ".json")
    return path.suffix in (".jsonl", ".ndjson", ".parquet")


def look_at(data: Path, name: str) -> RecordFile | Unusable:
    """What a file of records holds, by its first records; by all of them if they are documents that name a source."""
    path = data / name
    try:
        return _look_at_columns(path, name) if path.suffix == ".parquet" else _look_at_lines(path, name)
    except UsageError as error:
        why, _, remedy = str(error).removeprefix(f"'{path}' ").rpartition("; ")
        return Unusable(name, why, remedy)


def _look_at_columns(path: Path, name: str) -> RecordFile | Unusable:
    columns, rows = columns_of(path)
    if not rows:
        return Unusable(name, "is empty", "name one that holds records")
    return _with_text(name, "parquet", columns, [field for field, text in columns.items() if text], rows)


def _look_at_lines(path: Path, name: str) -> RecordFile | Unusable:
    records, fields, texts = 0, dict[str, None](), set[str]()
    why = ("is empty", "name one that holds records")
    for number, (line, record) in enumerate(itertools.islice(lines_of(path), ENOUGH)):
        if record is not None:
            if not records and set(FIELD_NAMES) <= set(record):
                return RecordFile(name, "jsonl", "text", ENOUGH, _sources_of(path))
            records += 1
            fields.update(dict.fromkeys(record))
            texts.update(field for field, value in record.items() if isinstance(value, str))
        elif not number:
            why = _why_no_record(line)
    return _with_text(name, "jsonl", fields, texts, records) if records else Unusable(name, *why)


def _why_no_record(line: bytes) -> tuple[str, str]:
    try:
        line.decode()
    except UnicodeDecodeError:
        return "is not UTF-8", "convert it, as `iconv -f LATIN1 -t UTF-8` does from Latin 1"
    if line.lstrip().startswith(b"["):
        return AN_ARRAY
    return "holds no lines that are objects of JSON", "write one object into each line, as `jq -c .` does"


def _with_text(
    name: str, reader: str, fields: Iterable[str], texts: Iterable[str], records: int
) -> RecordFile | Unusable:
    fields, texts = list(fields), set(texts)
    for field in TEXT_FIELDS:
        if field in texts:
            return RecordFile(name, reader, field, min(records, ENOUGH))
    those = f"{', '.join(TEXT_FIELDS[:-1])} or {TEXT_FIELDS[-1]}"
    kind = " that holds text" if set(fields) & set(TEXT_FIELDS) else ""
    return Unusable(
        name,
        f"has no field {those}{kind}",
        "write a recipe that says which holds the text",
        f", it has {', '.join(fields[:_FIELDS_TOLD])}{', ...' if len(fields) > _FIELDS_TOLD else ''}",
    )


def _sources_of(path: Path) -> dict[str, tuple[int, int]]:
    held = dict[str, tuple[int, int]]()
    for _, record in lines_of(path):
        if record is not None:
            source, group = str(record.get("source")), str(record.get("group"))
            out = hash64("held out", group.encode(errors="replace")) < int(HELDOUT_SHARE * 2**64)
            train, heldout = held.get(source, (0, 0))
            held[source] = (train + (not out), heldout + out)
    return held
