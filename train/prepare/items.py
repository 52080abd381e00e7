"""Reads the items of evaluations from files: each text in each record, under a name that tells where it stands."""

import glob
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from mixsched.errors import UsageError

_UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, RecursionError)


def evaluation_items(folder: Path, patterns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and text of each item, file by file: "HumanEval.jsonl.gz:3" for line 3 of it, or the name of a .txt file.

    In .jsonl and .jsonl.gz every string at any depth of a record is an item, keys excepted; a .txt file is one.
    Raises UsageError where a pattern matches no file in `folder`, or a file cannot be read.
    """
    files = [file for pattern in patterns for file in _matching(folder, pattern)]
    for file in dict.fromkeys(files):
        try:
            yield from _items(file)
        except _UNREADABLE as error:
            raise UsageError(f"'{file}' cannot be read as evaluation items ({error}); get the file again") from error


def _matching(folder: Path, pattern: str) -> list[Path]:
    found = [folder / name for name in sorted(glob.glob(pattern, root_dir=folder, recursive=True))]
    files = [path for path in found if path.is_file()]
    if not files:
        raise UsageError(f"`files` names {pattern!r}, which is not in '{folder}'; correct the name or add the file")
    return files


def _items(file: Path) -> Iterator[tuple[str, str]]:
    if file.suffix == ".txt":
        yield file.name, file.read_text(encoding="utf-8")
    elif file.name.endswith((".jsonl", ".jsonl.gz")):
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from ((f"{file.name}:{number}", text) for text in _strings(json.loads(line)))
    else:
        raise UsageError(f"`files` takes .jsonl, .jsonl.gz and .txt files, got '{file}'")


def _strings(record: object) -> Iterator[str]:
    if isinstance(record, str):
        yield record
    elif isinstance(record, dict | list):
        for value in record.values() if isinstance(record, dict) else record:
            yield from _strings(value)
