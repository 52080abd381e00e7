"""A schedule as a row of stretches: consecutive steps of one batch size whose mix moves on a straight line."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from mixsched.mixes import Knots, Mix, Ramp, Shape
from mixsched.schedule import Schedule

Fractions = dict[str, Fraction]


@dataclasses.dataclass(frozen=True)
class Block:
    """Consecutive steps of one batch size."""

    first_step: int
    steps: int
    batch_size: int


@dataclasses.dataclass(frozen=True)
class Stretch:
    """A block whose mix goes from `start` towards `end`: its step k is step `offset + k` of a ramp of `ramp_steps`."""

    first_step: int
    steps: int
    batch_size: int
    start: Fractions
    end: Fractions
    shape: Shape
    offset: int
    ramp_steps: int

    @property
    def ramps(self) -> bool:
        """Whether the mix changes from step to step."""
        return self.start != self.end

    def skip(self, steps: int) -> "Stretch":
        """The stretch without its first `steps` steps."""
        return dataclasses.replace(
            self, first_step=self.first_step + steps, steps=self.steps - steps, offset=self.offset + steps
        )


def stretches_of(schedule: Schedule) -> tuple[Stretch, ...]:
    """All steps of a schedule, in order.

    >>> from mixsched import Phase, Ramp, Steps
    >>> phases = (Phase("a", Steps(3), {"x": 1}), Phase("b", Steps(4), Ramp({"x": 1}, {"y": 1})))
    >>> [(s.first_step, s.steps, s.ramps) for s in stretches_of(Schedule(phases, batch_size=8, context_tokens=64))]
    [(0, 3, False), (3, 4, True)]
    """
    return tuple(
        stretch
        for phase, block in zip(schedule.phases, blocks_of(schedule), strict=True)
        for stretch in spread(phase.weights, phase.knots, [block])
    )


def starting_at(stretches: Iterable[Stretch], first_step: int) -> tuple[Stretch, ...]:
    """What is left of stretches from a step on."""
    return tuple(
        stretch.skip(max(first_step - stretch.first_step, 0))
        for stretch in stretches
        if stretch.first_step + stretch.steps > first_step
    )


def blocks_of(schedule: Schedule, *, first_step: int = 0, stop_step: int | None = None) -> list[Block]:
    """The phases of a schedule as blocks, from `first_step` on up to `stop_step` (None: the end)."""
    stop_step = schedule.total_steps if stop_step is None else stop_step
    found = []
    for first, steps, size in zip(schedule.first_steps, schedule.steps, schedule.batch_sizes, strict=True):
        start, stop = max(first, first_step), min(first + steps, stop_step)
        if start < stop:
            found.append(Block(start, stop - start, size))
    return found


def spread(weights: Mix, knots: Knots, blocks: Iterable[Block]) -> Iterator[Stretch]:
    """Weights, whose knots are given, laid over `blocks` as if these were one phase; knots fall on whole steps."""
    blocks = list(blocks)
    total = sum(block.steps for block in blocks)
    shape = weights.shape if isinstance(weights, Ramp) else "linear"
    steps = [(math.floor(at * total + Fraction(1, 2)), mix) for at, mix in knots]
    for (begin, start), (end, finish) in itertools.pairwise(steps):
        done = 0
        for block in blocks:
            low, high = max(begin, done), min(end, done + block.steps)
            if low < high:
                yield Stretch(
                    first_step=block.first_step + low - done,
                    steps=high - low,
                    batch_size=block.batch_size,
                    start=start,
                    end=finish,
                    shape=shape,
                    offset=low - begin,
                    ramp_steps=end - begin,
                )
            done += block.steps
