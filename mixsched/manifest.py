"""`manifest.json` of a source folder: what its shards hold, read without trust in who wrote it."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from mixsched.errors import UsageError
from mixsched.typed import read_json, typed

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_FORMAT = 1
DTYPES = ("uint16", "uint32")


@dataclasses.dataclass(frozen=True)
class Shard:
    """One ArrayRecord file: its name in the folder, rows, size in bytes and SHA-256."""

    file: str
    rows: int
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a source folder holds and where it came from.

    A row has `context_tokens + 1` ids, the last of which is the first of the next row, so that every token of the
    documents is a target once. `tokens` counts the documents' tokens with their EOS, `text_bytes` their UTF-8
    bytes; `tokenizer` is the SHA-256 of the tokenizer's model file. `dropped` counts by reason the documents that
    became no part of the source (told with the training part), with some examples; `licences` and `origins` count
    documents, `languages` bytes.
    """

    source: str
    part: str
    rows: int
    context_tokens: int
    dtype: str
    tokens: int
    text_bytes: int
    documents: int
    eos_id: int
    tokenizer: str
    shards: tuple[Shard, ...]
    dropped: dict[str, int]
    licences: dict[str, int]
    origins: dict[str, int]
    languages: dict[str, int] = dataclasses.field(default_factory=dict)
    dropped_examples: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    format: int = MANIFEST_FORMAT

    @property
    def fingerprint(self) -> str:
        """A SHA-256 over the checksums of the shards: what rows these are, wherever they lie."""
        import hashlib

        return hashlib.sha256("".join(shard.sha256 for shard in self.shards).encode()).hexdigest()

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        import json

        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True) + "\n"


def read_manifest(folder: "Path") -> Manifest:
    """The manifest of a source folder; raises UsageError if it is missing, damaged or of another format."""
    path = folder / "manifest.json"
    try:
        value = read_json(path.read_bytes())
        if value["format"] != MANIFEST_FORMAT:
            raise UsageError(
                f"'{path}' has format {value['format']!r}, this version reads {MANIFEST_FORMAT}; "
                "prepare this source again"
            )
        manifest = typed(Manifest, value)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"'{folder}' holds no manifest.json, so it is no source; prepare it first") from None
    except UsageError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"'{path}' is not a manifest ({error}); prepare this source again") from error
    if manifest.dtype not in DTYPES:
        raise UsageError(
            f"'{path}' has dtype {manifest.dtype!r}, this version reads {' or '.join(DTYPES)}; "
            "prepare this source again"
        )
    shards = manifest.shards
    if manifest.rows != sum(shard.rows for shard in shards):
        raise UsageError(
            f"'{path}' says {manifest.rows} rows, its shards have {sum(shard.rows for shard in shards)}; "
            "it was edited: restore it or prepare this source again"
        )
    for shard in shards:
        _check_told(path, shard, row_bytes=(manifest.context_tokens + 1) * np.dtype(manifest.dtype).itemsize)
    return manifest


def _check_told(manifest: "Path", shard: Shard, *, row_bytes: int) -> None:
    """Raise UsageError for a shard that could not be: one of another folder, or too short for its rows."""
    if not _is_file_name(shard.file):
        raise UsageError(
            f"'{manifest}' names the shard {shard.file!r}, which is no name of a file beside it; restore it or prepare "
            "this source again"
        )
    # Shards are not compressed. Without this, a wrong number would ask for all the memory there is.
    if row_bytes < 1 or not 0 <= shard.rows * row_bytes <= shard.bytes:
        raise UsageError(
            f"'{manifest}' says {shard.rows:,} rows of {row_bytes:,} bytes in '{shard.file}' of {shard.bytes:,} bytes, "
            "which cannot be; restore it or prepare this source again"
        )


def _is_file_name(name: str) -> bool:
    """Whether a name leads to no other folder, on any system, and can be written in UTF-8."""
    return name.isprintable() and not set(name) & set("/\\:") and name.strip(". ") != "" and len(name) <= 200
