"""The file between the stages: cleaned documents as Parquet, written and read one group of rows after the other."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from train.corpora.document import Document

_FILE = "documents.parquet"
_SCHEMA = pa.schema([(name, pa.string()) for name in ("text", "origin", "licence")])


@contextlib.contextmanager
def document_writer(folder: Path) -> Iterator[Callable[[Sequence[Document]], None]]:
    """A function that writes a group of documents, for the length of the block."""
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": False}
    with pq.ParquetWriter(folder / _FILE, _SCHEMA, write_statistics=False, **options) as writer:

        def write(group: Sequence[Document]) -> None:
            columns = [[getattr(document, name) for document in group] for name in _SCHEMA.names]
            writer.write_table(pa.table(columns, schema=_SCHEMA), row_group_size=len(group))

        yield write


def read_groups(folder: Path, groups: Sequence[int]) -> Iterator[dict[str, list[str]]]:
    """The documents of some groups: lists of `text`, `origin` and `licence`, a group at a time."""
    with pq.ParquetFile(folder / _FILE) as file:
        for group in groups:
            yield file.read_row_group(group, use_threads=False).to_pydict()


def read_some(folder: Path, group_documents: Sequence[int], documents: np.ndarray) -> Iterator[tuple[str, str]]:
    """Text and origin of some documents by their number in the file, in rising order; other groups are not read."""
    first = 0
    with pq.ParquetFile(folder / _FILE) as file:
        for group, count in enumerate(group_documents):
            here = documents[(documents >= first) & (documents < first + count)] - first
            if len(here):
                table = file.read_row_group(group, columns=["text", "origin"], use_threads=False)
                yield from ((table["text"][place].as_py(), table["origin"][place].as_py()) for place in here.tolist())
            first += count
