"""Solved weights in whole numbers: every share of every step over one common denominator, and their running sums.

The running sum W(source, t) is the expected number of samples of the source in the first t steps. All of it is
integer arithmetic, so every host of every platform computes the same plan.
"""

import bisect
import dataclasses
import functools

import numpy as np

from mixsched.progress import Progress


@dataclasses.dataclass(frozen=True)
class Segment:
    """A stretch in whole numbers: step k gives source s (rate[s] + change[s] * progress of k) / unit samples.

    `base` is unit * W(s, first_step). `progress` is None where the mix stays as it is.
    """

    first_step: int
    steps: int
    batch_size: int
    base: tuple[int, ...]
    rate: tuple[int, ...]
    change: tuple[int, ...]
    progress: Progress | None

    def numerator(self, source: int, steps: int) -> int:
        """unit * W(source, first_step + steps), for 0 <= steps <= self.steps."""
        moved = 0 if self.progress is None else self.change[source] * self.progress.total(steps)
        return self.base[source] + self.rate[source] * steps + moved

    def numerators(self, steps: int) -> list[int]:
        """`numerator` of every source."""
        if self.progress is None:
            return [base + rate * steps for base, rate in zip(self.base, self.rate, strict=True)]
        total = self.progress.total(steps)
        together = zip(self.base, self.rate, self.change, strict=True)
        return [base + rate * steps + change * total for base, rate, change in together]

    def reach(self, source: int, target: int) -> int:
        """The least number of steps after which the numerator of `source` is at least `target`."""
        if self.progress is None:
            return -((self.base[source] - target) // self.rate[source])
        return bisect.bisect_left(range(self.steps), target, key=lambda steps: self.numerator(source, steps))

    def increments(self, start: int, stop: int) -> np.ndarray:
        """unit * (expected samples) in each of the steps [start, stop) of the segment: int64 [steps, sources]."""
        rate, change = self._arrays
        if self.progress is None:
            return np.repeat(rate, stop - start, axis=0)
        return rate + change * self.progress.each(start, stop)[:, None]

    @functools.cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.rate, np.int64)[None], np.array(self.change, np.int64)[None]

    def cut(self, steps: int) -> "Segment":
        """Its first `steps` steps."""
        return dataclasses.replace(self, steps=steps)


@dataclasses.dataclass(frozen=True)
class Shares:
    """The segments from `first_step` on over one `unit`, for `sources` sorted by name.

    `exact` is False where the declared weights have no common denominator that int64 can carry; then they are rounded
    to the unit, stay positive and keep their sum, for which the largest pays.
    """

    sources: tuple[str, ...]
    unit: int
    exact: bool
    segments: tuple[Segment, ...]
    # The source whose limit ends the run after the last segment, if one does.
    stopped_by: str | None = None

    @property
    def first_step(self) -> int:
        """The step at which the first segment begins."""
        return self.segments[0].first_step

    @property
    def total_steps(self) -> int:
        """The step at which the last segment ends."""
        return self.segments[-1].first_step + self.segments[-1].steps

    def segment_before(self, step: int) -> Segment:
        """The segment that the step before `step` belongs to; the first one for the first step."""
        place = bisect.bisect_left(self.segments, step, key=lambda segment: segment.first_step)
        return self.segments[max(place - 1, 0)]

    def numerators(self, step: int) -> list[int]:
        """unit * W(s, step) of each source: the running sums over the steps before `step`."""
        segment = self.segment_before(step)
        return segment.numerators(step - segment.first_step)

    def numerator(self, source: int, step: int) -> int:
        """`numerators` of one source."""
        segment = self.segment_before(step)
        return segment.numerator(source, step - segment.first_step)

    def step_reaching(self, source: int, target: int) -> int | None:
        """The first step at whose end the numerator of `source` is at least `target`; None if that never comes."""
        end = self.segments[-1]
        if end.numerator(source, end.steps) < target:
            return None
        place = bisect.bisect_left(self.segments, target, key=lambda segment: segment.numerator(source, segment.steps))
        segment = self.segments[place]
        return segment.first_step + segment.reach(source, target) - 1

    def increments(self, start: int, stop: int) -> np.ndarray:
        """unit * (expected samples) in each of the steps [start, stop): int64 [steps, sources]."""
        parts = []
        place = bisect.bisect_right(self.segments, start, key=lambda segment: segment.first_step) - 1
        while start < stop:
            segment = self.segments[place]
            end = min(stop, segment.first_step + segment.steps)
            parts.append(segment.increments(start - segment.first_step, end - segment.first_step))
            start, place = end, place + 1
        return np.concatenate(parts)
