"""The PyTorch doors: a `batch_sampler` over anybody's map-style datasets, and a dataset that reads whole batches.

Both take the place of a DistributedSampler: `host` of `hosts` is the data-parallel rank of its world size, e.g.
`torch.distributed.get_rank()` of `get_world_size()`, so give no other sampler, and let no framework put one in
(Lightning: `use_distributed_sampler=False`; Accelerate: leave the loader out of `prepare`).

Both keep their place in `state_dict()`, which torchdata's StatefulDataLoader saves and restores with its own: exact to
the step, whatever it has prefetched. It refuses a state that was saved with another number of workers. To change that,
and with torch's own DataLoader, note the step that was trained last and make the door anew with `first_step`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# CI checks the types where torch is not installed.
from torch.utils.data import ConcatDataset, IterableDataset, Sampler, get_worker_info  # pyright: ignore[reportMissingImports]

from mixsched.errors import UsageError
from mixsched.fields import check_kind, whole
from mixsched.hosts import check_host
from mixsched.placement import Placement
from mixsched.plan import Plan
from mixsched.reading import RowSource, check_sources
from mixsched.steps import StepSource
from mixsched.walk import check_steps, iterate


def concat_sources(plan: Plan, datasets: Mapping[str, Any]) -> ConcatDataset:
    """The map-style datasets of the sources of a plan as the one dataset that `PlanBatchSampler` indexes.

    Raises UsageError if one is missing or has other rows than the plan was made for.
    """
    check_sources(plan, datasets)
    return ConcatDataset([datasets[source] for source in plan.sources])


class PlanBatchSampler(Sampler[list[int]]):
    """For each step the indices of a host's slots into `concat_sources(plan, datasets)`: a `batch_sampler`.

    Each iteration over it goes from `first_step` to the end of the plan, and `len()` is the number of steps in it;
    every batch is full. Any map-style datasets will do, those of other libraries too; for `open_rows`, whose rows are
    uint16 or uint32, `PlanIterable` is the better door. It stays in the main process, so that workers, however many
    and however they are started, change nothing.

    `state_dict()` holds the step after the last one that was drawn, and which plan it is of, so that the state of any
    host fits every host of any number of them. Loading it makes that step the first one. With workers, torch's own
    DataLoader draws ahead of what it hands out; StatefulDataLoader takes that into account.

    Raises UsageError for a step or a host that is none, and for the state of another plan.

    >>> from torch.utils.data import DataLoader
    >>> from mixsched import Phase, Schedule, Steps
    >>> schedule = Schedule((Phase("p", Steps(9), {"text": 0.75, "code": 0.25}),), batch_size=4, context_tokens=64)
    >>> plan = Plan(schedule, {"text": 50, "code": 9}, seed=0)
    >>> datasets = {"text": [f"text {row}" for row in range(50)], "code": [f"code {row}" for row in range(9)]}
    >>> sampler = PlanBatchSampler(plan, first_step=7)
    >>> list(DataLoader(concat_sources(plan, datasets), batch_sampler=sampler))
    [['code 8', 'text 9', 'text 41', 'text 40'], ['code 5', 'text 22', 'text 14', 'text 1']]
    """

    def __init__(self, plan: Plan, *, first_step: int = 0, host: int = 0, hosts: int = 1):
        check_steps(plan, first_step)
        check_host(plan.schedule.batch_sizes, host=host, hosts=hosts)
        self._plan, self._host, self._hosts = plan, host, hosts
        self._first_step = self._next_step = int(first_step)
        rows = [plan.rows[source] for source in plan.sources]
        self._rows_before = np.cumsum([0, *rows[:-1]], dtype=np.int64)

    def __len__(self) -> int:
        return self._plan.total_steps - self._first_step

    def __iter__(self) -> Iterator[list[int]]:
        # Now, not at the first batch: the state may be asked for before that.
        self._next_step = self._first_step
        return self._draw(iterate(self._plan, first_step=self._first_step, host=self._host, hosts=self._hosts))

    def _draw(self, steps: Iterator[tuple[int, Placement]]) -> Iterator[list[int]]:
        for step, placement in steps:
            self._next_step = step + 1
            yield (self._rows_before[placement.source] + placement.record).tolist()

    def state_dict(self) -> dict[str, Any]:
        """The next step and the fingerprint of the plan."""
        return {"next_step": self._next_step, "plan": self._plan.fingerprint}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Begin at the step of a state; raises UsageError if it is of another plan."""
        self._first_step = self._next_step = _next_step(state_dict, self._plan)


