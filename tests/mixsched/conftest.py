"""Sources on disk to test with."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mixsched import Manifest
from mixsched.shards import write_shard


@dataclasses.dataclass(frozen=True)
class OnDisk:
    """A source folder and the rows that were written to it, in record order."""

    folder: Path
    rows: np.ndarray
    manifest: Manifest


def _write(folder: Path, rows: np.ndarray, *, shards: int) -> OnDisk:
    folder.mkdir(parents=True)
    listed = []
    for number, part in enumerate(np.array_split(rows, shards)):
        listed.append(write_shard(folder / f"{number:05}-of-{shards:05}.array_record", part))
    manifest = Manifest(
        source=folder.name,
        part="train",
        rows=len(rows),
        context_tokens=rows.shape[1] - 1,
        dtype=rows.dtype.name,
        tokens=rows.size,
        text_bytes=4 * rows.size,
        documents=len(rows),
        eos_id=0,
        tokenizer="ab" * 32,
        shards=tuple(listed),
        dropped={},
        licences={"CC0-1.0": len(rows)},
        origins={"a test": len(rows)},
    )
    (folder / "manifest.json").write_text(manifest.to_json())
    return OnDisk(folder, rows, manifest)


@pytest.fixture(scope="session")
def write_source() -> Callable[..., OnDisk]:
    """`write_source(folder, rows, shards=...)` writes uint16 or uint32 rows as a source of that many shards."""
    return _write
