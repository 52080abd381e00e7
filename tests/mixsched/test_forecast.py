"""What a plan tells beforehand is what it then serves: first and last steps, running out, and what limits it."""

import dataclasses
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mixsched import Limit, Phase, Plan, Schedule, Steps, UsageError, outlook, phase_table, plan_text, schedule_table


def one_phase(steps: int = 100, **mix: float) -> Schedule:
    return Schedule((Phase("p", Steps(steps), mix),), batch_size=10, context_tokens=4)


ROWS = {"text": 10_000, "code": 100, "math": 60}
SHARES = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any)


@given(SHARES, SHARES, st.lists(st.integers(3, 300), min_size=3, max_size=3), st.sampled_from(["hand_over", "stop"]))
def test_what_is_told_of_a_source_is_what_its_samples_say(
    first: list[int], second: list[int], rows: list[int], then: str
) -> None:
    """First and last step, samples, epochs and the step at which all rows were given, against all placements."""
    names = ("code", "math", "text")
    mixes = [dict(zip(names, (f"{part}/{sum(parts)}" for part in parts), strict=True)) for parts in (first, second)]
    phases = (Phase("a", Steps(40), mixes[0]), Phase("b", Steps(30), mixes[1], batch_size=4))
    schedule = Schedule(phases, batch_size=7, context_tokens=1)
    try:
        limits = {"code": Limit(1, then)}  # pyright: ignore[reportArgumentType]
        plan = Plan(schedule, dict(zip(names, rows, strict=True)), seed=0, limits=limits)
    except UsageError:
        assume(False)
        raise
    steps = np.repeat(np.arange(plan.total_steps), [plan.batch_size(step) for step in range(plan.total_steps)])
    run = plan.batches(0, plan.total_steps)
    for place, told in enumerate(outlook(plan)):
        mine = run.source == place
        served = steps[mine]
        assert told.samples == len(served)
        assert told.epochs == len(served) / told.rows
        assert (told.first_step, told.last_step) == ((served[0], served[-1]) if len(served) else (None, None))
        last_row = steps[mine & (run.cursor == told.rows - 1)]
        assert told.runs_out_step == (last_row[0] if len(last_row) else None)


def test_a_limit_that_is_not_reached_holds_nothing_back() -> None:
    plan = Plan(one_phase(text=0.9, code=0.1), ROWS, seed=0, limits={"code": Limit(1)})
    code, _ = outlook(plan)
    assert (code.samples, code.asked, code.limited_step, code.runs_out_step) == (100, 100, None, 99)
    assert "reaches its limit" not in plan_text(plan)


def test_what_limits_a_plan_and_what_would_lift_it_is_told() -> None:
    """Four times its rows or epochs, or a quarter of its weight, really lift the limit, and no less does."""
    schedule, limits = one_phase(text=0.6, code=0.4), {"code": Limit(1)}
    plan = Plan(schedule, ROWS, seed=0, limits=limits)
    assert (
        "code reaches its limit of 100 samples in step 24 and hands its share over; its weights ask 400 of it: 4 times "
        "its rows or epochs, a weight of 0.25 of what it is, or a shorter run would lift that"
    ) in plan_text(plan)
    lifted = [
        Plan(schedule, ROWS | {"code": 400}, seed=0, limits=limits),
        Plan(schedule, ROWS, seed=0, limits={"code": Limit(4)}),
        Plan(one_phase(text=0.9, code=0.1), ROWS, seed=0, limits=limits),
        Plan(one_phase(25, text=0.6, code=0.4), ROWS, seed=0, limits=limits),
    ]
    held_back = [
        Plan(schedule, ROWS | {"code": 399}, seed=0, limits=limits),
        Plan(one_phase(text=0.899, code=0.101), ROWS, seed=0, limits=limits),
        Plan(one_phase(26, text=0.6, code=0.4), ROWS, seed=0, limits=limits),
    ]
    assert [outlook(plan)[0].limited_step is None for plan in (*lifted, *held_back)] == [True] * 4 + [False] * 3


