"""Jupyter notebooks: the cells that people wrote, in order, without what the machine answered."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers.files import Files, find_files, grouped, opened, size_of, whole_files
from train.prepare.readers.reader import MAX_DOCUMENT_BYTES, PART_BYTES, Dropped, Part, Reader
from train.prepare.readers.texts import TOO_LONG, parse_json, to_document

NOTEBOOK = "Jupyter Notebook"
NOT_A_NOTEBOOK = "not a Jupyter notebook"


class Notebooks(Reader, tag="notebooks", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files .ipynb of nbformat 2 to 4, one document each; `notebook_text` says what of them."""

    files: Files = ("**/*.ipynb",)
    licence: str = "unknown"

    def parts(self, data: Path) -> list[Part]:
        """Runs of neighbouring files."""
        return [whole_files(run) for run in grouped(find_files(data, self.files), size_of, limit=PART_BYTES)]

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """One document a file; a file that cannot be read is a broken one."""
        for name in part.files:
            try:
                with opened(data / name) as stream:
                    content = stream.read(MAX_DOCUMENT_BYTES + 1)
                if len(content) > MAX_DOCUMENT_BYTES:
                    yield Dropped(name, TOO_LONG, broken=True)
                    continue
                text = notebook_text(content)
            except UsageError:
                yield Dropped(name, "cannot be read", broken=True)
            except ValueError as error:
                yield Dropped(name, str(error), broken=True)
            else:
                yield to_document(text, source=source, origin=name, licence=self.licence, language=NOTEBOOK)


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""
    input: str | list[str] = ""
    """The source of a code cell before nbformat 4."""
    language: str = ""
    """Of a code cell before nbformat 4."""
    level: int = 1
    """Of a heading before nbformat 4."""


class _Worksheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] | None = None
    worksheets: list[_Worksheet] | None = None
    """Of nbformat 2 and 3."""
    metadata: dict[str, Any] = {}


def notebook_text(content: bytes | str) -> str:
    """The text of a notebook: its cells in order with an empty line between, "" if it has none.

    Markdown stands as it is, code in fences that name its language; outputs and raw cells are left out.
    Raises ValueError if the JSON is no notebook's.
    """
    try:
        encoded = content.encode(errors="surrogatepass") if isinstance(content, str) else content
        notebook = msgspec.convert(parse_json(encoded.removeprefix(b"\xef\xbb\xbf")), _Notebook)
    except ValueError as error:
        raise ValueError(NOT_A_NOTEBOOK) from error
    sheets = notebook.worksheets
    cells = notebook.cells if sheets is None else [cell for sheet in sheets for cell in sheet.cells]
    if cells is None:
        raise ValueError(NOT_A_NOTEBOOK)
    language = _language(notebook.metadata)
    return "\n\n".join(text for cell in cells if (text := _cell_text(cell, language)))


def _cell_text(cell: _Cell, language: str) -> str:
    source = cell.source or cell.input
    source = (source if isinstance(source, str) else "".join(source)).strip("\n")
    if not source.strip() or cell.cell_type not in ("markdown", "heading", "code"):
        return ""
    if cell.cell_type == "markdown":
        return source
    if cell.cell_type == "heading":
        return "#" * min(max(cell.level, 1), 6) + " " + source
    # A fence must be longer than any within.
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", source))])
    return f"{fence}{cell.language or language}\n{source}\n{fence}"


def _language(metadata: dict[str, Any]) -> str:
    """What the notebook says of its code, else Python, which nearly all of them are in."""
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        said = metadata.get(part)
        name = said.get(key) if isinstance(said, dict) else None
        if isinstance(name, str) and re.fullmatch(r"\S+", name):
            return name.lower()
    return "python"
