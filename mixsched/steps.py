"""The step-wise door: a random-access source whose record k is a host's whole part of the batch of step k."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from mixsched.fields import whole
from mixsched.hosts import check_host
from mixsched.plan import Plan
from mixsched.reading import RowSource, check_sources, read_rows


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
    host: int = dataclasses.field(default=0, kw_only=True)
    hosts: int = dataclasses.field(default=1, kw_only=True)

    def __post_init__(self):
        check_sources(self.plan, self.sources, rows_only=True)
        check_host(self.plan.schedule.batch_sizes, host=self.host, hosts=self.hosts)

    def __len__(self) -> int:
        return self.plan.total_steps

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        index = whole("`index`", index)
        if not 0 <= index < len(self):
            raise IndexError(f"`index` must be a step in 0..{len(self) - 1}, got {index}")
        placement = self.plan.slots(index, host=self.host, hosts=self.hosts)
        rows = read_rows(self.plan, self.sources, placement)
        return {"rows": rows, "source": placement.source.astype(np.int32)}
