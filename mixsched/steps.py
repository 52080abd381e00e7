"""The step-wise door: a random-access source whose record k is a host's whole part of the batch of step k."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from mixsched.errors import UsageError
from mixsched.plan import Plan


class RowSource(Protocol):
    """What the doors read: rows by record number, all of one shape, many in one call."""

    def __len__(self) -> int: ...

    def __getitems__(self, records: Sequence[Any], /) -> Any: ...


@dataclasses.dataclass(frozen=True)
class StepSource:
    """The steps of a plan as Grain's random-access source: `StepSource(plan, sources)[step]`.

    Each element is `{"rows": int32 [slots, row], "source": int32 [slots]}`, where `source` indexes `plan.sources`,
    for the slots that `host` of `hosts` feeds. One `__getitems__` call a source and step does the reading.
    Stateless: to resume at a step, read from that step on.

        steps = grain.MapDataset.source(StepSource(plan, sources))
        for batch in steps[start_step:].to_iter_dataset(): ...

    Raises UsageError if a source of the plan is missing or has other rows than it was planned with.
    """

    plan: Plan
    sources: Mapping[str, RowSource]
    host: int = 0
    hosts: int = 1

    def __post_init__(self):
        check_sources(self.plan, self.sources)
        smallest = min(self.plan.schedule.batch_sizes)
        if not 0 <= self.host < self.hosts <= smallest:
            raise UsageError(
                f"`host` must lie in 0..hosts-1 and `hosts` in 1..{smallest} (the smallest batch), "
                f"got host {self.host} of {self.hosts}"
            )

    def __len__(self) -> int:
        return self.plan.total_steps

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(f"`index` must be a step in 0..{len(self) - 1}, got {index}")
        placement = self.plan.slots(index, host=self.host, hosts=self.hosts)
        order = np.argsort(placement.source, kind="stable")
        used, firsts = np.unique(placement.source[order], return_index=True)
        parts = [
            np.asarray(self.sources[self.plan.sources[source]].__getitems__(placement.record[slots].tolist()))
            for source, slots in zip(used.tolist(), np.split(order, firsts[1:]), strict=True)
        ]
        rows = np.empty((len(order), *parts[0].shape[1:]), np.int32)
        rows[order] = np.concatenate(parts)
        return {"rows": rows, "source": placement.source.astype(np.int32)}


def check_sources(plan: Plan, sources: Mapping[str, RowSource]) -> None:
    """Raise UsageError unless `sources` holds every source of the plan with the rows it was planned with."""
    for name in plan.sources:
        found = len(sources[name]) if name in sources else None
        if found != plan.rows[name]:
            have = "is missing" if found is None else f"has {found} rows"
            raise UsageError(
                f"the source {name!r} {have}, but the plan was made for {plan.rows[name]} rows of it; "
                "give the data that the plan was made for, or make a new plan"
            )
