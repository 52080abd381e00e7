"""Picks the files of a package that are worth reading, and tells whose they are."""

import dataclasses
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from train.corpora.document import Document
from train.corpora.fetch import Unpacked

_MIN_BYTES, _MAX_BYTES = 400, 60_000
_MAX_LINE_CHARACTERS = 400
_MAX_MEAN_LINE_CHARACTERS = 70
_TEST_PATH = re.compile(
    r"(^|/)(tests?|testing|testdata|_?test_[^/]*|benches|examples?|fixtures|vendor|vendored|"
    r"third_party|locale|idlelib|lib2to3|turtledemo|pydoc_data|encodings)(/|$)"
    r"|((^|/)tests?|_test|_tests|\.test|\.spec|\.min|_pb2|\.pb|\.upb[a-z_]*|_generated|tables)\.\w+$",
)
_GENERATED = re.compile(
    r"(generated (by|from|file|code|automatically)|auto-?generated|automatically generated|"
    r"do not (edit|modify))",
    re.IGNORECASE,
)
_COPYRIGHT_LINE = re.compile(r"copyright\s*(\(c\)|©|\d{4}|by\b)|©\s*\d{4}|\(c\)\s*\d{4}", re.I)
_FOREIGN_LICENCE = re.compile(
    r"General Public Licen|\b[AL]?GPL\b|Mozilla Public|\bMPL\b|Creative Commons|\bCC[- ]BY|"
    r"Lucent|Public License|SPDX-License-Identifier:(?! MIT| BSD| Apache)",
)


@dataclasses.dataclass(frozen=True)
class FileSet:
    """Files of one package that share a licence; paths and patterns are relative to its root.

    `owners` is a regular expression: a file with a copyright line that doesn't match it is someone
    else's, and is dropped.
    """

    package: str
    folder: str
    patterns: tuple[str, ...]
    licence: str
    owners: str
    excluded: tuple[str, ...] = ()


def file_documents(file_set: FileSet, unpacked: Unpacked, *, source: str) -> Iterator[Document]:
    """One document a file, in order of path."""
    root = unpacked.root
    for path in sorted((root / file_set.folder).rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or path.is_symlink() or not _is_wanted(name, file_set):
            continue
        text = _read(path)
        if text and is_readable(text) and _is_owned(text, file_set):
            yield Document(
                text=text,
                source=source,
                origin=f"{unpacked.package.label}/{name}",
                licence=file_set.licence,
                group=f"file:{unpacked.package.name}/{name}",
            )


def _is_wanted(name: str, file_set: FileSet) -> bool:
    inner = name.removeprefix(file_set.folder).lstrip("/")
    return (
        any(fnmatch(name, f"*{pattern}") for pattern in file_set.patterns)
        and not any(fnmatch(name, f"*{pattern}*") for pattern in file_set.excluded)
        and not _TEST_PATH.search(inner)
    )


def _read(path: Path) -> str:
    """The file's text with \\n line ends; empty where it isn't UTF-8 or has an odd size."""
    if not _MIN_BYTES <= path.stat().st_size <= _MAX_BYTES:
        return ""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").strip("\n") + "\n"


def is_readable(text: str) -> bool:
    """Whether a person wrote it: no minified line, no table of numbers, not generated."""
    lines = text.splitlines()
    if max(map(len, lines)) > _MAX_LINE_CHARACTERS:
        return False
    if len(text) / len(lines) > _MAX_MEAN_LINE_CHARACTERS:
        return False
    letters = sum(character.isalpha() for character in text)
    digits = sum(character.isdigit() for character in text)
    if letters < 0.4 * len("".join(text.split())) or digits > 0.15 * letters:
        return False
    return not _GENERATED.search(text[:1500])


def _is_owned(text: str, file_set: FileSet) -> bool:
    if _FOREIGN_LICENCE.search(text):
        return False
    statements = [line for line in text.splitlines() if _COPYRIGHT_LINE.search(line)]
    return all(re.search(file_set.owners, line, re.IGNORECASE) for line in statements)
