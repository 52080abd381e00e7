"""Sources that run out: known when the plan is made, handed over to the sample, and within the quota all the way."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from mixsched import Limit, Phase, Plan, Ramp, Schedule, Steps, Table, UsageError, simulated_epoching

NAMES = ("code", "math", "papers", "text")


def weights(parts: list[int]) -> dict[str, Fraction]:
    return {name: Fraction(part, sum(parts)) for name, part in zip(NAMES, parts, strict=True)}


mixes = st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any).map(weights)
kinds = mixes | st.builds(Ramp, mixes, mixes, st.sampled_from(["linear", "cosine"]))
kinds |= st.tuples(mixes, mixes, mixes).map(lambda three: Table((("0", three[0]), ("1/3", three[1]), (1, three[2]))))
limits = st.builds(Limit, st.sampled_from(["0.5", 1, 2, "2.5"]))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    phases = draw(st.lists(st.tuples(kinds, st.integers(1, 40), st.integers(1, 24)), min_size=1, max_size=3))
    return Schedule(
        tuple(
            Phase(f"p{place}", Steps(steps), mix, batch_size=size) for place, (mix, steps, size) in enumerate(phases)
        ),
        batch_size=1,
        context_tokens=1,
    )


rows = st.fixed_dictionaries({name: st.integers(4, 300) for name in NAMES})


def solved(schedule: Schedule, rows: dict[str, int], limits: dict[str, Limit]) -> Plan | None:
    """The plan, or None where nobody can take over."""
    limits = {name: limit for name, limit in limits.items() if name in schedule.sources}
    try:
        return Plan(schedule, {name: rows[name] for name in schedule.sources}, seed=0, limits=limits)
    except UsageError as error:
        if "every source that has weight has reached its limit" not in str(error):
            raise
        return None


def within_quota(plan: Plan) -> None:
    before = np.zeros(len(plan.sources), np.int64)
    for step in range(plan.total_steps):
        served = plan.served(step + 1)
        for count, wanted in zip(served.tolist(), plan.expected(step + 1), strict=True):
            assert math.floor(wanted) <= count <= math.ceil(wanted)
        assert (served >= before).all()
        assert (served - before).sum() == plan.batch_size(step)
        before = served


@given(schedules(), rows, st.dictionaries(st.sampled_from(NAMES), limits, max_size=3))
def test_no_source_gives_more_than_its_limit_and_the_quota_holds(
    schedule: Schedule, rows: dict[str, int], limits: dict[str, Limit]
) -> None:
    """served <= floor(epochs * rows) at the end, floor(W) <= served <= ceil(W) after every step, every step full."""
    plan = solved(schedule, rows, limits)
    event("nobody left" if plan is None else "some at their limit" if plan.limits else "none limited")
    assume(plan is not None)
    assert plan is not None
    within_quota(plan)
    end = dict(zip(plan.sources, plan.served(plan.total_steps).tolist(), strict=True))
    for name, limit in plan.limits.items():
        assert end[name] <= limit.samples(rows[name])


@given(schedules(), rows, st.dictionaries(st.sampled_from(NAMES), limits, min_size=1, max_size=3))
def test_a_limited_source_keeps_its_weight_until_its_last_sample_and_others_their_proportions(
    schedule: Schedule, rows: dict[str, int], limits: dict[str, Limit]
) -> None:
    """Until one is used up, W is that of the plan without limits; a used-up source has given its limit to the sample;
    in steps in which no limit is reached, what the others are asked for is in the proportion of the declared weights.
    """
    plan = solved(schedule, rows, limits)
    assume(plan is not None)
    assert plan is not None
    free = Plan(schedule, {name: rows[name] for name in schedule.sources}, seed=0)
    caps = {name: limit.samples(rows[name]) for name, limit in plan.limits.items()}
    place = {name: number for number, name in enumerate(plan.sources)}
    used_up: set[str] = set()
    for step in range(plan.total_steps):
        asked = np.array(free.expected(step + 1)) - np.array(free.expected(step))
        given_ = np.array(plan.expected(step + 1)) - np.array(plan.expected(step))
        reached = {name for name in caps if plan.expected(step + 1)[place[name]] == caps[name]}
        if reached == used_up:
            left = sum(share for name, share in zip(plan.sources, asked, strict=True) if name not in used_up)
            for name, share, got in zip(plan.sources, asked, given_, strict=True):
                wanted = 0 if name in used_up else share * plan.batch_size(step) / left
                assert abs(float(got - wanted)) < 2e-4 * plan.batch_size(step), name
        used_up = reached
    end = dict(zip(plan.sources, plan.served(plan.total_steps).tolist(), strict=True))
    assert all(end[name] == caps[name] for name in used_up)


def one_phase(steps: int = 100, **mix: float) -> Schedule:
    return Schedule((Phase("p", Steps(steps), mix),), batch_size=10, context_tokens=1)


ROWS = {"text": 10_000, "code": 100, "math": 60}


def test_the_share_of_a_source_at_its_limit_goes_to_the_others_from_the_very_sample() -> None:
    plan = Plan(one_phase(text=0.5, code=0.3, math=0.2), ROWS, seed=0, limits={"code": Limit(1), "math": Limit(2)})
    assert plan.sources == ("code", "math", "text")
    # Code gives 3 a step for 33 steps and its last sample in step 33; then math has 2/7 of 10, until its 120th.
    assert [plan.served(step)[0] for step in (33, 34, 100)] == [99, 100, 100]
    assert [str(share) for share in plan.expected(33)] == ["99", "66", "165"]
    assert plan.served(100).tolist() == [100, 120, 780]
    assert [plan.expected(step)[1] < 120 for step in (51, 52)] == [True, False]


def test_a_cascade_is_solved_whole() -> None:
    """Handing code's share to math makes math run out, which alone would have lasted."""
    alone = Plan(one_phase(text=0.8, math=0.1, code=0.1), {**ROWS, "math": 105}, seed=0, limits={"math": Limit(1)})
    assert alone.served(100).tolist() == [100, 100, 800]
    both = Plan(
        one_phase(text=0.8, math=0.1, code=0.1),
        {**ROWS, "math": 105, "code": 20},
        seed=0,
        limits={"math": Limit(1), "code": Limit(1)},
    )
    assert both.served(100).tolist() == [20, 105, 875]


