"""`--check`: is a prepared folder what its record says, down to every row, and what is in it?"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader

from mixsched import Manifest
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, Rows, Shard
from train.prepare.hashing import file_sha256
from train.prepare.record import (
    Record,
    manifest_paths,
    read_record,
    read_sound_manifest,
)
from train.prepare.stages.finishing import RECORD_FILE
from train.prepare.tokenizer import load_tokenizer
from train.prepare.told import console, tell, tell_fault

_ROWS_AT_ONCE = 4_096


def check(shards: Path) -> None:
    """Read all of it, print what is there, then every fault; raises UsageError with their number if there are some."""
    record = read_record(shards)
    sound: list[Manifest] = []
    faults = list(_tokenizer_faults(shards, record))
    # A source before its held-out part.
    for name in sorted({*record.manifests, *manifest_paths(shards)}, key=lambda name: PurePosixPath(name).parent):
        faults += _manifest_faults(shards, name, record, sound)
    screen = console()
    tell(screen, sound)
    if sound:
        screen.print()
    for fault in faults:
        tell_fault(screen, fault)
    if faults:
        raise UsageError(
            f"{len(faults)} fault{'s' * (len(faults) != 1)} in '{shards}'; restore the files that are named above, or "
            "remove the folder and prepare it again"
        )
    screen.print(f"every shard in '{shards}' is as it was prepared", highlight=False, markup=False, soft_wrap=True)


def _tokenizer_faults(shards: Path, record: Record) -> Iterator[str]:
    path = shards / TOKENIZER_FILE
    try:
        if not path.is_file():
            yield f"the tokenizer '{path}' is missing"
            return
        digest, words = file_sha256(path), load_tokenizer(path).vocab_size()
    except (UsageError, OSError) as error:
        yield _said(path, error)
    else:
        if digest != record.tokenizer:
            yield (
                f"the tokenizer '{path}' is not the one that the rows were made with: its SHA-256 is {digest[:12]}, "
                f"{RECORD_FILE} says {record.tokenizer[:12]}"
            )
        elif words != record.vocab_size:
            yield f"the tokenizer '{path}' has {words:,} words, {RECORD_FILE} says {record.vocab_size:,}"


def _manifest_faults(shards: Path, name: str, record: Record, sound: list[Manifest]) -> Iterator[str]:
    """What is wrong with a manifest and the shards beside it; it joins `sound` if nothing is wrong with itself."""
    path = shards / name
    try:
        if not path.is_file():
            yield f"the manifest '{path}' is missing"
            return
        digest = file_sha256(path)
        if digest != record.manifests.get(name):
            yield _other_manifest(path, name, record, digest)
        if name not in record.manifests:
            return
        manifest = read_sound_manifest(path.parent)
    except (UsageError, OSError) as error:
        yield _said(path, error)
    else:
        if digest == record.manifests[name]:
            sound.append(manifest)
        yield from _part_faults(path.parent, manifest, record)


def _other_manifest(path: Path, name: str, record: Record, digest: str) -> str:
    """The sentence for a manifest that is not the one of its place: what it is instead, where that is known."""
    places = [f"'{place}'" for place, expected in record.manifests.items() if expected == digest]
    instead = f"it is the one that was made as {' and '.join(places)}" if places else ""
    if name not in record.manifests:
        return f"the manifest '{path}' is not listed in {RECORD_FILE}: {instead or 'it is of another preparation'}"
    return (
        f"the manifest '{path}' is not the one that was made here: {instead or 'it was edited, or is of another part'}"
        f" (its SHA-256 is {digest[:12]}, {RECORD_FILE} says {record.manifests[name][:12]})"
    )


def _part_faults(folder: Path, manifest: Manifest, record: Record) -> Iterator[str]:
    """What is wrong with a part of a source: its tokenizer, its shards, and how many documents end in its rows."""
    if manifest.tokenizer != record.tokenizer:
        yield f"the rows in '{folder}' were made with another tokenizer ({manifest.tokenizer[:12]})"
    ends: list[int] = []
    for shard in manifest.shards:
        try:
            _check_file(folder / shard.file, shard)
            # A folder of one shard, so that a fault is that shard's.
            alone = Rows(folder, dataclasses.replace(manifest, rows=shard.rows, shards=(shard,)))
            ends.append(_ends_in(alone, folder / shard.file, words=record.vocab_size))
        except (UsageError, OSError, RuntimeError) as error:
            # ArrayRecord raises RuntimeError for whatever it cannot read.
            yield _said(folder / shard.file, error)
    filled = manifest.rows * manifest.context_tokens - manifest.tokens
    if len(ends) == len(manifest.shards) and sum(ends) != manifest.documents + filled:
        yield (
            f"the rows in '{folder}' end {sum(ends) - filled:,} documents, their manifest says "
            f"{manifest.documents:,}: they are of another preparation"
        )


def _check_file(path: Path, shard: Shard) -> None:
    if not path.is_file():
        raise UsageError(f"the shard '{path}' is missing")
    size = path.stat().st_size
    if size != shard.bytes:
        raise UsageError(f"the shard '{path}' has {size:,} bytes, its manifest says {shard.bytes:,}")
    digest = file_sha256(path)
    if digest != shard.sha256:
        raise UsageError(
            f"the shard '{path}' is damaged: its SHA-256 is {digest[:12]}, its manifest says {shard.sha256[:12]}"
        )
    # Of a file that it cannot read, ArrayRecord says that it has none.
    rows = ArrayRecordReader(str(path)).num_records()
    if rows != shard.rows:
        raise UsageError(f"the shard '{path}' holds {rows:,} rows that can be read, its manifest says {shard.rows:,}")


def _ends_in(rows: Rows, path: Path, *, words: int) -> int:
    """How many ends of documents a shard holds; raises UsageError if its rows cannot be what was made."""
    ends = 0
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        # One row more, to see whether the next begins where this one ends.
        read = rows.__getitems__(range(max(0, start - 1), min(start + _ROWS_AT_ONCE, len(rows))))
        if read.max() >= words:
            raise UsageError(f"the shard '{path}' holds the token {read.max()}, the tokenizer has {words} words")
        if not np.array_equal(read[:-1, -1], read[1:, 0]):
            raise UsageError(f"rows of the shard '{path}' do not follow each other")
        ends += int((read[start > 0 :, 1:] == rows.manifest.eos_id).sum())
    return ends


def _said(path: Path, error: Exception) -> str:
    return str(error) if isinstance(error, UsageError) else f"'{path}' cannot be read ({error})"
