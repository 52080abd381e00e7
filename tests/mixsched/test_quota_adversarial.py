"""The guarantee where it is hardest to keep: a thousand sources, weights of 1e-12, ramps through zero, a million steps.

W is summed here from the declared weights in whole numbers over one denominator, by the definition of a phase, and
not with the engine's own sums. Every test holds this: after every step floor(W) <= served <= ceil(W) for every
source, no count is negative, and the counts of a step add up to its batch.
"""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mixsched import Limit, Phase, Plan, Ramp, Schedule, Steps, Table
from mixsched.progress import RAMP_UNIT, tabled
from mixsched.quota import Quota
from mixsched.resolve import resolve

# W times the denominator must fit int64 here.
LARGEST = 2**62
Mix = np.ndarray


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Steps of one batch size whose weights go on a straight line from `start` to `end`: whole numbers of one sum."""

    steps: int
    batch_size: int
    start: Mix
    end: Mix

    def numerators(self, denominator: int) -> np.ndarray:
        """Samples asked in each step times `denominator`: int64 [steps, sources]."""
        total = int(self.start.sum())
        if (self.start == self.end).all():
            each = self.batch_size * (denominator // total) * self.start
            return np.broadcast_to(each, (self.steps, len(each)))
        # The weights of step k are those at its middle, (2 k + 1) / (2 steps) of the way.
        middle = 2 * np.arange(self.steps)[:, None] + 1
        between = self.start * (2 * self.steps - middle) + self.end * middle
        return self.batch_size * (denominator // (2 * self.steps * total)) * between


def denominator_of(stretches: list[Stretch]) -> int:
    """One that all weights of all steps are whole over."""
    parts = [int(each.start.sum()) * (1 if (each.start == each.end).all() else 2 * each.steps) for each in stretches]
    return math.lcm(*parts)


def schedule_of(names: list[str], stretches: list[Stretch]) -> Schedule:
    def mix(parts: Mix) -> dict[str, Fraction]:
        total = int(parts.sum())
        return {name: Fraction(int(part), total) for name, part in zip(names, parts, strict=True)}

    phases = tuple(
        Phase(
            f"p{place}",
            Steps(each.steps),
            mix(each.start) if (each.start == each.end).all() else Ramp(mix(each.start), mix(each.end)),
            batch_size=each.batch_size,
        )
        for place, each in enumerate(stretches)
    )
    return Schedule(phases, batch_size=1, context_tokens=1)


def check(quota: Quota, wanted: np.ndarray, denominator: int, batch_sizes: np.ndarray, first_step: int = 0) -> None:
    """The guarantee over consecutive steps; `wanted` is W times the denominator after each: int64 [steps, sources]."""
    through = quota.served_through(first_step, first_step + len(wanted))
    served, counts = through[1:], np.diff(through, axis=0)
    assert (served >= wanted // denominator).all()
    assert (served <= -(-wanted // denominator)).all()
    assert counts.min() >= 0
    assert (counts.sum(axis=1) == batch_sizes).all()


def mix_of(kind: str, sources: int, generator: np.random.Generator) -> Mix:
    """Weights as whole numbers of one sum for each kind."""
    if kind == "equal":
        return np.ones(sources, np.int64)
    if kind == "powers":
        # Each half of the one before, down to some 1e-9; shuffled.
        return generator.permutation(2 ** np.maximum(30 - np.arange(sources), 0))
    if kind == "tiny":
        # All but a few have 1e-12.
        parts = np.ones(sources, np.int64)
        parts[generator.integers(sources)] += 10**12 - sources
        return parts
    if kind == "sparse":
        parts = generator.integers(1, 100, sources) * (generator.random(sources) < 0.1)
        parts[generator.integers(sources)] += 1
        return parts
    return generator.integers(1, 1_000, sources)


KINDS = ["equal", "powers", "tiny", "sparse", "ratios"]


@st.composite
def hard_cases(draw: st.DrawFn) -> tuple[list[str], list[Stretch]]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    sources = draw(st.integers(1, 12) | st.sampled_from([64, 100, 1_000]))
    stretches = []
    for _ in range(draw(st.integers(1, 4))):
        start = mix_of(draw(st.sampled_from(KINDS)), sources, generator)
        end = start
        if draw(st.booleans()):
            # Through zero: a ramp to a mix of which most sources are absent, or from one.
            end = generator.permutation(start)
            end = np.where(generator.random(sources) < draw(st.sampled_from([0, 0.5, 0.9])), 0, end)
            end[generator.integers(sources)] += start.sum() - end.sum()
            start, end = (start, end) if draw(st.booleans()) else (end, start)
        steps = draw(st.just(1) | st.integers(1, 12) | st.sampled_from([100, 300]))
        size = draw(st.integers(1, 5) | st.sampled_from([16, 255, 512, 4_096]))
        stretches.append(Stretch(steps, size, start, end))
    names = [f"s{place:04}" for place in range(sources)]
    return names, stretches


@given(hard_cases())
def test_the_guarantee_holds_for_hard_schedules(case: tuple[list[str], list[Stretch]]) -> None:
    """1 to 1,000 sources; equal, halving, 1e-12, absent and arbitrary rational weights; ramps through zero; phases of
    one step; batch sizes that jump between 1 and 4,096."""
    names, stretches = case
    denominator = denominator_of(stretches)
    samples = sum(each.steps * each.batch_size for each in stretches)
    quota = Quota(resolve(schedule_of(names, stretches)))
    exact = quota.shares_before(0).exact and denominator * samples < LARGEST
    event(f"exact: {exact}, sources: {len(names)}")
    batch_sizes = np.repeat([each.batch_size for each in stretches], [each.steps for each in stretches])
    if exact:
        wanted = np.concatenate([each.numerators(denominator) for each in stretches]).cumsum(axis=0)
        check(quota, wanted, denominator, batch_sizes)
    else:
        # Beyond what int64 carries, the weights are those that `resolve` rounded them to.
        shares = quota.shares_before(0)
        sums = np.concatenate([each.increments(0, each.steps) for each in shares.segments]).astype(object)
        check(quota, sums.cumsum(axis=0), shares.unit, batch_sizes)


MILLION = 1_000_000


@pytest.mark.parametrize("kind", ["constant", "ramp"])
def test_a_million_steps_do_not_wear_the_guarantee_out(kind: str) -> None:
    """1,000,000 steps of 7 slots, weights in elevenths and one of 1e-6, constant or from one mix to another."""
    start = np.array([5 * 10**6 - 11, 11, 4 * 10**6, 2 * 10**6], np.int64)
    end = start if kind == "constant" else np.array([0, 11, 1 * 10**6, 10 * 10**6 - 11], np.int64)
    stretch = Stretch(MILLION, 7, start, end)
    quota = Quota(resolve(schedule_of(["a", "b", "c", "d"], [stretch])))
    assert quota.shares_before(0).exact
    total = int(start.sum())
    for first in range(0, MILLION, 50_000):
        steps = np.arange(first + 1, first + 50_001).astype(object)[:, None]
        # The sum of the first t steps of a ramp of n in closed form: the odd numbers up to 2 t - 1 add up to t * t.
        if kind == "constant":
            wanted, denominator = 7 * steps * start.astype(object), total
        else:
            moved = (end - start).astype(object)
            wanted, denominator = 7 * (2 * MILLION * steps * start + steps * steps * moved), 2 * MILLION * total
        floors = wanted // denominator
        through = quota.served_through(first, first + 50_000)
        ahead = through[1:] - floors.astype(np.int64)
        assert ((ahead == 0) | ((ahead == 1) & (wanted % denominator > 0))).all()
        counts = np.diff(through, axis=0)
        assert counts.min() >= 0
        assert (counts.sum(axis=1) == 7).all()


def test_the_sums_of_a_long_cosine_are_those_of_its_steps() -> None:
    """Half a million steps: what is kept of the running sums in 32 bits gives each sum and each step exactly."""
    ramp = tabled("cosine", ramp_steps=600_000, offset=50_000, steps=500_000, start_left=1.0, end_left=1.0)
    each = ramp.each(0, 500_000)
    assert each.min() >= 0
    assert each.max() <= RAMP_UNIT
    assert np.array_equal(np.sort(each), each)
    sums = np.concatenate([[0], np.cumsum(each)])
    for steps in (0, 1, 4_095, 4_096, 4_097, 65_537, 250_000, 499_999, 500_000):
        assert ramp.total(steps) == sums[steps]
    assert np.array_equal(ramp.each(4_000, 9_000), each[4_000:9_000])


def test_the_points_of_a_table_fall_on_the_nearest_steps() -> None:
    """A third of 5 steps is 1.67, so that the second point lies at step 2; of 4 steps it is 1.33, step 1."""
    for steps, nearest in ((5, 2), (4, 1)):
        table = Table((("0", {"a": 1}), ("1/3", {"b": 1}), ("1", {"b": 1})))
        schedule = Schedule((Phase("p", Steps(steps), table),), batch_size=8, context_tokens=1)
        counts = [Quota(resolve(schedule)).counts(step).tolist() for step in range(steps)]
        assert [count[0] > 0 for count in counts] == [True] * nearest + [False] * (steps - nearest)


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("kind", ["fifteen decimals", "hand over"])
def test_what_is_asked_for_in_bulk_is_what_is_asked_for_step_by_step(kind: str, batch_size: int) -> None:
    """Over a unit of 50 bits, which 2**13 steps of fractions would carry beyond int64, and batches of a few samples."""
    tiny = Fraction(1, 10**15)
    mix = {"a": tiny, "b": 1 - tiny} if kind == "fifteen decimals" else {"a": 0.5, "b": 0.3, "c": 0.2}
    schedule = Schedule((Phase("p", Steps(40_000), mix),), batch_size=batch_size, context_tokens=1)
    limits = {} if kind == "fifteen decimals" else {"c": Limit(4)}
    plan = Plan(schedule, dict.fromkeys(mix, 1_500), seed=0, limits=limits)
    through = plan.quota.served_through(0, 40_000)
    for step in (1, 4_096, 8_192, 8_193, 16_384, 20_000, 32_769, 40_000):
        assert through[step].tolist() == plan.quota.served(step).tolist()
    bulk = plan.batches(0, 40_000)
    for step in (0, 8_191, 16_383, 32_768, 39_999):
        slots = slice(step * batch_size, (step + 1) * batch_size)
        assert bulk.cursor[slots].tolist() == plan.batch(step).cursor.tolist()


def test_a_table_that_leads_through_zero_and_back_keeps_the_guarantee() -> None:
    """Code goes to nothing in the middle of the run and comes back; in the middle nobody serves it."""
    points = (("0", {"code": 0.5, "text": 0.5}), ("0.4", {"text": 1}), ("0.6", {"text": 1}), ("1", {"code": 1}))
    schedule = Schedule((Phase("p", Steps(1_000), Table(points)),), batch_size=3, context_tokens=1)
    quota = Quota(resolve(schedule))
    half = np.array([1, 1], np.int64)
    text, code = np.array([0, 2], np.int64), np.array([2, 0], np.int64)
    stretches = [Stretch(400, 3, half, text), Stretch(200, 3, text, text), Stretch(400, 3, text, code)]
    denominator = denominator_of(stretches)
    wanted = np.concatenate([each.numerators(denominator) for each in stretches]).cumsum(axis=0)
    check(quota, wanted, denominator, np.full(1_000, 3))
    gained = quota.served(600)[0] - quota.served(400)[0]
    assert gained <= 1
