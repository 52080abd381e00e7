"""When a loss stands out among those before it: a rule that one outlier can't bend."""

import collections
import dataclasses
import json
import statistics
from collections.abc import Iterable
from pathlib import Path

import mixsched

# Losses that a new one is held against, and how many there must be before any is.
WINDOW, LEAST = 64, 16
# How many standard deviations above the median is a spike. A normal loss is so once in 10**9 steps.
TIMES = 6.0
# The median absolute deviation of a normal distribution is this part of its standard deviation.
MAD_PART = 0.6745
# Where losses hardly differ, so small a part of the median is still none.
SMALLEST_PART = 0.01


@dataclasses.dataclass(frozen=True)
class Spike:
    """A loss that stands out: the `median` of those before it, and the `limit` that it lies above."""

    median: float
    limit: float


class SpikeRule:
    """Tells which of a run's losses stand out; `before` are those of the last steps, oldest first.

    A loss is a spike if it lies above median + 6 s of up to 64 finite losses before it, at least 16, where s is the
    median absolute deviation over 0.6745 (for a normal distribution its standard deviation), and at least 1% of the
    median. A spike counts among the losses of the next steps: a run that stays up there is told of for a while, and
    then that is its level.
    """

    def __init__(self, before: Iterable[float] = ()):
        self._losses = collections.deque(before, WINDOW)

    def look(self, loss: float) -> Spike | None:
        """Take in the loss of the next step, finite, in nats a token; what it stands out from, if it does."""
        spike = None
        if len(self._losses) >= LEAST:
            median = statistics.median(self._losses)
            deviation = statistics.median(abs(each - median) for each in self._losses) / MAD_PART
            limit = median + TIMES * max(deviation, SMALLEST_PART * median)
            spike = Spike(median, limit) if loss > limit else None
        self._losses.append(loss)
        return spike


def last_losses(metrics: Path, plan: mixsched.Plan) -> list[float]:
    """The losses of the last steps in a metrics.jsonl, for a run that goes on from there.

    Of a line of several steps only their mean is known, which says little of how they vary: what is before it counts
    for nothing, and the rule begins anew.
    """
    lines = metrics.read_text().splitlines()[-WINDOW:] if metrics.exists() else []
    found: list[float] = []
    for line in map(json.loads, lines):
        if sum(line["counts"].values()) != plan.batch_size(line["steps_done"] - 1):
            found.clear()
        elif line["loss"] is not None:
            found.append(line["loss"])
    return found
