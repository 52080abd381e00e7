"""From shards to batches on devices: a plan's steps, read ahead by Grain, put ahead where the step wants them."""

from collections.abc import Mapping
from pathlib import Path

import grain
import jax
import numpy as np
from grain.experimental import ThreadPrefetchIterDataset
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import mixsched
from eval.tokenizer import run_tokenizer
from mixsched.errors import UsageError
from mixsched.shards import rows_in, tokenizer_fingerprint
from model.placing import put_parts, put_whole
from model.sharding import batch_sharding
from train.step import Batch

# Steps that are read ahead, a thread for each, and those beyond that lie on the devices. From a disk one thread reads
# about as fast as eight, but a bucket's mount may take 50 ms to answer, and then eight read eight times as fast.
READ_AHEAD_STEPS = 8
READ_THREADS = 8
PUT_AHEAD_STEPS = 2


def check_tokenizer(shards: Path, *, vocab_size: int, document_end: int | None = None) -> str:
    """The SHA-256 of the tokenizer in `shards`; raises UsageError if it does not fit the model."""
    tokenizer = tokenizer_fingerprint(shards)
    processor = run_tokenizer(shards, tokenizer)
    if processor.vocab_size() != vocab_size:
        raise UsageError(
            f"the tokenizer in '{shards}' has {processor.vocab_size():,} words, this model has {vocab_size:,}; "
            "name other `--shards` or set `--model.vocab-size`"
        )
    if document_end not in (None, processor.eos_id()):
        raise UsageError(
            f"documents in '{shards}' end in token {processor.eos_id()}, the tokenizer's EOS, but "
            f"`--model.document-end` is {document_end}; set it to {processor.eos_id()}, or leave it out"
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


class Feed:
    """Batches that lie on the devices of `mesh` before they are asked for; to be closed by a `with` block.

    `feed.batch(plan, step)` gives this process's part of the batch of a step. Asked for the steps of one plan in turn,
    it reads, decodes and puts those that come next in the background. What goes wrong there is raised at its step.
    """

    def __init__(self, sources: Mapping[str, mixsched.RowSource], mesh: Mesh):
        self._sources = sources
        self._mesh = mesh
        self._plan: mixsched.Plan | None = None
        self._next_step = 0
        self._ahead: grain.DatasetIterator[Batch] | None = None

    def batch(self, plan: mixsched.Plan, step: int) -> Batch:
        """The batch of a step; after another plan, or another step than the next, all that is ahead is dropped."""
        if self._ahead is None or plan is not self._plan or step != self._next_step:
            self.close()
            self._plan = plan
            host, hosts = jax.process_index(), jax.process_count()
            steps = mixsched.StepSource(plan, self._sources, host=host, hosts=hosts)
            self._ahead = batches_ahead(steps, first_step=step, mesh=self._mesh)
        self._next_step = step + 1
        return next(self._ahead)

    def close(self) -> None:
        """Drop what is ahead, and end the threads that made it."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def batches_ahead(steps: mixsched.StepSource, *, first_step: int, mesh: Mesh) -> grain.DatasetIterator[Batch]:
    """The batches of the steps from `first_step` on; `close()` ends their threads, which nothing else does."""

    def put(read: tuple[int, Mapping[str, np.ndarray]]) -> Batch:
        # The loop's guard holds in the loop's thread alone.
        with jax.transfer_guard("disallow"):
            return put_batch(read[1], learning_rate=steps.plan.learning_rate(read[0]), mesh=mesh)

    # One thread puts all of them, so that they reach the devices in the order of their steps.
    on_devices = read_ahead(steps, first_step=first_step).map(put)
    return iter(ThreadPrefetchIterDataset(on_devices, prefetch_buffer_size=PUT_AHEAD_STEPS))


def read_ahead(steps: mixsched.StepSource, *, first_step: int) -> grain.IterDataset:
    """The numbers of the steps from `first_step` on, each with what `steps` gives for it, read by several threads."""
    options = grain.ReadOptions(num_threads=READ_THREADS, prefetch_buffer_size=READ_AHEAD_STEPS)
    numbers = grain.MapDataset.range(first_step, len(steps))
    return numbers.map(lambda step: (step, steps[step])).to_iter_dataset(options)


def put_batch(read: Mapping[str, np.ndarray], *, learning_rate: float, mesh: Mesh) -> Batch:
    """A batch on the devices of `mesh`, rows split over them."""
    split, whole = batch_sharding(mesh), NamedSharding(mesh, PartitionSpec())
    return Batch(
        rows=put_parts(read["rows"], split),
        source=put_parts(read["source"], split),
        learning_rate=put_whole(np.array(learning_rate, np.float32), whole),
    )
