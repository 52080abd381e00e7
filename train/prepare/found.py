"""Inputs that were found for a source, and how a recipe names their files."""

import collections
import dataclasses
from collections.abc import Iterator
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any

from mixsched.errors import UsageError
from train.prepare.readers.files import find_files, is_compressed
from train.prepare.record_files import ENOUGH, RecordFile

# More files of one folder than this are written as a pattern where that means the same.
_LISTED = 8
Tables = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Found:
    """Inputs for a source, what they are in words, and whether some of their documents will be held out."""

    source: str
    inputs: list[Tables]
    told: str
    divides: bool


def found_in_records(data: Path, looked: list[RecordFile], name: str) -> Iterator[Found]:
    """Inputs for the sources that the documents name; for a source of this name from all other records."""
    by_field = collections.defaultdict[tuple[str, str], list[RecordFile]](list)
    for each in looked:
        if not each.sources:
            by_field[each.reader, each.text].append(each)
    for (reader, text), files in by_field.items():
        inputs = [{"reader": reader, "files": patterns_of(data, [each.name for each in files]), "text": text}]
        told = f"{counted(len(files), 'file')} of records with the field {text}"
        yield Found(name, inputs, told, sum(each.records for each in files) >= ENOUGH)
    yield from _from_documents(data, [each for each in looked if each.sources])


def _from_documents(data: Path, looked: list[RecordFile]) -> Iterator[Found]:
    """Documents that name their source; a file may hold those of several."""
    reader = {"reader": "jsonl", "origin": "origin", "licence": "licence", "group": "group"}
    for source in sorted(set().union(*(each.sources for each in looked))):
        own = patterns_of(data, [each.name for each in looked if set(each.sources) == {source}])
        shared = patterns_of(data, [each.name for each in looked if source in each.sources and len(each.sources) > 1])
        inputs = [{**reader, "files": own}, {**reader, "files": shared, "where": {"source": [source]}}]
        train, heldout = (sum(each.sources.get(source, (0, 0))[part] for each in looked) for part in (0, 1))
        told = f"{counted(train + heldout, 'document')} of JSON lines"
        yield Found(source, [each for each in inputs if each["files"]], told, bool(train and heldout))


def patterns_of(data: Path, names: list[str]) -> list[str]:
    """Patterns of exactly these files: their names, or for many in a folder the one that matches them alone."""
    by_place = collections.defaultdict[tuple[str, str], list[str]](list)
    for each in names:
        path = PurePosixPath(each)
        by_place[str(path.parent), "".join(path.suffixes[-2 if is_compressed(each) else -1 :])].append(each)
    patterns = []
    for (parent, ending), files in by_place.items():
        pattern = f"*{ending}" if parent == "." else f"{escape(parent)}/*{ending}"
        same = len(files) > _LISTED and matched(data, pattern) == files
        patterns += [pattern] if same else map(escape, files)
    return patterns


def matched(data: Path, pattern: str) -> list[str]:
    """The names that a pattern matches; none if that cannot be said."""
    try:
        return [file.name for file in find_files(data, [pattern])]
    except UsageError:
        return []


def counted(number: int, what: str) -> str:
    """As "1 row", "2 rows"."""
    return f"{number:,} {what}{'s' * (number != 1)}"