def test_a_plan_stops_before_the_step_that_would_go_beyond() -> None:
    plan = Plan(one_phase(text=0.5, code=0.5), ROWS, seed=0, limits={"code": Limit("0.97", "stop")})
    assert plan.total_steps == 19
    assert plan.served(19).tolist() == [95, 95]
    assert plan.batches(0, 19).epoch.max() == 0
    with pytest.raises(UsageError, match=r"`step` must lie in 0\.\.18, got 19"):
        plan.batch(19)


def test_a_plan_that_must_not_repeat_is_refused_with_the_step_and_the_remedies() -> None:
    with pytest.raises(
        UsageError,
        match=r"the source 'code' reaches its limit of 100 samples at step 20, before the run ends, for the weights "
        r"ask 500 of it; 5 times its rows or epochs, a weight of 0.2 of what it is, or a shorter run would do",
    ):
        Plan(one_phase(text=0.5, code=0.5), ROWS, seed=0, limits={"code": Limit(1, "error")})
    assert Plan(one_phase(20, text=0.5, code=0.5), ROWS, seed=0, limits={"code": Limit(1, "error")}).total_steps == 20


def test_a_limit_that_nobody_can_take_over_from_is_refused() -> None:
    with pytest.raises(UsageError, match=r"at step 10 every source that has weight has reached its limit.*from code"):
        Plan(one_phase(code=1), ROWS, seed=0, limits={"code": Limit(1)})
    later = Schedule(
        (Phase("a", Steps(10), {"code": 0.5, "math": 0.5}), Phase("b", Steps(10), {"code": 1})),
        batch_size=25,
        context_tokens=1,
    )
    with pytest.raises(UsageError, match="at step 10 every source"):
        Plan(later, {"code": 100, "math": 1_000}, seed=0, limits={"code": Limit(1)})


