"""Reads the items of evaluations from files: each text in each record, under a name that tells where it stands."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mixsched.errors import UsageError
from train.prepare.readers.files import find_files, opened
from train.prepare.readers.texts import parse_json


def evaluation_items(folder: Path, patterns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and text of each item, file by file: "HumanEval.jsonl.gz:3" for line 3 of it, or the name of a .txt file.

    In JSON lines, compressed or not, every string at any depth of a record is an item, keys excepted; a .txt file is
    one. Raises UsageError where a pattern matches no file in `folder`, or a file cannot be read.
    """
    for file in find_files(folder, patterns):
        try:
            yield from _items(folder / file.name)
        except UsageError:
            raise
        except ValueError as error:
            raise UsageError(
                f"'{folder / file.name}' cannot be read as evaluation items ({error}); get the file again"
            ) from error


def _items(file: Path) -> Iterator[tuple[str, str]]:
    with opened(file) as stream:
        if file.suffix == ".txt":
            yield file.name, stream.read().decode()
        elif ".jsonl" in file.suffixes:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield from ((f"{file.name}:{number}", text) for text in _strings(parse_json(line)))
        else:
            raise UsageError(f"`files` takes JSON lines and .txt files, got '{file}'; turn it into one of them")


def _strings(record: object) -> Iterator[str]:
    if isinstance(record, str):
        yield record
    elif isinstance(record, dict | list):
        for value in record.values() if isinstance(record, dict) else record:
            yield from _strings(value)
