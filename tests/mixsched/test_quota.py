"""The guarantee of the quota, for schedules of every kind that can be declared, against sums of plain fractions."""

import contextlib
import dataclasses
import itertools
import math
import random
import unittest.mock
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

import mixsched.edf
import mixsched.era
from mixsched import Phase, Ramp, Schedule, Steps
from mixsched.quota import Quota
from mixsched.resolve import resolve
from mixsched.shares import Shares

Mix = tuple[Fraction, ...]


@dataclasses.dataclass(frozen=True)
class Stretch:
    """A phase as the tests draw it; `shape` None is a phase of constant weights, `start` is then its mix."""

    start: Mix
    end: Mix
    shape: str | None
    steps: int
    batch_size: int

    def weighted(self, names: tuple[str, ...]) -> set[str]:
        """The names whose weight is above zero somewhere in the phase."""
        mixes = (self.start, self.end) if self.shape else (self.start,)
        return {name for mix in mixes for name, share in zip(names, mix, strict=True) if share}


@dataclasses.dataclass(frozen=True)
class Case:
    """A drawn schedule. `names` are not sorted, `zeros` says whether weights of zero are written or left out."""

    names: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    zeros: bool = True

    def mix(self, mix: Mix) -> dict[str, Fraction]:
        return {name: share for name, share in zip(self.names, mix, strict=True) if self.zeros or share}

    def schedule(self) -> Schedule:
        phases = [
            Phase(
                f"phase {place}",
                Steps(stretch.steps),
                Ramp(self.mix(stretch.start), self.mix(stretch.end), stretch.shape)
                if stretch.shape
                else self.mix(stretch.start),
                batch_size=stretch.batch_size,
            )
            for place, stretch in enumerate(self.stretches)
        ]
        return Schedule(tuple(phases), batch_size=1, context_tokens=1)

    @property
    def cosine(self) -> bool:
        return any(stretch.shape == "cosine" for stretch in self.stretches)


def declared_sums(case: Case, sources: tuple[str, ...]) -> list[list[Fraction]]:
    """W of each of `sources` after each step, by the definition: the middle of each step, no common denominator."""
    weights = [
        [
            stretch.batch_size * (start + (end - start) * Fraction(2 * step + 1, 2 * stretch.steps))
            if stretch.shape
            else stretch.batch_size * start
            for start, end in zip(stretch.start, stretch.end, strict=True)
        ]
        for stretch in case.stretches
        for step in range(stretch.steps)
    ]
    columns = [list(itertools.accumulate(column)) for column in zip(*weights, strict=True)]
    by_name = dict(zip(case.names, columns, strict=True))
    return [list(row) for row in zip(*(by_name[source] for source in sources), strict=True)]


def summed_increments(shares: Shares) -> list[list[Fraction]]:
    """W of each source after each step, by adding up the solver's increments one at a time."""
    each = np.concatenate([segment.increments(0, segment.steps) for segment in shares.segments])
    return [[Fraction(part, shares.unit) for part in row] for row in np.cumsum(each.astype(object), axis=0).tolist()]


def check_guarantee(quota: Quota, sums: list[list[Fraction]], batch_sizes: list[int]) -> None:
    """floor(W) <= served <= ceil(W), counts non-negative, steps full: after every step, for every source."""
    before = np.zeros(len(quota.sources), np.int64)
    assert quota.served(0).tolist() == before.tolist()
    for step, (wanted, batch_size) in enumerate(zip(sums, batch_sizes, strict=True)):
        served = quota.served(step + 1)
        for source, count, share in zip(quota.sources, served.tolist(), wanted, strict=True):
            assert math.floor(share) <= count <= math.ceil(share), f"{source} after step {step}"
        counts = quota.counts(step)
        assert counts.tolist() == (served - before).tolist()
        assert counts.min() >= 0
        assert counts.sum() == batch_size
        before = served


def over_total(parts: list[int]) -> list[Fraction]:
    return [Fraction(part, sum(parts)) for part in parts]