def test_a_run_that_stops_at_once_is_refused() -> None:
    with pytest.raises(UsageError, match="a limit stops the plan before its first step"):
        Plan(one_phase(code=1), ROWS, seed=0, limits={"code": Limit("0.05", "stop")})


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"cod": Limit(1)}, r"`limits` names 'cod', which is no source of the plan; did you mean 'code'\?"),
        ({"code": 4}, r"`limits` of source 'code' must be a Limit\(epochs, then\), got 4"),
        ({"code": Limit("0.001")}, "`limits` of source 'code' let it give nothing: 0.001 epochs of 100 rows"),
    ],
)
def test_wrong_limits_are_refused(limits: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Plan(one_phase(text=0.5, code=0.5), ROWS, seed=0, limits=limits)


def test_a_limit_of_no_epochs_or_an_unknown_end_is_refused() -> None:
    with pytest.raises(UsageError, match="`epochs` of a limit must be above 0, got 0"):
        Limit(0)
    with pytest.raises(UsageError, match="`then` of a limit must be one of hand_over, stop, error, got 'repeat'"):
        Limit(1, "repeat")  # pyright: ignore[reportArgumentType]


def test_limits_and_pools_are_in_the_fingerprint_and_come_back_from_json() -> None:
    schedule = one_phase(text=0.5, code=0.5)
    plan = Plan(schedule, ROWS, seed=0, limits={"code": Limit("2.5")}, pools={"text": 40})
    again = Plan.from_json(plan.to_json())
    assert again.fingerprint == plan.fingerprint
    assert again.batches(0, 100).record.tolist() == plan.batches(0, 100).record.tolist()
    assert plan.differences(Plan(schedule, ROWS, seed=0, limits={"code": Limit(2)}, pools={"text": 41})) == (
        "plan.limits.code.epochs was 2.5, now 2",
        "plan.pools.text was 40, now 41",
    )
    written = {"rows": ROWS, "schedule": schedule.to_json(), "seed": 0, "limits": {"code": 2.5}, "pools": {"text": 40}}
    assert Plan.from_json(written).fingerprint == plan.fingerprint


def test_a_pool_is_one_choice_of_rows_for_all_epochs_in_new_orders() -> None:
    plan = Plan(one_phase(text=1), {"text": 1_000}, seed=0, pools={"text": 100})
    records = plan.batches(0, 100).record.reshape(10, 100)
    for epoch in records:
        assert set(epoch) == set(records[0])
        assert len(set(epoch)) == 100
    assert not np.array_equal(records[0], records[1])
    # A fair choice of 0..999 has a mean of 499.5 and a deviation of 27.4.
    assert abs(records[0].mean() - 499.5) < 5 * 27.4
    other = Plan(one_phase(text=1), {"text": 1_000}, seed=1, pools={"text": 100})
    assert set(other.batches(0, 10).record) != set(records[0])


@given(st.integers(1, 60), st.integers(60, 4_000), st.integers(0, 99))
def test_a_small_run_repeats_each_source_as_often_as_the_big_one(small: int, big: int, seed: int) -> None:
    """Epochs at the end of `small` steps over the pools are those of `big` steps over all rows, to one row's worth."""
    mix = {"text": 0.5, "code": 0.3, "math": 0.2}
    rows = {"text": 3_000, "code": 400, "math": random.Random(seed).randint(1, 300)}
    pools = simulated_epoching(rows, tokens=small, of_tokens=big)
    plan = Plan(one_phase(small, **mix), rows, seed=0, pools=pools)
    for share, name, served in zip((0.3, 0.2, 0.5), plan.sources, plan.served(small).tolist(), strict=True):
        if pools[name] > 1:
            epochs = big * 10 * share / rows[name]
            assert served / (pools[name] + 0.5) - 1 / pools[name] <= epochs <= (served + 1) / (pools[name] - 0.5)


@pytest.mark.parametrize(("tokens", "of_tokens"), [(0, 10), (11, 10), (1.5, 10), (1, 1e9)])
def test_a_run_that_is_no_part_of_the_big_one_is_refused(tokens: int, of_tokens: int) -> None:
    with pytest.raises(UsageError, match="`tokens` must be a whole number from 1 to `of_tokens`"):
        simulated_epoching(ROWS, tokens=tokens, of_tokens=of_tokens)


@pytest.mark.parametrize("pool", [0, 101, 1.5, "7"])
def test_a_pool_beyond_the_rows_is_refused(pool: int) -> None:
    with pytest.raises(UsageError, match="`pools` of source 'code' must be a whole number from 1 to its 100 rows"):
        Plan(one_phase(code=1), ROWS, seed=0, pools={"code": pool})
    with pytest.raises(UsageError, match="`pools` names 'text', which is no source of the plan"):
        Plan(one_phase(code=1), ROWS, seed=0, pools={"text": 5})