class PlanIterable(IterableDataset):
    """The batches of a plan, read whole: for `DataLoader(PlanIterable(plan, sources), batch_size=None)`.

    Each element is `{"rows": int64 [slots, row], "source": int64 [slots], "step": int}`, of which the loader makes
    tensors: the slots that `host` of `hosts` feeds, where `source` indexes `plan.sources`. One `__getitems__` call a
    source and step does the reading (see `mixsched.StepSource`, which takes the same `sources`).

    Worker k of n reads every n-th step from the k-th on, and the loader takes from the workers in turn, so that the
    batches come in the order of the plan for any number of workers. Sources are sent to them or found there after a
    fork; those of `open_rows` stand both.

    Each worker has a `state_dict()` of its own: the step that it reads next, and which plan it is of. Only
    StatefulDataLoader collects these, and it restores them to the same number of workers and any number of hosts; to
    change the number of workers, begin with `first_step=batch["step"] + 1` of the last batch that was trained on. What
    it saves after the end of the plan it takes for the start of another pass, so do not restore that.

    Raises UsageError for a step or a host that is none, for a source that is missing or has other rows than it was
    planned with, and for the state of another plan.

    >>> from torch.utils.data import DataLoader
    >>> from mixsched import Phase, Schedule, Steps
    >>> class Numbers:
    ...     def __len__(self):
    ...         return 50
    ...     def __getitems__(self, records):
    ...         return [[record, record + 1] for record in records]
    >>> schedule = Schedule((Phase("p", Steps(9), {"text": 1}),), batch_size=4, context_tokens=64)
    >>> batches = PlanIterable(Plan(schedule, {"text": 50}, seed=0), {"text": Numbers()}, first_step=8)
    >>> for batch in DataLoader(batches, batch_size=None):
    ...     print(batch["step"], batch["rows"].tolist(), batch["source"].dtype)
    8 [[34, 35], [18, 19], [25, 26], [10, 11]] torch.int64
    """

    def __init__(
        self, plan: Plan, sources: Mapping[str, RowSource], *, first_step: int = 0, host: int = 0, hosts: int = 1
    ):
        check_steps(plan, first_step)
        self._plan = plan
        self._batches = StepSource(plan, sources, host=host, hosts=hosts)
        self._first_step = self._next_step = int(first_step)

    def __len__(self) -> int:
        return self._plan.total_steps - self._first_step

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker, workers = _worker()
        steps = range(self._first_step + worker, self._plan.total_steps, workers)
        # Now, not at the first batch: the state may be asked for before that.
        self._next_step = steps.start
        return self._read(steps)

    def _read(self, steps: range) -> Iterator[dict[str, Any]]:
        for step in steps:
            batch = self._batches[step]
            self._next_step = step + steps.step
            yield {"rows": batch["rows"].astype(np.int64), "source": batch["source"].astype(np.int64), "step": step}

    def state_dict(self) -> dict[str, Any]:
        """The step that this process reads next, and the fingerprint of the plan."""
        return {"next_step": self._next_step, "plan": self._plan.fingerprint}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Begin at the step of a state; raises UsageError if it is of another plan."""
        worker, _ = _worker()
        self._next_step = _next_step(state_dict, self._plan)
        # In a worker the step is its own; a state that is loaded before workers are started is that of all of them.
        self._first_step = self._next_step - worker


def _worker() -> tuple[int, int]:
    """The number of this DataLoader worker, and of how many; the main process is the one of one."""
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


def _next_step(state: Mapping[str, Any], plan: Plan) -> int:
    check_kind("`state_dict`", state, Mapping, "give what `state_dict()` returned")
    if state.get("plan") != plan.fingerprint:
        raise UsageError(
            f"`state_dict` is of the plan {str(state.get('plan'))[:12]}, but this is the plan {plan.fingerprint[:12]}; "
            "restore that plan, or, if it was changed on purpose (as by `Plan.amend` or `Plan.extend`), load no state "
            "and pass the step to go on with as `first_step`"
        )
    step = whole("`next_step` of the state", state.get("next_step"))
    # A worker that is through stands up to so many steps beyond the end as there are workers.
    if step < 0:
        raise UsageError(f"`next_step` of the state must be at least 0, got {step}")
    return step
