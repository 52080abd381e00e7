"""Rows a second from the same ArrayRecord shards, in a plain loop and under Grain's reader threads."""

import dataclasses
import itertools
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import grain
import numpy as np
from array_record.python.array_record_data_source import ArrayRecordDataSource

from mixsched.bench.case import Case
from mixsched.bench.grain_mix import mix, shuffled_forever
from mixsched.bench.ours import plan_of
from mixsched.bench.results import Measurement
from mixsched.bench.shards import rows_on_disk, write_sources
from mixsched.grain import PlanSelection
from mixsched.shards import Rows
from mixsched.steps import StepSource

BATCH_READS = grain.ReadOptions(num_threads=2, prefetch_buffer_size=8)
# Grain's own defaults, where single rows are read ahead.
ROW_READS = grain.ReadOptions()
# Rows and batches come from the middle of a plan, as they do in a run.
FIRST_STEP = 100
PLAN_STEPS = 100_000
BARE = "bare __getitems__"
STEPS = "mixsched StepSource"
SELECTION = "mixsched PlanSelection"
MIX = "grain mix.batch"
MIX_ROWS = "grain mix, rows ahead"
ONE_BY_ONE = "iid, row by row"


class Batches(Protocol):
    """Batches by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...


@dataclasses.dataclass(frozen=True)
class BareBatches:
    """Batch k of all rows in a random order, `order` int64 [rows]: one `__getitems__`, uint16 [batch, row], no mix."""

    records: ArrayRecordDataSource
    order: np.ndarray
    batch_size: int

    def __len__(self) -> int:
        return len(self.order) // self.batch_size

    def __getitem__(self, index: int) -> np.ndarray:
        records = self.order[index * self.batch_size : (index + 1) * self.batch_size].tolist()
        return np.frombuffer(b"".join(self.records.__getitems__(records)), np.uint16).reshape(len(records), -1)


@dataclasses.dataclass(frozen=True)
class OneByOne:
    """Batch k drawn by NumPy, each row read by itself and all stacked: uint16 [batch, row]."""

    case: Case
    records: Mapping[str, ArrayRecordDataSource]

    def __len__(self) -> int:
        return PLAN_STEPS

    def __getitem__(self, index: int) -> np.ndarray:
        rng = np.random.default_rng((self.case.seed, index))
        weights = [float(weight) for weight in self.case.weights.values()]
        drawn = rng.choice(len(weights), size=self.case.batch_size, p=weights)
        records = [self.records[self.case.sources[source]] for source in drawn.tolist()]
        return np.stack([decode(each[int(rng.integers(len(each)))]) for each in records])


def decode(record: bytes) -> np.ndarray:
    """The token ids of a record: uint16 [row]."""
    return np.frombuffer(record, np.uint16)


def reading(case: Case, *, total_rows: int, seconds: float, warm_batches: int, repeats: int) -> list[Measurement]:
    """Write shards of about `total_rows` rows for the case's sources, and read them in every way, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        case = dataclasses.replace(case, rows=rows_on_disk(case, total_rows), steps=PLAN_STEPS)
        rows = write_sources(Path(folder), dict(case.rows), seed=case.seed)
        rates: dict[tuple[str, str], list[float]] = {}
        for _ in range(repeats):
            for name, how, batches, size in ways(case, rows):
                rates.setdefault((name, how), []).append(
                    rows_per_s(batches, size, seconds=seconds, warm_batches=warm_batches)
                )
    return [
        Measurement("reading", name, how, float(np.median(found)), "rows/s", repeats)
        for (name, how), found in rates.items()
    ]


def ways(case: Case, rows: Mapping[str, Rows]) -> Iterator[tuple[str, str, Iterator[Any], int]]:
    """Name, "loop" or "threads", an iterator that never ends, and the rows in each of its batches."""
    for name, batches, size in by_batch(case, rows):
        yield name, "loop", (batches[k % len(batches)] for k in itertools.count(FIRST_STEP)), size
        dataset = batches if isinstance(batches, grain.MapDataset) else grain.MapDataset.source(batches)
        yield name, "threads", iter(dataset[FIRST_STEP % len(batches) :].repeat().to_iter_dataset(BATCH_READS)), size
    single = mixed(case, by_source(rows))[FIRST_STEP * case.batch_size :]
    yield MIX_ROWS, "threads", iter(single.to_iter_dataset(ROW_READS).batch(case.batch_size)), case.batch_size


def by_batch(case: Case, rows: Mapping[str, Rows]) -> Iterator[tuple[str, Batches, int]]:
    """All that gives a batch by its number, with the rows in it."""
    size, datasets = case.batch_size, by_source(rows)
    records = ArrayRecordDataSource([file for name in case.sources for file in files(rows[name])])
    order = np.random.default_rng(case.seed).permutation(len(records))
    for bare in (size // 2, size):
        yield f"{BARE}, {bare}", BareBatches(records, order, bare), bare
    plan = plan_of(case)
    yield STEPS, StepSource(plan, rows), size
    listed = [datasets[name] for name in plan.sources]
    yield SELECTION, grain.MapDataset.select_from_datasets(listed, PlanSelection(plan)).batch(size), size
    yield MIX, mixed(case, datasets).batch(size), size
    opened = {name: ArrayRecordDataSource(files(rows[name])) for name in case.sources}
    yield ONE_BY_ONE, OneByOne(case, opened), size


def by_source(rows: Mapping[str, Rows]) -> dict[str, grain.MapDataset]:
    """The rows of each source as Grain's users open them, read one at a time."""
    opened = {name: ArrayRecordDataSource(files(source)) for name, source in rows.items()}
    # Grain's protocol calls the argument `index`, array_record another name.
    sources = {name: grain.MapDataset.source(each) for name, each in opened.items()}  # pyright: ignore[reportArgumentType]
    return {name: source.map(decode) for name, source in sources.items()}


def files(rows: Rows) -> list[str]:
    """The shards of a source."""
    return [str(rows.folder / shard.file) for shard in rows.manifest.shards]


def mixed(case: Case, datasets: Mapping[str, grain.MapDataset]) -> grain.MapDataset:
    """The sources shuffled, repeated and mixed by Grain, row by row."""
    return mix([shuffled_forever(datasets[name], name=name) for name in case.sources], case)


def rows_per_s(batches: Iterator[Any], size: int, *, seconds: float, warm_batches: int) -> float:
    """Rows a second over about `seconds`, after the batches in which files are opened and the read-ahead fills."""
    for _ in range(warm_batches):
        next(batches)
    began_s, read = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        next(batches)
        read += size
    return read / (time.perf_counter() - began_s)
