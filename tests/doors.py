"""What every door of a plan must serve: one case with all that a plan can have, and each door as a function.

Doors that start processes are served in one of their own, `in_a_process`: what hangs there is ended, and this process,
which has the threads of JAX, is never forked.
"""

import dataclasses
import itertools
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import absl.flags
import grain
import numpy as np

from mixsched import Phase, Plan, Ramp, Rows, Schedule, Steps, StepSource, open_rows
from mixsched.grain import PlanSelection
from mixsched.reading import read_rows
from mixsched.walk import iterate

Sources = Mapping[str, Rows]
# From a plan, its sources and the first step to the rows of the batch of each step from there on.
Door = Callable[[Plan, Sources, int], Iterator[np.ndarray]]

READING = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)
PROCESSES = grain.multiprocessing.MultiprocessingOptions(num_workers=2, per_worker_buffer_size=2)
# The first step, one inside, the end of a phase, the amendment, the change of the batch size, the last step, the end.
FIRST_STEPS = (0, 1, 5, 9, 11, 16, 17)


@dataclasses.dataclass(frozen=True)
class Case:
    """A plan, its sources, and the rows of each step's batch as they were written, whoever reads them."""

    plan: Plan
    sources: Sources
    batches: list[np.ndarray]


def make_case(folder: Path, write_source: Callable) -> Case:
    """17 steps: constant, a ramp, then smaller batches; from step 9 on the ramp of an amendment with a new source."""
    generator = np.random.default_rng(0)
    sizes = {"text": 29, "code": 7, "math": 12, "law": 5}
    written = {name: generator.integers(0, 2**16, (rows, 9), np.uint16) for name, rows in sizes.items()}
    sources = {name: open_rows(write_source(folder / name, rows, shards=2).folder) for name, rows in written.items()}
    mix, late = {"text": 0.7, "code": 0.3}, {"text": 0.6, "math": 0.2, "law": 0.2}
    phases = (
        Phase("constant", Steps(6), mix),
        Phase("ramp", Steps(5), Ramp(mix, {"math": "1/3", "text": "2/3"})),
        Phase("small", Steps(6), {"text": 1}, batch_size=4),
    )
    rows = {name: sizes[name] for name in ("text", "code", "math")}
    plan = Plan(Schedule(phases, batch_size=8, context_tokens=8), rows, seed=4)
    plan = plan.amend(9, Ramp(late, {"code": 0.5, "law": 0.5}), sources={"law": sizes["law"]})
    return Case(plan, sources, [as_written(plan, written, step) for step in range(plan.total_steps)])


def as_written(plan: Plan, written: Mapping[str, np.ndarray], step: int) -> np.ndarray:
    """The rows of `plan.batch(step)`, one at a time, from the arrays that were written to disk."""
    placement = plan.batch(step)
    pairs = zip(placement.source.tolist(), placement.record.tolist(), strict=True)
    return np.stack([written[plan.sources[source]][record] for source, record in pairs])


def same(found: Iterator[np.ndarray] | list[np.ndarray], expected: list[np.ndarray]) -> bool:
    """Whether these are the same batches in the same order, each with its rows in the same order."""
    found = list(found)
    return len(found) == len(expected) and all(map(np.array_equal, found, expected))


def plain(plan: Plan, sources: Sources, first_step: int, *, host: int = 0, hosts: int = 1) -> Iterator[np.ndarray]:
    for _, placement in iterate(plan, first_step=first_step, host=host, hosts=hosts):
        yield read_rows(plan, sources, placement)


def step_source(
    plan: Plan, sources: Sources, first_step: int, *, host: int = 0, hosts: int = 1
) -> Iterator[np.ndarray]:
    steps = StepSource(plan, sources, host=host, hosts=hosts)
    return (steps[step]["rows"] for step in range(first_step, len(steps)))


