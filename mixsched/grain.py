"""The Grain door for other people's pipelines: a selection map that serves a plan sample by sample."""

import bisect
import functools
import itertools
from collections.abc import Mapping
from typing import Any

import grain
import numpy as np
from grain.transforms import DatasetSelectionMap

from mixsched.fields import check_kind
from mixsched.plan import Plan
from mixsched.reading import check_sources

# Samples that are placed at a time: whole steps, at least one.
BLOCK_SAMPLES = 2**11
# Blocks that are kept. Grain's reader threads are at so many places at once.
BLOCKS = 32


class PlanSelection(DatasetSelectionMap):
    """Sample number -> (index of the source, record in it), for `grain.MapDataset.select_from_datasets`.

    `select(plan, datasets)` does that with datasets by name, checked. They must be neither shuffled nor repeated: the
    plan does both.

    Sample number = samples of all steps before + slot, so that batching by the plan's batch size gives its batches,
    and so does `grain.experimental.ElasticIterator(samples, batch_size, shard_options)`, whose shards take every n-th
    slot. Where the batch size changes between phases, batch each run of steps of one size by itself:

        part = samples[plan.samples(first_step) : plan.samples(stop_step)].batch(plan.batch_size(first_step))

    Neighbouring samples are placed together and kept for a while, so that no step is placed anew for each of its
    samples, be they read in order, with a stride or from several threads. Raises IndexError beyond the plan's end,
    which is what `samples.repeat()` runs into.
    """

    def __init__(self, plan: Plan):
        check_kind("`plan`", plan, Plan, "give a Plan, which Plan(schedule, rows, seed=...) makes")
        self._plan = plan
        self._samples = plan.samples(plan.total_steps)
        # A limit may stop the plan before its last phases.
        firsts = [step for step in plan.schedule.first_steps if step < plan.total_steps]
        self._phases = list(itertools.pairwise([*firsts, plan.total_steps]))
        self._first_samples = [plan.samples(first) for first in firsts]
        self._block_steps = [max(1, BLOCK_SAMPLES // plan.batch_size(first)) for first in firsts]
        self._block_samples = [
            steps * plan.batch_size(first) for first, steps in zip(firsts, self._block_steps, strict=True)
        ]
        self._block = functools.lru_cache(BLOCKS)(self._place)

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, index: int) -> tuple[int, int]:
        if not 0 <= index < self._samples:
            raise IndexError(
                f"`index` must lie in 0..{self._samples - 1}, the samples of the plan, got {index}; a plan is not "
                "repeated: declare longer phases instead"
            )
        phase = bisect.bisect_right(self._first_samples, index) - 1
        block, place = divmod(index - self._first_samples[phase], self._block_samples[phase])
        source, record = self._block(phase, block)
        return source.item(place), record.item(place)

    def _place(self, phase: int, block: int) -> tuple[np.ndarray, np.ndarray]:
        first, stop = self._phases[phase]
        first += block * self._block_steps[phase]
        placed = self._plan.batches(first, min(stop, first + self._block_steps[phase]))
        return placed.source, placed.record

    def __getstate__(self) -> dict[str, Any]:
        return {"plan": self._plan}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["plan"])

    def __repr__(self) -> str:
        return f"PlanSelection({self._plan.fingerprint[:12]}, samples={self._samples})"


def select(plan: Plan, datasets: Mapping[str, grain.MapDataset]) -> grain.MapDataset:
    """The samples of a plan, in order, from a dataset for each of its sources: its rows, not shuffled, not repeated.

    Raises UsageError if one is missing or has other rows than the plan was made for.

    >>> from mixsched import Phase, Schedule, Steps
    >>> schedule = Schedule((Phase("p", Steps(9), {"text": 0.75, "code": 0.25}),), batch_size=4, context_tokens=64)
    >>> plan = Plan(schedule, {"text": 50, "code": 9}, seed=0)
    >>> datasets = {"text": grain.MapDataset.range(50), "code": grain.MapDataset.range(100, 109)}
    >>> select(plan, datasets).batch(4)[8].tolist() == [
    ...     record + 100 * (plan.sources[source] == "code")
    ...     for source, record in zip(plan.batch(8).source, plan.batch(8).record)
    ... ]
    True
    """
    check_sources(plan, datasets)
    return grain.MapDataset.select_from_datasets([datasets[source] for source in plan.sources], PlanSelection(plan))
