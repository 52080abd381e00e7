"""A schedule in whole numbers: every share of every step over one common denominator, and their running sums.

The running sum W(source, t) is the expected number of samples of the source in the first t steps. All of it is
integer arithmetic, so every host of every platform computes the same plan.
"""

import bisect
import dataclasses
import math
from fractions import Fraction

import numpy as np

from mixsched.schedule import Phase, Ramp, Schedule

# int64 must hold batch_size * share, the fractions of all sources added up, and 2**12 fractions of one source.
MAX_PRODUCT = 2**62
MAX_UNIT = 2**50
# The resolution of a ramp that has no exact denominator (a cosine, or a linear ramp of very many steps).
RAMP_UNIT = 2**16


@dataclasses.dataclass(frozen=True)
class Segment:
    """A phase in whole numbers: in step k, source s has the share (share[s] + change[s] * progress of k) / unit.

    `base` is unit * W(s, first_step). `progress` holds the running sums of the ramp's progress, one more than
    the phase has steps, and is None in a phase of constant weights.
    """

    first_step: int
    steps: int
    batch_size: int
    base: tuple[int, ...]
    share: tuple[int, ...]
    change: tuple[int, ...]
    progress: np.ndarray | None

    def numerator(self, source: int, steps: int) -> int:
        """unit * W(source, first_step + steps), for 0 <= steps <= self.steps."""
        moved = 0 if self.progress is None else self.change[source] * int(self.progress[steps])
        return self.base[source] + self.batch_size * (self.share[source] * steps + moved)

    def reach(self, source: int, target: int) -> int:
        """The least number of steps after which the numerator of `source` is at least `target`."""
        if self.progress is None:
            return -((self.base[source] - target) // (self.batch_size * self.share[source]))
        return bisect.bisect_left(range(self.steps), target, key=lambda steps: self.numerator(source, steps))

    def increments(self, start: int, stop: int) -> np.ndarray:
        """unit * (expected samples) in each of the steps [start, stop) of the segment: int64 [steps, sources]."""
        share = np.array(self.share, np.int64)[None]
        if self.progress is None:
            return np.repeat(self.batch_size * share, stop - start, axis=0)
        progress = np.diff(self.progress[start : stop + 1])[:, None]
        return self.batch_size * (share + np.array(self.change, np.int64)[None] * progress)


@dataclasses.dataclass(frozen=True)
class Shares:
    """All segments of a schedule over one `unit`, for its `sources` sorted by name.

    `exact` is False where the declared weights have no common denominator that int64 can carry (beyond some
    12 decimal digits); then they are rounded to the unit, stay positive and keep their sum, for
    which the largest pays.
    """

    sources: tuple[str, ...]
    unit: int
    exact: bool
    segments: tuple[Segment, ...]

    @property
    def total_steps(self) -> int:
        """Steps of all segments together."""
        return self.segments[-1].first_step + self.segments[-1].steps

    def segment_before(self, step: int) -> Segment:
        """The segment that the step before `step` belongs to; the first one for step 0."""
        place = bisect.bisect_left(self.segments, step, key=lambda segment: segment.first_step)
        return self.segments[max(place - 1, 0)]

    def numerators(self, step: int) -> list[int]:
        """unit * W(s, step) of each source: the running sums over the first `step` steps."""
        segment = self.segment_before(step)
        return [segment.numerator(source, step - segment.first_step) for source in range(len(self.sources))]

    def step_reaching(self, source: int, target: int) -> int | None:
        """The first step at whose end the numerator of `source` is at least `target`; None if that never comes."""
        end = self.segments[-1]
        if end.numerator(source, end.steps) < target:
            return None
        place = bisect.bisect_left(self.segments, target, key=lambda segment: segment.numerator(source, segment.steps))
        segment = self.segments[place]
        return segment.first_step + segment.reach(source, target) - 1


def resolve(schedule: Schedule) -> Shares:
    """Turn declared weights into whole numbers over one denominator, exact wherever int64 can carry it.

    >>> from mixsched import Phase, Schedule, Steps
    >>> shares = resolve(Schedule((Phase("p", Steps(3), {"a": "1/3", "b": "2/3"}),), batch_size=1, context_tokens=1))
    >>> shares.unit, shares.segments[0].share, shares.numerators(3)
    (3, (1, 2), [3, 6])
    """
    unit, exact = _unit(schedule)
    segments: list[Segment] = []
    base = (0,) * len(schedule.sources)
    for place, phase in enumerate(schedule.phases):
        steps, size = schedule.steps[place], schedule.batch_sizes[place]
        progress, ramp_unit = _progress(phase, steps, exact)
        start, end = (_whole(mix, schedule.sources, unit // ramp_unit) for mix in phase.mixes())
        segment = Segment(
            first_step=schedule.first_steps[place],
            steps=steps,
            batch_size=size,
            base=base,
            share=tuple(share * ramp_unit for share in start),
            change=tuple(after - before for before, after in zip(start, end, strict=True)),
            progress=progress,
        )
        segments.append(segment)
        base = tuple(segment.numerator(source, steps) for source in range(len(base)))
    return Shares(schedule.sources, unit, exact, tuple(segments))


def _unit(schedule: Schedule) -> tuple[int, bool]:
    limit = min(MAX_UNIT, MAX_PRODUCT // max(*schedule.batch_sizes, len(schedule.sources)))
    unit = math.lcm(*(_exact_unit(phase, steps) for phase, steps in zip(schedule.phases, schedule.steps, strict=True)))
    return (unit, True) if unit <= limit else (2 ** (limit.bit_length() - 1), False)


def _exact_unit(phase: Phase, steps: int) -> int:
    denominator = math.lcm(*(share.denominator for mix in phase.mixes() for share in mix.values()))
    return denominator * _ramp_unit(phase, steps, exact=True)


def _ramp_unit(phase: Phase, steps: int, *, exact: bool) -> int:
    if not isinstance(phase.weights, Ramp):
        return 1
    return 2 * steps if exact and phase.weights.shape == "linear" else RAMP_UNIT


def _progress(phase: Phase, steps: int, exact: bool) -> tuple[np.ndarray | None, int]:
    """Running sums of a ramp's progress at the middle of each step, over the ramp's unit."""
    unit = _ramp_unit(phase, steps, exact=exact)
    if not isinstance(phase.weights, Ramp):
        return None, unit
    odd = 2 * np.arange(steps, dtype=np.int64) + 1
    if phase.weights.shape == "linear":
        each = (odd * unit + steps) // (2 * steps)
    else:
        # Rounding to 2**-16 puts the last bits of a platform's cosine out of play.
        each = np.round(unit * (1 - np.cos(np.pi * odd / (2 * steps))) / 2).astype(np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(each)]), unit


def _whole(mix: dict[str, Fraction], sources: tuple[str, ...], unit: int) -> tuple[int, ...]:
    """Shares over `unit`, adding up to it: exact where they can be, else rounded, ties by name."""
    wanted = [mix.get(source, Fraction(0)) * unit for source in sources]
    whole = [max(math.floor(share), 1 if share else 0) for share in wanted]
    order = sorted(range(len(sources)), key=lambda place: (whole[place] - wanted[place], place))
    missing = unit - sum(whole)
    for place in order[: max(missing, 0)]:
        whole[place] += 1
    # Lifting tiny weights to one unit can overshoot; the largest share, which feels it least, pays.
    whole[max(order, key=lambda place: whole[place])] += min(missing, 0)
    return tuple(whole)
