"""From shards to batches on devices: a plan's steps, read ahead by Grain, put where the step wants them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import grain
import jax
import numpy as np
import sentencepiece
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import mixsched
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, rows_in, tokenizer_fingerprint
from model.sharding import batch_sharding
from train.step import Batch

# Steps that are read ahead, and the threads that read them.
READ_AHEAD_STEPS = 8
READ_THREADS = 2


def check_tokenizer(shards: Path, *, vocab_size: int) -> str:
    """The SHA-256 of the tokenizer in `shards`; raises UsageError if it has other words than the model."""
    tokenizer = tokenizer_fingerprint(shards)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(shards / TOKENIZER_FILE))
    if processor.vocab_size() != vocab_size:
        raise UsageError(
            f"the tokenizer in '{shards}' has {processor.vocab_size():,} words, this model has {vocab_size:,}; "
            "name other `--shards` or set `--model.vocab-size`"
        )
    return tokenizer


def open_sources(
    shards: Path, names: tuple[str, ...], *, context_tokens: int, tokenizer: str
) -> dict[str, mixsched.Rows]:
    """The named sources under `shards`, checked; raises UsageError that names what does not fit."""
    rows_in(shards, names)
    return {
        name: mixsched.open_rows(shards / name, context_tokens=context_tokens, tokenizer=tokenizer) for name in names
    }


def rows_of(sources: Mapping[str, mixsched.Rows]) -> dict[str, int]:
    """The number of rows of each source, as a plan wants them."""
    return {name: len(rows) for name, rows in sources.items()}


def fingerprints_of(sources: Mapping[str, mixsched.Rows]) -> dict[str, str]:
    """What rows each source holds, as config.json records it."""
    return {name: rows.manifest.fingerprint for name, rows in sources.items()}


def read_batches(
    plan: mixsched.Plan, sources: Mapping[str, mixsched.Rows], *, first_step: int
) -> Iterator[dict[str, np.ndarray]]:
    """This process's part of the batches of the steps from `first_step` on, read ahead in the background."""
    steps = mixsched.StepSource(plan, sources, host=jax.process_index(), hosts=jax.process_count())
    ahead = grain.ReadOptions(num_threads=READ_THREADS, prefetch_buffer_size=READ_AHEAD_STEPS)
    return iter(grain.MapDataset.source(steps)[first_step:].to_iter_dataset(ahead))


def put_batch(read: Mapping[str, np.ndarray], *, learning_rate: float, mesh: Mesh) -> Batch:
    """A batch on the devices of `mesh`, rows split over them."""
    split, whole = batch_sharding(mesh), NamedSharding(mesh, PartitionSpec())
    return Batch(
        rows=jax.make_array_from_process_local_data(split, read["rows"]),
        source=jax.make_array_from_process_local_data(split, read["source"]),
        learning_rate=jax.device_put(np.float32(learning_rate), whole),
    )