@st.composite
def mixes(draw: st.DrawFn, sources: int) -> Mix:
    """Shares that add up to exactly 1: equal, any ratios, decimals, or with some sources all but absent."""
    parts = list(draw(st.binary(min_size=sources, max_size=sources)))
    # A third of the sources have weight zero on average.
    parts = [max(part - 85, 0) for part in parts]
    parts[draw(st.integers(0, sources - 1))] += 1
    kind = draw(st.sampled_from(["equal", "ratios", "decimals", "rare"]))
    if kind == "equal":
        return (Fraction(1, sources),) * sources
    if kind == "ratios":
        return tuple(over_total(parts))
    if kind == "decimals":
        shares = [Fraction(1_000 * part // sum(parts), 1_000) for part in parts]
        shares[-1] += 1 - sum(shares)
        return tuple(shares)
    rare = draw(st.sampled_from([Fraction(1, 10**6), Fraction(1, 10**12)]))
    hidden = [place for place, part in enumerate(parts) if part % 3 == 1][: sources - 1]
    shares = [rare if place in hidden else Fraction(0) for place in range(sources)]
    shares[next(place for place in range(sources) if place not in hidden)] += 1 - sum(shares)
    return tuple(shares)


@st.composite
def stretches(draw: st.DrawFn, sources: int) -> Stretch:
    start, end = draw(mixes(sources)), draw(mixes(sources))
    steps = draw(st.just(1) | st.integers(1, 30) | st.integers(20, 60))
    # In small batches many sources wait for few slots: there a wrong order of serving shows first.
    batch_size = draw(st.integers(1, 4) | st.integers(1, 64))
    return Stretch(start, end, draw(st.sampled_from([None, "linear", "cosine"])), steps, batch_size)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sources = draw(st.integers(1, 8) | st.integers(1, 100))
    # Multiplying by a unit modulo a prime gives names whose sorted order is not the order of the list.
    names = tuple(f"s{(place + 1) * 37 % 101:03}" for place in range(sources))
    return Case(names, tuple(draw(st.lists(stretches(sources), min_size=1, max_size=4))), draw(st.booleans()))


@given(cases(), st.sampled_from([1, 2, 7, mixsched.edf.CHUNK_STEPS]))
def test_every_source_stays_within_one_sample_of_its_weights_after_every_step(case: Case, chunk_steps: int) -> None:
    """After every step floor(W) <= served <= ceil(W) for every source; counts are >= 0 and fill the batch.

    W is the sum of the declared fractions where the schedule is exact, else of the solver's own increments (those
    are compared with the declared ones below). It holds whatever number of steps are solved at a time.
    """
    schedule = case.schedule()
    quota = Quota(resolve(schedule))
    declared = quota.shares_before(0).exact and not case.cosine
    event(f"W from {'declared fractions' if declared else 'increments'}")
    sums = declared_sums(case, schedule.sources) if declared else summed_increments(quota.shares_before(0))
    batch_sizes = [stretch.batch_size for stretch in case.stretches for _ in range(stretch.steps)]
    with contextlib.ExitStack() as stack:
        for module in (mixsched.era, mixsched.edf):
            stack.enter_context(unittest.mock.patch.object(module, "CHUNK_STEPS", chunk_steps))
        check_guarantee(quota, sums, batch_sizes)
        assert np.array_equal(
            quota.served_through(0, quota.total_steps), [quota.served(step) for step in range(quota.total_steps + 1)]
        )


@given(cases())
def test_running_sums_in_closed_form_are_the_sums_of_the_increments(case: Case) -> None:
    """`Shares.numerators(t)` is `unit` times the sum of the increments of steps 0..t-1; each step adds its batch."""
    shares = resolve(case.schedule())
    sums = summed_increments(shares)
    for step, wanted in enumerate(sums):
        assert [Fraction(part, shares.unit) for part in shares.numerators(step + 1)] == wanted
    batch_sizes = [stretch.batch_size for stretch in case.stretches for _ in range(stretch.steps)]
    assert [sum(row) for row in sums] == list(itertools.accumulate(batch_sizes))


@given(cases(), st.integers(0, 200), st.fractions(0, 3, max_denominator=12))
def test_the_step_at_which_a_sum_is_reached_is_the_first_such_step(case: Case, pick: int, samples: Fraction) -> None:
    """`step_reaching` is the first step at whose end W is at least the target, None where no step's end is."""
    shares = resolve(case.schedule())
    source = pick % len(shares.sources)
    target = math.ceil(samples * shares.unit) + 1
    sums = [row[source] * shares.unit for row in summed_increments(shares)]
    reached = [step for step, total in enumerate(sums) if total >= target]
    assert shares.step_reaching(source, target) == (reached[0] if reached else None)


@given(cases(), st.integers(0, 2**32))
def test_any_step_can_be_asked_for_in_any_order(case: Case, seed: int) -> None:
    """`counts` and `served` of a step are the same asked in any order as asked one step after another."""
    quota = Quota(resolve(case.schedule()))
    steps = list(range(quota.total_steps))
    in_order = [(quota.counts(step).tolist(), quota.served(step).tolist()) for step in steps]
    running = np.cumsum([counts for counts, _ in in_order], axis=0).tolist()
    assert [served for _, served in in_order[1:]] == running[:-1]
    random.Random(seed).shuffle(steps)
    assert all((quota.counts(step).tolist(), quota.served(step).tolist()) == in_order[step] for step in steps)


@given(cases(), st.integers(0, 2**32))
def test_the_order_in_which_sources_are_listed_changes_nothing(case: Case, seed: int) -> None:
    """Listing the sources in another order gives the same counts by name at every step."""
    order = list(range(len(case.names)))
    random.Random(seed).shuffle(order)

    def reordered(values: tuple) -> tuple:
        return tuple(values[place] for place in order)

    turned = [
        dataclasses.replace(stretch, start=reordered(stretch.start), end=reordered(stretch.end))
        for stretch in case.stretches
    ]
    one = Quota(resolve(case.schedule()))
    other = Quota(resolve(Case(reordered(case.names), tuple(turned), case.zeros).schedule()))
    assert one.sources == other.sources
    assert all(np.array_equal(one.served(step), other.served(step)) for step in range(one.total_steps + 1))


@given(cases())
def test_a_source_without_weight_is_never_served(case: Case) -> None:
    """A source gives nothing before the first phase that gives it a weight, so nothing at all where none does."""
    case = dataclasses.replace(case, zeros=True)
    quota = Quota(resolve(case.schedule()))
    silent, first_step = set(case.names), 0
    for stretch in case.stretches:
        silent -= stretch.weighted(case.names)
        first_step += stretch.steps
        served = dict(zip(quota.sources, quota.served(first_step).tolist(), strict=True))
        assert not any(served[name] for name in silent)


@given(cases())
def test_a_source_gives_at_most_one_sample_after_its_weight_became_zero(case: Case) -> None:
    """In a phase in which its weight is zero, a source gives at most the one sample that earlier phases left open."""
    case = dataclasses.replace(case, zeros=True)
    quota = Quota(resolve(case.schedule()))
    first_step = 0
    for stretch in case.stretches:
        gain = quota.served(first_step + stretch.steps) - quota.served(first_step)
        first_step += stretch.steps
        gains = dict(zip(quota.sources, gain.tolist(), strict=True))
        assert all(gains[name] <= 1 for name in set(case.names) - stretch.weighted(case.names))


@pytest.mark.parametrize("names", [("code", "text"), ("zcode", "text")])
def test_a_source_whose_weight_ended_gives_way_at_the_end_of_the_schedule(names: tuple[str, str]) -> None:
    """Where the quota leaves a last slot to either, the source that still has weight gets it, whatever its name."""
    code, text = names
    mixed = Phase("mixed", Steps(1), {code: 0.5, text: 0.5}, batch_size=3)
    schedule = Schedule((mixed, Phase("text alone", Steps(5), {text: 1})), batch_size=3, context_tokens=1)
    quota = Quota(resolve(schedule))
    place = quota.sources.index(code)
    assert [quota.counts(step)[place] for step in range(6)] == [1, 0, 0, 0, 0, 0]


@given(st.data())
def test_weights_beyond_the_unit_are_rounded_to_it_and_stay_positive(data: st.DataObject) -> None:
    """Where no common denominator fits int64, shares add up to the unit, are positive exactly where the weight is,
    and are within one unit of the declared weight; only the largest (or one of several as large) may differ by more,
    by one unit for each weight that is smaller than a unit, since those are lifted to one.
    """
    sources = data.draw(st.integers(2, 40))
    parts = data.draw(st.lists(st.integers(0, 10**18), min_size=sources, max_size=sources))
    tiny = data.draw(st.integers(0, sources - 1))
    mix = [Fraction(1, 10**20 + place) for place in range(tiny)]
    rest = over_total([part + (place == 0) for place, part in enumerate(parts[tiny:])])
    mix += [(1 - sum(mix)) * share for share in rest]
    # Two denominators that are coprime and of 19 digits: their product is beyond every unit.
    mix = [share * (1 - Fraction(1, 10**19 + 1)) for share in mix] + [Fraction(1, 10**19 + 1)]
    assert sum(mix) == 1
    names = tuple(f"s{place:03}" for place in range(len(mix)))
    shares = resolve(Case(names, (Stretch(tuple(mix), (), None, 3, 5),)).schedule())
    assert not shares.exact
    (segment,) = shares.segments
    whole = [rate // 5 for rate in segment.rate]
    assert sum(whole) == shares.unit
    assert [part > 0 for part in whole] == [share > 0 for share in mix]
    lifted = sum(0 < share * shares.unit < 1 for share in mix)
    strays = [abs(part - share * shares.unit) for part, share in zip(whole, mix, strict=True)]
    payer = strays.index(max(strays))
    assert all(stray <= (1 + lifted if place == payer else 1) for place, stray in enumerate(strays))
    assert strays[payer] <= 1 or mix[payer] * shares.unit >= max(mix) * shares.unit - 1


@pytest.mark.parametrize(
    ("mix", "exact"),
    [
        ((Fraction(1, 3), Fraction(2, 3)), True),
        ((Fraction(1, 10**12), 1 - Fraction(1, 10**12)), True),
        ((Fraction(1, 10**15), 1 - Fraction(1, 10**15)), True),
        ((Fraction(1, 10**16), 1 - Fraction(1, 10**16)), False),
    ],
)
def test_weights_of_up_to_fifteen_decimals_are_carried_exactly(mix: Mix, exact: bool) -> None:
    shares = resolve(Case(("a", "b"), (Stretch(mix, (), None, 7, 4),)).schedule())
    assert shares.exact is exact
    if exact:
        assert [Fraction(part, shares.unit) for part in shares.numerators(7)] == [28 * share for share in mix]


@pytest.mark.parametrize("fallback", [False, True])
@pytest.mark.parametrize("shape", ["linear", "cosine"])
@pytest.mark.parametrize("steps", [1, 2, 37, 600])
def test_a_ramp_has_the_weights_at_the_middle_of_each_step(steps: int, shape: str, fallback: bool) -> None:
    """The share of each step is that of the declared curve at the step's middle, to the resolution of 2**-16."""
    third = Fraction(1, 3) + fallback * Fraction(1, 10**17)
    start, end = (third, 1 - third, Fraction(0)), (Fraction(0), Fraction(1, 4), Fraction(3, 4))
    shares = resolve(Case(("a", "b", "c"), (Stretch(start, end, shape, steps, 8),)).schedule())
    assert shares.exact is not fallback
    middle = (np.arange(steps) + 0.5) / steps
    progress = middle if shape == "linear" else (1 - np.cos(np.pi * middle)) / 2
    ends = np.array([[float(share) for share in mix] for mix in (start, end)])
    wanted = ends[0] + progress[:, None] * (ends[1] - ends[0])
    found = shares.segments[0].increments(0, steps) / (8 * shares.unit)
    np.testing.assert_allclose(found, wanted, atol=1e-12 if shape == "linear" and not fallback else 2**-17 + 1e-9)


def test_a_linear_ramp_spends_exactly_the_mean_of_both_mixes() -> None:
    start, end = (Fraction(1), Fraction(0)), (Fraction(1, 7), Fraction(6, 7))
    shares = resolve(Case(("a", "b"), (Stretch(start, end, "linear", 11, 7),)).schedule())
    assert [Fraction(part, shares.unit) for part in shares.numerators(11)] == [44, 33]


def test_a_thousand_sources_keep_the_guarantee_over_more_than_one_chunk() -> None:
    """1,000 sources of very unlike weights, 300 steps of 96 slots, against sums of the declared fractions."""
    mix = tuple(over_total([place**3 + 1 for place in range(1_000)]))
    decimals = [Fraction(int(share * 10**9), 10**9) for share in mix]
    decimals[500] += 1 - sum(decimals)
    case = Case(tuple(f"s{place:04}" for place in range(1_000)), (Stretch(tuple(decimals), (), None, 300, 96),))
    quota = Quota(resolve(case.schedule()))
    assert quota.shares_before(0).exact
    # The same in whole billionths, since a million sums of fractions take seconds.
    billionths = np.array([int(share * 10**9) for share in decimals], np.int64)
    before = np.zeros(1_000, np.int64)
    for step in range(300):
        wanted, served = (step + 1) * 96 * billionths, quota.served(step + 1)
        assert (served >= wanted // 10**9).all()
        assert (served <= -(-wanted // 10**9)).all()
        assert (served >= before).all()
        assert (served - before).sum() == 96
        before = served


def test_a_one_in_a_million_source_is_served_on_time_over_20_000_steps() -> None:
    """A 1e-6 source at 640 slots a step is due a sample each 1,562.5 steps, and gives 12 or 13 in 20,000."""
    rare = Fraction(1, 10**6)
    mix = (Fraction(1, 3) - rare, rare, Fraction(2, 3))
    case = Case(("a", "b", "c"), (Stretch(mix, (), None, 20_000, 640),))
    quota = Quota(resolve(case.schedule()))
    assert quota.shares_before(0).exact
    dues = [math.ceil(Fraction(job, 640 * rare)) for job in range(1, 13)]
    edges = [step + near for step in dues for near in (-1, 0, 1)]
    for step in sorted({*range(0, 20_001, 97), *edges, 255, 256, 257, 20_000}):
        served = quota.served(step).tolist()
        assert sum(served) == 640 * step
        for count, share in zip(served, mix, strict=True):
            assert math.floor(640 * step * share) <= count <= math.ceil(640 * step * share)
