"""The plain door: the steps of a plan one after another, as arrays, for whoever reads the rows themselves."""

from collections.abc import Iterator

from mixsched.errors import UsageError
from mixsched.fields import check_kind, whole
from mixsched.hosts import check_host, host_slots
from mixsched.placement import Placement
from mixsched.plan import Plan

# Samples that are placed at a time. They take about a millisecond, which is what the first step waits for.
CHUNK_SAMPLES = 2**14


def iterate(
    plan: Plan, *, first_step: int = 0, stop_step: int | None = None, host: int = 0, hosts: int = 1
) -> Iterator[tuple[int, Placement]]:
    """Each step from `first_step` up to `stop_step` (the end of the plan if None), with the samples of a host's slots.

    The placements are those of `plan.slots(step, host=host, hosts=hosts)`, placed in bulk. To resume, begin at another
    step: there is no other state. Raises UsageError, at the call, for steps beyond the plan and for a host that is none
    or would have no slots.

    >>> from mixsched import Phase, Schedule, Steps
    >>> schedule = Schedule((Phase("p", Steps(10), {"text": 0.75, "code": 0.25}),), batch_size=4, context_tokens=64)
    >>> for step, placement in iterate(Plan(schedule, {"text": 50, "code": 9}, seed=0), first_step=8):
    ...     print(step, placement.source.tolist(), placement.record.tolist())
    8 [0, 1, 1, 1] [5, 22, 14, 1]
    9 [1, 1, 0, 1] [13, 38, 0, 4]
    """
    check_kind("`plan`", plan, Plan, "give a Plan, which Plan(schedule, rows, seed=...) makes")
    check_steps(plan, first_step, stop_step)
    check_host(plan.schedule.batch_sizes, host=host, hosts=hosts)
    stop_step = plan.total_steps if stop_step is None else stop_step
    return _steps(plan, int(first_step), int(stop_step), host=int(host), hosts=int(hosts))


def check_steps(plan: Plan, first_step: int, stop_step: int | None = None) -> None:
    """Raise UsageError unless `first_step` up to `stop_step` are steps of the plan, or none at its end."""
    total, first = plan.total_steps, whole("`first_step`", first_step)
    stop = total if stop_step is None else whole("`stop_step`", stop_step)
    if not 0 <= first <= stop <= total:
        until = "" if stop_step is None else f" up to {stop_step}"
        raise UsageError(
            f"`first_step` must lie in 0..{total} (the steps of the plan) and `stop_step` between it and {total}, "
            f"got {first_step}{until}"
        )


def _steps(plan: Plan, first: int, stop: int, *, host: int, hosts: int) -> Iterator[tuple[int, Placement]]:
    while first < stop:
        chunk = range(first, min(stop, first + max(1, CHUNK_SAMPLES // plan.batch_size(first))))
        placed, begin = plan.batches(chunk.start, chunk.stop), 0
        for step in chunk:
            size = plan.batch_size(step)
            part = host_slots(size, host=host, hosts=hosts)
            yield step, _cut(placed, slice(begin + part.start, begin + part.stop))
            begin += size
        first = chunk.stop


def _cut(placed: Placement, samples: slice) -> Placement:
    return Placement(placed.source[samples], placed.cursor[samples], placed.epoch[samples], placed.record[samples])
