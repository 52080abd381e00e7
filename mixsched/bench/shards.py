"""Sources on disk to read from: rows of random token ids in ArrayRecord shards, as `train.prepare` writes them."""

from pathlib import Path

import numpy as np

from mixsched.bench.case import Case
from mixsched.shards import Manifest, Rows, open_rows, write_shard

CONTEXT_TOKENS = 1_024
LEAST_ROWS = 64
SHARDS = 2


def rows_on_disk(case: Case, total_rows: int) -> dict[str, int]:
    """Rows of each source, about `total_rows` in all, by the weights."""
    return {name: max(LEAST_ROWS, int(weight * total_rows)) for name, weight in case.weights.items()}


def write_sources(
    folder: Path, rows: dict[str, int], *, context_tokens: int = CONTEXT_TOKENS, vocab_size: int = 2**16, seed: int
) -> dict[str, Rows]:
    """Write a source of so many rows for each name, and open them."""
    rng = np.random.default_rng(seed)
    dtype = np.uint16 if vocab_size <= 2**16 else np.uint32
    for name, count in rows.items():
        _write_source(folder / name, rng.integers(0, vocab_size, (count, context_tokens + 1), dtype))
    return {name: open_rows(folder / name) for name in rows}


def _write_source(folder: Path, ids: np.ndarray) -> None:
    folder.mkdir()
    shards = []
    for number, part in enumerate(np.array_split(ids, SHARDS)):
        shards.append(write_shard(folder / f"{number:05}-of-{SHARDS:05}.array_record", part))
    manifest = Manifest(
        source=folder.name,
        part="train",
        rows=len(ids),
        context_tokens=ids.shape[1] - 1,
        dtype=ids.dtype.name,
        tokens=ids.size,
        text_bytes=0,
        documents=len(ids),
        eos_id=0,
        tokenizer="0" * 64,
        shards=tuple(shards),
        dropped={},
        licences={},
        origins={},
    )
    (folder / "manifest.json").write_text(manifest.to_json())