def step_source_in_threads(
    plan: Plan, sources: Sources, first_step: int, *, host: int = 0, hosts: int = 1
) -> Iterator[np.ndarray]:
    steps = grain.MapDataset.source(StepSource(plan, sources, host=host, hosts=hosts))
    return (batch["rows"] for batch in steps[first_step:].to_iter_dataset(READING))


def step_source_in_processes(plan: Plan, sources: Sources, first_step: int) -> Iterator[np.ndarray]:
    steps = grain.MapDataset.source(StepSource(plan, sources))[first_step:].to_iter_dataset(READING)
    return (batch["rows"] for batch in steps.mp_prefetch(PROCESSES))


def selected(plan: Plan, sources: Sources) -> grain.MapDataset:
    """All samples of a plan as a Grain dataset."""
    datasets = [grain.MapDataset.source(sources[name]) for name in plan.sources]
    return grain.MapDataset.select_from_datasets(datasets, PlanSelection(plan))


def selection_one_by_one(plan: Plan, sources: Sources, first_step: int) -> Iterator[np.ndarray]:
    samples = selected(plan, sources)
    for step in range(first_step, plan.total_steps):
        yield np.stack([samples[sample] for sample in range(plan.samples(step), plan.samples(step + 1))])


def parts(plan: Plan, first_step: int) -> Iterator[tuple[int, slice]]:
    """Each batch size from `first_step` on, with the samples that are batched by it."""
    for size, steps in itertools.groupby(range(first_step, plan.total_steps), plan.batch_size):
        numbers = list(steps)
        yield size, slice(plan.samples(numbers[0]), plan.samples(numbers[-1] + 1))


def selection_in_threads(plan: Plan, sources: Sources, first_step: int) -> Iterator[np.ndarray]:
    for size, part in parts(plan, first_step):
        yield from selected(plan, sources)[part].batch(size).to_iter_dataset(READING)


def selection_in_processes(plan: Plan, sources: Sources, first_step: int) -> Iterator[np.ndarray]:
    for size, part in parts(plan, first_step):
        yield from selected(plan, sources)[part].batch(size).to_iter_dataset(READING).mp_prefetch(PROCESSES)


def elastic(plan: Plan, sources: Sources, first_step: int, **options: Any) -> Iterator[np.ndarray]:
    alone = grain.sharding.ShardOptions(0, 1)
    for size, part in parts(plan, first_step):
        yield from grain.experimental.ElasticIterator(selected(plan, sources)[part], size, alone, **options)


def elastic_in_processes(plan: Plan, sources: Sources, first_step: int) -> Iterator[np.ndarray]:
    return elastic(plan, sources, first_step, multiprocessing_options=PROCESSES)


def serve(door: Door, case: Case, first_step: int) -> list[np.ndarray]:
    """The batches of a door, for `in_a_process`."""
    # Grain reads its flags before it starts processes, and its arrays lie in memory that it shares with them.
    absl.flags.FLAGS.mark_as_parsed()
    return [np.array(batch) for batch in door(case.plan, case.sources, first_step)]


def read_then_fork(case: Case) -> list[np.ndarray]:
    """The batches of a torch DataLoader whose workers inherit the files that this process had open."""
    import torch.utils.data  # pyright: ignore[reportMissingImports]

    from mixsched.torch import PlanIterable

    for rows in case.sources.values():
        rows.__getitems__(range(len(rows)))
    batches = PlanIterable(case.plan, case.sources)
    loader = torch.utils.data.DataLoader(batches, None, num_workers=2, multiprocessing_context="fork", timeout=60)
    return [batch["rows"].numpy() for batch in loader]


def in_a_process(function: Callable, *arguments: Any, timeout_s: float = 180) -> Any:
    """What a function of an importable module returns in a fresh process, which ends with all that it started."""
    script = (
        "import pickle, sys; function, arguments = pickle.load(sys.stdin.buffer); "
        "pickle.dump(function(*arguments), sys.stdout.buffer)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        returned, said = process.communicate(pickle.dumps((function, arguments)), timeout=timeout_s)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said.decode()
    return pickle.loads(returned)
