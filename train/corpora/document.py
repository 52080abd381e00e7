"""One document of a corpus with its provenance, and the JSON Lines files that hold documents."""

import dataclasses
import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path

_XZ_PRESET = 9 | lzma.PRESET_EXTREME


@dataclasses.dataclass(frozen=True)
class Document:
    """A text and where it comes from; all fields but `language` are strings that aren't empty.

    - `origin`: the package, its version and the path in it, "pypi:django==5.2.7/django/apps.py".
    - `licence`: an SPDX id where one exists.
    - `group`: what the document is about, "country:fr". Documents on one subject share it even
      across sources, so that splitting by the group's hash never leaks a held-out fact.
    - `language`: of a programming or markup language as GitHub's Linguist names it, "C++"; empty if there is none.
    """

    text: str
    source: str
    origin: str
    licence: str
    group: str
    language: str = ""

    def __post_init__(self) -> None:
        for name in FIELD_NAMES:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise ValueError(f"`{name}` must be a string that isn't empty, got {value!r}")


FIELD_NAMES = ("text", "source", "origin", "licence", "group")


def read_documents(path: Path | str) -> Iterator[Document]:
    """Streams the documents of a `.jsonl.xz` or plain `.jsonl` file, in the file's order.

    Raises ValueError that names the file and the line where a line isn't a document.
    """
    path = Path(path)
    if path.suffixes[-2:] == [".jsonl", ".xz"]:
        open_stream = lzma.open
    elif path.suffix == ".jsonl":
        open_stream = open
    else:
        raise ValueError(f"`path` must end in .jsonl or .jsonl.xz, got {str(path)!r}")
    with open_stream(path, "rb") as stream:
        line_number = 0
        try:
            for line_number, line in enumerate(stream, start=1):
                yield _parse_line(line, where=f"{path}, line {line_number}")
        except (lzma.LZMAError, EOFError) as error:
            raise ValueError(
                f"{path}, after line {line_number}: the xz stream is damaged ({error}); get the file again"
            ) from error


def _parse_line(line: bytes, *, where: str) -> Document:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: not a line of JSON in UTF-8 ({error})") from error
    if not isinstance(fields, dict) or set(fields) != set(FIELD_NAMES):
        found = sorted(fields) if isinstance(fields, dict) else type(fields).__name__
        raise ValueError(f"{where}: needs exactly the keys {list(FIELD_NAMES)}, found {found}")
    try:
        return Document(**fields)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """Writes a `.jsonl.xz` file; equal documents give equal bytes (no time stamp, one stream)."""
    records = ({name: getattr(document, name) for name in FIELD_NAMES} for document in documents)
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    with lzma.open(path, "wb", format=lzma.FORMAT_XZ, preset=_XZ_PRESET) as stream:
        for line in lines:
            stream.write(line.encode())
