"""What a prepared folder says of itself, read without trust: `corpus.json`, and the manifests that it lists."""

from pathlib import Path

import msgspec
import numpy as np

from mixsched import Manifest
from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from train.prepare.stages.finishing import RECORD_FILE

MANIFEST_FILE = "manifest.json"


class Record(msgspec.Struct, frozen=True):
    """What `corpus.json` says of the files beside it."""

    tokenizer: str
    """The SHA-256 of the tokenizer's model file."""
    vocab_size: int
    manifests: dict[str, str]
    """The SHA-256 of every manifest, by its path in the folder."""


def read_record(shards: Path) -> Record:
    """The record of a prepared folder; raises UsageError if it is missing, damaged or lists no manifests."""
    path = shards / RECORD_FILE
    if not path.is_file():
        raise UsageError(
            f"'{shards}' holds no {RECORD_FILE}, so it is no folder of prepared sources; name one that "
            "python -m train.prepare made"
        )
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"'{path}' is damaged, or of an earlier version ({error}); restore it, or remove the folder and prepare "
            "it again"
        ) from error
    if not record.manifests:
        raise UsageError(f"'{path}' lists no manifests; restore it, or remove the folder and prepare it again")
    return record


def manifest_paths(shards: Path) -> list[str]:
    """The manifests that are there, by their paths in the folder."""
    return [path.relative_to(shards).as_posix() for path in shards.rglob(MANIFEST_FILE)]


def read_sound_manifest(folder: Path) -> Manifest:
    """A manifest whose numbers are numbers, and could be; raises UsageError that names the file and what is wrong."""
    path = folder / MANIFEST_FILE
    try:
        # Its types first: `read_manifest` adds up what it finds.
        msgspec.json.decode(path.read_bytes(), type=Manifest)
        manifest = read_manifest(folder)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"'{path}' is not a manifest ({error})") from error
    for name, count in _counts(manifest).items():
        if not 0 < count < 2**63:
            raise UsageError(f"'{path}' says `{name}` = {count:,}, which cannot be")
    row_bytes = (manifest.context_tokens + 1) * np.dtype(manifest.dtype).itemsize
    for shard in manifest.shards:
        # Shards are not compressed. Without this, a wrong number would ask for all the memory there is.
        if not 0 <= shard.rows * row_bytes <= shard.bytes:
            raise UsageError(
                f"'{path}' says {shard.rows:,} rows of {row_bytes:,} bytes in '{shard.file}' of {shard.bytes:,} bytes, "
                "which cannot be"
            )
    return manifest


def _counts(manifest: Manifest) -> dict[str, int]:
    return {
        "rows": manifest.rows,
        "context_tokens": manifest.context_tokens,
        "tokens": manifest.tokens,
        "text_bytes": manifest.text_bytes,
        "documents": manifest.documents,
    }