@given(SHARES, st.lists(st.integers(3, 300), min_size=3, max_size=3), st.sampled_from(["0.7", 1, "2.3"]))
def test_what_is_told_to_lift_a_limit_lifts_it(parts: list[int], rows: list[int], epochs: str) -> None:
    """As many times its epochs as is told, or its weight brought down as is told, and the limit is not reached."""
    mix = {name: f"{part}/{sum(parts)}" for name, part in zip(("code", "math", "text"), parts, strict=True)}
    sizes = dict(zip(mix, rows, strict=True))
    limits = {"code": Limit(epochs)}
    assume(0 < parts[0] < sum(parts))
    plan = Plan(one_phase(70, **mix), sizes, seed=0, limits=limits)  # pyright: ignore[reportArgumentType]
    told = re.search(
        r"ask [\d,]+ of it: ([\d.e+]+) times its rows or epochs, a weight of ([\d.e-]+) of", plan_text(plan)
    )
    assume(told)
    assert told is not None
    more, less = (Fraction(each) for each in told.groups())
    lifted = dataclasses.replace(plan, limits={"code": Limit(more * Fraction(epochs))})
    assert outlook(lifted)[0].limited_step is None
    weight = Fraction(mix["code"]) * less
    others = {name: Fraction(share) * (1 - weight) / (1 - Fraction(mix["code"])) for name, share in mix.items()}
    lighter = Plan(one_phase(70, **{**others, "code": weight}), sizes, seed=0, limits=limits)  # pyright: ignore[reportArgumentType]
    assert outlook(lighter)[0].limited_step is None


def test_a_plan_is_told_whose_run_is_stopped_before_nobody_would_be_left() -> None:
    """Without the limit that stops the run, its last phase could not be served; that is no business of this run."""
    phases = (Phase("p", Steps(50), {"a": 0.5, "b": 0.5}), Phase("q", Steps(50), {"b": 1}))
    limits = {"a": Limit(1, "stop"), "b": Limit(1)}
    plan = Plan(Schedule(phases, batch_size=10, context_tokens=1), {"a": 100, "b": 300}, seed=0, limits=limits)
    assert "the run stops after 20 of 100 steps, since a would go beyond its limit of 100 samples" in plan_text(plan)


def test_who_stops_a_run_is_told() -> None:
    limits = {"code": Limit(1, "stop"), "math": Limit(4, "stop"), "text": Limit(5)}
    plan = Plan(one_phase(text=0.5, code=0.3, math=0.2), ROWS, seed=0, limits=limits)
    assert plan.total_steps == 33
    assert (
        "the run stops after 33 of 100 steps, since code would go beyond its limit of 100 samples; all phases ask 300 "
        "of it: 3 times its rows"
    ) in plan_text(plan)
    longer = plan.schedule.then(Phase("never begun", Steps(5), {"text": 1}))
    assert phase_table(longer, ROWS, plan.quota) == phase_table(plan.schedule, ROWS, plan.quota)


def test_amendments_and_pools_are_in_the_table() -> None:
    plan = Plan(one_phase(text=0.5, code=0.5), ROWS, seed=0, pools={"text": 40})
    text = plan_text(
        plan.amend(50, {"math": 1}, sources=ROWS).amend(70, {"math": 0.5, "code": 0.5}, until_step=90, reason="why not")
    )
    assert "40 of 10,000" in text
    assert "amended from step 50 on: math 100%" in text
    assert "amended from step 70 on, up to step 90: math 50%, code 50% (why not)" in text
    assert any(line.split()[:2] == ["math", "60"] for line in text.splitlines())


def test_a_thousand_sources_are_told() -> None:
    mix = {f"s{place:04}": f"{place + 1}/500500" for place in range(1_000)}
    plan = Plan(one_phase(1_000, **mix), dict.fromkeys(mix, 50), seed=0)  # pyright: ignore[reportArgumentType]
    told = outlook(plan)
    assert sum(each.samples for each in told) == 10_000
    assert len(plan_text(plan).splitlines()) > 2_000
    assert schedule_table(plan.schedule).endswith("s0005 0.0012%, 994 more  -")


@pytest.mark.parametrize("then", ["hand_over", "stop"])
def test_what_is_asked_is_what_the_weights_ask(then: str) -> None:
    limits = {"code": Limit(1, then)}  # pyright: ignore[reportArgumentType]
    plan = Plan(one_phase(text="2/3", code="1/3"), ROWS, seed=0, limits=limits)  # pyright: ignore[reportArgumentType]
    free = dataclasses.replace(plan, limits={})
    assert [each.asked for each in outlook(plan)] == [math.ceil(share) for share in free.expected(100)] == [334, 667]
