"""A source on disk: a folder with `manifest.json` and ArrayRecord shards of fixed-length rows of token ids.

web_code/
  manifest.json  00000-of-00002.array_record  00001-of-00002.array_record
  heldout/
    manifest.json  00000-of-00001.array_record
"""

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixsched.errors import UsageError, did_you_mean
from mixsched.manifest import Manifest as Manifest
from mixsched.manifest import Shard as Shard
from mixsched.manifest import read_manifest as read_manifest

if TYPE_CHECKING:
    from pathlib import Path

# Rows of token ids are read one here, one there, and hardly compress.
WRITER_OPTIONS = "group_size:1,uncompressed"
# The tokenizer of all sources lies beside them, in the folder that holds their folders.
TOKENIZER_FILE = "tokenizer.model"
# Characters of what a library says of a file that it cannot read.
LONGEST_REASON = 120


def tokenizer_fingerprint(shards: "Path") -> str:
    """The SHA-256 of the tokenizer beside the sources in `shards`; raises UsageError if there is none."""
    import hashlib

    path = shards / TOKENIZER_FILE
    if not path.is_file():
        raise UsageError(
            f"'{shards}' holds no {TOKENIZER_FILE}, so it is no folder of prepared sources; "
            "name one that is, or make it with python -m train.prepare"
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Rows:
    """The rows of a source folder, read by record number: what Grain calls a random-access data source.

    Picklable, and safe to read from several threads. `rows[record]` is one row, `rows.__getitems__(records)`
    many in one call: uint16 or uint32 [context_tokens + 1] and [records, context_tokens + 1].
    """

    def __init__(self, folder: "Path", manifest: Manifest):
        self.folder = folder
        self.manifest = manifest
        self._ends = np.cumsum([shard.rows for shard in manifest.shards])
        # Opened when they are first read, and by each process for itself.
        self._readers: dict[int, Any] = {}
        self._opening = threading.Lock()

    def __len__(self) -> int:
        return self.manifest.rows

    def __getitem__(self, record: int) -> np.ndarray:
        return self.__getitems__([record])[0]

    def __getitems__(self, records: Sequence[Any]) -> np.ndarray:
        wanted = np.asarray(records, np.int64)
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= len(self)):
            raise IndexError(f"records must lie in 0..{len(self) - 1}, got {wanted.min()}..{wanted.max()}")
        rows = np.empty((len(wanted), self.manifest.context_tokens + 1), self.manifest.dtype)
        shard_of = np.searchsorted(self._ends, wanted, side="right")
        for shard in np.unique(shard_of).tolist():
            part = np.flatnonzero(shard_of == shard)
            first = self._ends[shard] - self.manifest.shards[shard].rows
            read = self._read(shard, (wanted[part] - first).tolist())
            if len(read) != len(part) * rows.strides[0]:
                raise UsageError(
                    f"the shard '{self.folder / self.manifest.shards[shard].file}' holds rows of another length than "
                    "its manifest says; restore it or prepare this source again"
                )
            rows[part] = np.frombuffer(read, rows.dtype).reshape(len(part), -1)
        return rows

    def _read(self, shard: int, places: list[int]) -> bytes:
        """Some rows of a shard, one after another; raises UsageError if the shard is damaged there, or has gone."""
        try:
            # One call a shard: the library's own data source starts threads for every call, which costs more.
            return b"".join(self._reader(shard).read(places))
        except (RuntimeError, IndexError) as error:
            # ArrayRecord raises the one for what it cannot read; of a file whose end is damaged it sees no rows.
            why = str(error).splitlines()[0][:LONGEST_REASON] if str(error) else type(error).__name__
            raise UsageError(
                f"the shard '{self.folder / self.manifest.shards[shard].file}' cannot be read ({why}); restore it or "
                "prepare this source again"
            ) from error

    def _reader(self, shard: int) -> Any:
        reader = self._readers.get(shard)
        if reader is None:
            with self._opening:
                reader = self._readers.get(shard) or _open_shard(self.folder / self.manifest.shards[shard].file)
                self._readers[shard] = reader
        return reader

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "manifest": self.manifest}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    def __repr__(self) -> str:
        return f"Rows({str(self.folder)!r}, rows={len(self)})"


def _open_shard(path: "Path") -> Any:
    # Only readers of shards need array_record; plans and tables live without it.
    from array_record.python.array_record_module import ArrayRecordReader

    # Rows are asked for in random order, so reading ahead would read in vain.
    return ArrayRecordReader(str(path), options="readahead_buffer_size:0", file_reader_buffer_size=2**15)


def write_shard(path: "Path", rows: Iterable[np.ndarray]) -> Shard:
    """Write rows of one dtype and length as an ArrayRecord file; returns what a manifest says of it."""
    import hashlib

    from array_record.python.array_record_module import ArrayRecordWriter

    writer, written = ArrayRecordWriter(str(path), WRITER_OPTIONS), 0
    for row in rows:
        writer.write(row.tobytes())
        written += 1
    writer.close()
    with path.open("rb") as stream:
        return Shard(path.name, written, path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def rows_in(folder: "Path", names: Iterable[str]) -> dict[str, int]:
    """The rows of the named sources in a folder of sources; raises UsageError for one that is not there."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder '{folder}'; name the folder that holds the folders of the sources")
    known = sorted(path.parent.name for path in folder.glob("*/manifest.json"))
    for name in names:
        if name not in known:
            raise UsageError(
                f"the mix names the source {name!r}, which is not in '{folder}'; {did_you_mean(name, known)}"
            )
    return {name: read_manifest(folder / name).rows for name in names}


def open_rows(folder: "Path | str", *, context_tokens: int | None = None, tokenizer: str | None = None) -> Rows:
    """Open a source folder and check it: every shard there with its size, the context and tokenizer as asked.

    `tokenizer` is a SHA-256 as in the manifest. Raises UsageError that names what is missing or differs.
    """
    from pathlib import Path

    folder = Path(folder)
    manifest = read_manifest(folder)
    if context_tokens is not None and manifest.context_tokens != context_tokens:
        raise UsageError(
            f"the rows in '{folder}' have context {manifest.context_tokens}, this run needs {context_tokens}; "
            "prepare the source for that context or change the scale"
        )
    if tokenizer is not None and manifest.tokenizer != tokenizer:
        raise UsageError(
            f"the rows in '{folder}' were made with another tokenizer ({manifest.tokenizer[:12]}, not "
            f"{tokenizer[:12]}); prepare all sources with one tokenizer"
        )
    for shard in manifest.shards:
        _check_shard(folder / shard.file, shard)
    return Rows(folder, manifest)


def _check_shard(path: "Path", shard: Shard) -> None:
    if not path.is_file():
        raise UsageError(f"the shard '{path}' is missing; restore it or prepare this source again")
    size = path.stat().st_size
    if size != shard.bytes:
        raise UsageError(
            f"the shard '{path}' has {size} bytes, its manifest says {shard.bytes}; it is truncated or was "
            "replaced: restore it or prepare this source again"
        )
