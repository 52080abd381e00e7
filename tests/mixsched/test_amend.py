"""Weights that change while training runs: the past stays, the cursors go on, nothing is lost or served twice."""

import dataclasses
import json
import math
import pickle
import subprocess
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest
from drawn_mixes import ROWS, harmonic, kinds, named
from hypothesis import given
from hypothesis import strategies as st

from mixsched import Limit, Phase, Plan, Ramp, Schedule, Steps, Table, UsageError
from mixsched.resolve import carry


@st.composite
def amended_plans(draw: st.DrawFn) -> tuple[Plan, list[Plan]]:
    """A plan of several phases and batch sizes, and the plans that each of some amendments makes of it."""
    phases = draw(st.lists(st.tuples(kinds, st.integers(1, 40), st.integers(1, 12)), min_size=1, max_size=3))
    schedule = Schedule(
        tuple(
            Phase(f"p{place}", Steps(steps), mix, batch_size=size) for place, (mix, steps, size) in enumerate(phases)
        ),
        batch_size=1,
        context_tokens=1,
    )
    plans = [Plan(schedule, {name: ROWS[name] for name in schedule.sources}, seed=draw(st.integers(0, 3)))]
    at_step = 0
    for _ in range(draw(st.integers(1, 8))):
        at_step = draw(st.integers(at_step, min(at_step + 6, schedule.total_steps - 1)))
        until_step = draw(st.none() | st.integers(at_step + 1, schedule.total_steps))
        plans.append(plans[-1].amend(at_step, draw(kinds), sources=ROWS, until_step=until_step))
    return plans[0], plans[1:]


@given(amended_plans())
def test_the_past_stays_as_it_was(plans: tuple[Plan, list[Plan]]) -> None:
    """Every slot of every step before `at_step` has the sample that it had in the plan before."""
    before, amended = plans
    for plan in amended:
        at_step = plan.amendments[-1].at_step
        assert named(plan, plan.batches(0, at_step)) == named(before, before.batches(0, at_step))
        before = plan


@given(amended_plans())
def test_nothing_is_lost_or_served_twice(plans: tuple[Plan, list[Plan]]) -> None:
    """The cursors of each source over the whole amended run are 0, 1, 2, ... without a gap, and every step is full."""
    plan = plans[1][-1]
    run = plan.batches(0, plan.total_steps)
    for source in range(len(plan.sources)):
        cursors = np.sort(run.cursor[run.source == source])
        assert np.array_equal(cursors, np.arange(len(cursors)))
    assert len(run.source) == plan.samples(plan.total_steps)


@given(amended_plans())
def test_no_source_is_a_sample_ahead_and_none_is_far_behind(plans: tuple[Plan, list[Plan]]) -> None:
    """After every step served - W < 1, and W - served < 1 + H(n) for n sources (H the harmonic number)."""
    plan = plans[1][-1]
    for step in range(plan.total_steps + 1):
        for count, wanted in zip(plan.served(step).tolist(), plan.expected(step), strict=True):
            assert count <= math.ceil(wanted)
            assert wanted - count < 1 + harmonic(len(plan.sources))


@given(amended_plans())
def test_what_was_expected_goes_on_from_where_it_was(plans: tuple[Plan, list[Plan]]) -> None:
    """W at the amendment's step is that of the plan before; it then grows by the new weights, to 2**-16 of a ramp."""
    before, amended = plans
    for plan in amended:
        at_step = plan.amendments[-1].at_step
        old = dict(zip(before.sources, before.expected(at_step), strict=True))
        new = dict(zip(plan.sources, plan.expected(at_step), strict=True))
        assert all(abs(share - old.get(name, 0)) < Fraction(1, 2**30) for name, share in new.items())
        weights = plan.amendments[-1].weights
        if not isinstance(weights, Ramp | Table):
            step, size = at_step + 1, plan.batch_size(at_step)
            grown = dict(zip(plan.sources, plan.expected(step), strict=True))
            for name in plan.sources:
                assert abs(grown[name] - new[name] - size * weights.get(name, 0)) < Fraction(1, 2**30)
        before = plan


@given(amended_plans())
def test_a_plan_is_replayed_from_its_log(plans: tuple[Plan, list[Plan]]) -> None:
    """The plan read from JSON serves the same samples as the one that was amended step by step while it was used."""
    plan = plans[1][-1]
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again.fingerprint == plan.fingerprint
    assert named(again, again.batches(0, again.total_steps)) == named(plan, plan.batches(0, plan.total_steps))


def simple(steps: int = 100, **fields: object) -> Plan:
    mix = {"text": 0.5, "code": 0.5}
    schedule = Schedule((Phase("p", Steps(steps), mix),), batch_size=10, context_tokens=4)
    return Plan(schedule, {"text": 400, "code": 90, "math": 30}, seed=0, **fields)  # pyright: ignore[reportArgumentType]


def test_the_counterexample_to_any_quota_without_foresight() -> None:
    """Four sources at 1/4 in batches of 2, then c and d alone, then these 3 to 1: one must fall a sample behind."""
    quarter = Fraction(1, 4)
    schedule = Schedule((Phase("p", Steps(3), dict.fromkeys("abcd", quarter)),), batch_size=2, context_tokens=1)
    plan = Plan(schedule, dict.fromkeys("abcd", 9), seed=0)
    first = {name for name, count in zip("abcd", plan.counts(0), strict=True) if count}
    third, fourth = sorted(set("abcd") - first)
    plan = plan.amend(1, {third: 0.5, fourth: 0.5}).amend(2, {third: 0.75, fourth: 0.25})
    behind = {name: plan.expected(3)[place] - plan.served(3)[place] for place, name in enumerate("abcd")}
    assert sorted(behind.values()) == [Fraction(-1, 2), Fraction(-1, 2), 0, 1]


def test_a_new_source_begins_at_cursor_0_and_a_source_left_out_keeps_its_cursor() -> None:
    plan = simple().amend(40, {"text": 0.5, "math": 0.5}, sources={"math": 30}, reason="math came in late")
    assert plan.sources == ("code", "math", "text")
    assert plan.served(40).tolist() == [200, 0, 200]
    assert plan.served(100).tolist() == [200, 300, 500]
    later = plan.amend(60, {"code": 1})
    run = later.batches(60, 100)
    assert sorted(run.cursor.tolist()) == list(range(200, 600))


@given(amended_plans())
def test_from_the_end_of_an_amendment_on_what_held_before_holds_again(plans: tuple[Plan, list[Plan]]) -> None:
    """In each step from `until_step` on, W grows by what it did in the plan before, to 2**-16 of a ramp."""
    declared, plan = [plans[0], *plans[1]][-2:]
    until_step = plan.amendments[-1].until_step
    for step in range(plan.total_steps if until_step is None else until_step, plan.total_steps):
        before, after = (dict(zip(declared.sources, declared.expected(at), strict=True)) for at in (step, step + 1))
        for source, old, new in zip(plan.sources, plan.expected(step), plan.expected(step + 1), strict=True):
            asked = after.get(source, 0) - before.get(source, 0)
            assert abs(float(new - old - asked)) <= plan.batch_size(step) * 2**-15


def test_an_amendment_up_to_a_step_leaves_a_declared_cooldown_as_it_is() -> None:
    mixes = {"text": 0.5, "code": 0.5}, {"math": 1}
    phases = (Phase("pretrain", Steps(60), mixes[0]), Phase("cooldown", Steps(40), mixes[1]))
    rows = {"text": 900, "code": 90, "math": 30}
    plan = Plan(Schedule(phases, batch_size=10, context_tokens=4), rows, seed=0)
    amended = plan.amend(20, {"text": 1}, until_step=60)
    assert amended.served(60).tolist() == [100, 0, 500]
    assert amended.counts(75).tolist() == [0, 10, 0]
    assert plan.amend(20, {"text": 1}).served(100).tolist() == [100, 0, 900]
    assert Plan.from_json(amended.to_json()) == amended
    ramp = plan.amend(20, Ramp({"text": 1}, {"code": 1}), until_step=40)
    assert (ramp.served(40) - ramp.served(20)).tolist() == [100, 0, 100]
    assert ramp.counts(45).tolist() == [5, 0, 5]


def test_an_amendment_up_to_a_step_gives_way_to_the_one_before_it() -> None:
    plan = simple().amend(20, {"math": 1}, sources={"math": 30}).amend(30, {"text": 1}, until_step=40)
    assert plan.counts(35).tolist() == [0, 0, 10]
    assert plan.counts(45).tolist() == [0, 10, 0]


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=9),
    st.integers(1, 97),
    st.integers(12, 99) | st.integers(12, 10**6),
)
def test_rounding_to_a_new_unit_carries_nobody_over_a_whole_sample(base: list[int], base_unit: int, unit: int) -> None:
    """What lay between two whole samples still does, what was whole is, and all together are as many samples."""
    base = [*base, -sum(base) % base_unit]
    carried = carry(base, base_unit, unit)
    assert sum(carried) * base_unit == sum(base) * unit
    for old, new in zip(base, carried, strict=True):
        assert new // unit == old // base_unit
        assert (new % unit == 0) == (old % base_unit == 0)
        assert abs(Fraction(new, unit) - Fraction(old, base_unit)) < Fraction(len(base) + 1, unit)


@pytest.mark.parametrize("bad", ["rows", "known"])
def test_rows_of_amendments_and_of_the_plan_must_agree(bad: str) -> None:
    plan = simple().amend(40, {"math": 1}, sources={"math": 30})
    amendment = plan.amendments[0]
    rows = {"math": 31} if bad == "rows" else {"math": 30, "code": 90}
    with pytest.raises(UsageError, match="`rows` of the amendment at step 40 gives"):
        dataclasses.replace(plan, amendments=(dataclasses.replace(amendment, rows=rows),))


def test_what_was_given_may_be_changed_afterwards() -> None:
    """A dict that is used again for the next phase, or amended in place, changes no plan that was made with it."""
    mix, rows = {"text": 0.9, "code": 0.1}, {"text": 1_000, "code": 1_000}
    phase = Phase("p", Steps(50), mix)
    ramp = Phase("r", Steps(50), Ramp(mix, mix))
    plan = Plan(Schedule((phase, ramp), batch_size=10, context_tokens=1), rows, seed=0)
    wanted = plan.to_json()
    mix["text"], mix["code"], rows["text"] = 0.5, 0.5, 7
    assert plan.to_json() == wanted
    assert Plan.from_json(plan.to_json()).served(100).tolist() == plan.served(100).tolist() == [100, 900]
    change = {"text": 1.0}
    amended = plan.amend(60, change)
    change["code"] = 1.0
    assert amended == plan.amend(60, {"text": 1})


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8])
def test_numpys_numbers_are_reckoned_with_as_pythons(kind: type) -> None:
    def declared(one: type) -> Plan:
        mixes = {"text": one(1), "code": 0}, {"code": one(1)}
        schedule = Schedule((Phase("p", Steps(20_000), Ramp(*mixes)),), batch_size=8, context_tokens=1)
        limits = {"code": Limit(one(1))}
        plan = Plan(schedule, {"text": 10_000, "code": one(200)}, seed=0, limits=limits)
        return plan.amend(one(100), {"code": 0.1, "text": 0.9}, until_step=one(200))

    found, wanted = declared(kind), declared(int)
    assert found == wanted
    assert found.served(20_000).tolist() == wanted.served(20_000).tolist()


def test_a_forked_child_can_go_on_while_a_thread_solves_in_the_parent() -> None:
    script = """
import os, threading, time, warnings
warnings.simplefilter("ignore")
from mixsched import Plan, Steps, fixed
plan = Plan(fixed({"a": 0.4, "b": 0.35, "c": 0.25}, Steps(600_000), batch_size=7, context_tokens=1),
            {"a": 99, "b": 99, "c": 99}, seed=0)
thread = threading.Thread(target=plan.served, args=(600_000,))
thread.start()
while not plan.quota.eras[0].chunks:
    time.sleep(0.001)
child = os.fork()
if child == 0:
    os._exit(0 if plan.served(200_000).sum() == 7 * 200_000 else 1)
thread.join()
assert os.waitpid(child, 0)[1] == 0
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=120, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_amended_but_not_served_can_be_amended_again() -> None:
    """A typo in a step is no fate: amendments to steps after the new one that are not served yet are withdrawn."""
    late = simple().amend(90, {"code": 1}).amend(95, {"text": 1})
    with pytest.raises(UsageError, match="between the last amendment at step 95 and the last step, 99, got 50"):
        late.amend(50, {"code": 1})
    again = late.amend(50, {"code": 1}, served_steps=50)
    assert again == simple().amend(50, {"code": 1})
    assert again.served(100).tolist() == simple().amend(50, {"code": 1}).served(100).tolist()
    partly = late.amend(92, {"code": 0.9, "text": 0.1}, served_steps=91)
    assert [amendment.at_step for amendment in partly.amendments] == [90, 92]
    with pytest.raises(UsageError, match="`at_step` 92 is served already, 93 steps are"):
        late.amend(92, {"code": 1}, served_steps=93)


@pytest.mark.parametrize("until_step", [40, 3, 101, 50.5, "50"])
def test_an_amendment_that_ends_nowhere_is_refused(until_step: int) -> None:
    with pytest.raises(UsageError, match=r"`until_step` .* (above its `at_step`, 40|at most 100)"):
        simple().amend(40, {"text": 1}, until_step=until_step)


def test_an_amendment_whose_limit_is_reached_at_once_ends_the_run_before_its_step() -> None:
    plan = simple(limits={"code": Limit("5/3", "stop")})
    assert plan.total_steps == 30
    stopped = plan.amend(25, {"code": 0.5, "text": 0.5}).amend(28, {"code": 1})
    assert stopped.total_steps == 29
    ended = simple(limits={"code": Limit("23/15", "stop")}).amend(26, {"code": 1})
    assert ended.total_steps == 26
    assert ended.served(26).tolist() == simple().served(26).tolist()
    assert Plan.from_json(ended.to_json()).total_steps == 26
    with pytest.raises(UsageError, match=r"between the last amendment at step 26 and the last step, 25, got 20"):
        ended.amend(20, {"text": 1})


def test_batch_sizes_learning_rate_and_length_are_those_of_the_schedule() -> None:
    phases = (Phase("a", Steps(5), {"text": 1}, batch_size=4), Phase("b", Steps(5), {"text": 1}, batch_size=8))
    plan = Plan(Schedule(phases, batch_size=1, context_tokens=1), {"text": 9, "code": 9}, seed=0)
    amended = plan.amend(3, Ramp({"text": 1}, {"code": 1}), sources={"code": 9})
    assert [amended.batch_size(step) for step in range(10)] == [4] * 5 + [8] * 5
    assert amended.total_steps == 10
    # The ramp's seven steps: progress 1/14, 3/14, ... of batches of 4, 4, 8, 8, 8, 8, 8.
    wanted = sum(Fraction(2 * step + 1, 14) * size for step, size in enumerate([4, 4, 8, 8, 8, 8, 8]))
    assert amended.expected(10)[0] == wanted


def test_amending_leaves_the_plan_itself_alone() -> None:
    plan = simple()
    fingerprint, counts = plan.fingerprint, plan.counts(99).tolist()
    amended = plan.amend(40, {"code": 1})
    assert plan.fingerprint == fingerprint != amended.fingerprint
    assert plan.counts(99).tolist() == counts
    assert amended.counts(99).tolist() == [10, 0]
    assert plan.differences(amended) == (
        "plan.amendments.0.at_step was absent, now 40",
        "plan.amendments.0.reason was absent, now ",
        "plan.amendments.0.weights.code was absent, now 1",
    )


def test_limits_hold_across_amendments() -> None:
    plan = simple(limits={"code": Limit(3)}).amend(30, {"code": 0.9, "text": 0.1})
    assert plan.served(30).tolist() == [150, 150]
    assert plan.served(100).tolist() == [270, 730]
    with pytest.raises(UsageError, match="reaches its limit of 270 samples at step 43"):
        simple(limits={"code": Limit(3, "error")}, steps=54).amend(30, {"code": 0.9, "text": 0.1})
    stopped = simple(limits={"code": Limit(3, "stop")}).amend(30, {"code": 0.9, "text": 0.1})
    assert stopped.total_steps == 43


def test_rows_that_contradict_the_plans_are_refused_and_others_change_nothing() -> None:
    with pytest.raises(UsageError, match=r"`sources` gives 'code' 200 rows, the plan has 90 of it"):
        simple().amend(40, {"text": 1}, sources={"code": 200})
    plan = simple().amend(40, {"text": 1}, sources={"code": 90, "maht": 5})
    assert plan == simple().amend(40, {"text": 1})
    assert plan.sources == ("code", "text")


def test_equal_plans_are_amended_alike_whatever_else_they_were_given() -> None:
    """A plan that was given rows of a source that nothing names does not know it any more than its JSON does."""
    plan = simple()
    again = Plan.from_json(plan.to_json())
    assert again == plan
    for each in (plan, again):
        with pytest.raises(UsageError, match=r"the source 'math', .* give the rows of a new source as `sources`"):
            each.amend(10, {"math": 1})
    assert plan.amend(10, {"math": 1}, sources={"math": 7}) == again.amend(10, {"math": 1}, sources={"math": 7})


def test_whether_a_plan_is_exact_counts_its_amendments() -> None:
    assert simple().exact
    assert simple().amend(40, {"text": "1/3", "code": "2/3"}).exact
    tiny = Fraction(1, 10**17)
    assert not simple().amend(40, {"text": tiny, "code": 1 - tiny}).exact


def test_a_plan_departs_from_one_whose_past_is_another() -> None:
    """What a checkpoint of 60 steps can be restored under: its own plan, or that with amendments from step 60 on."""
    plan = simple().amend(40, {"text": 1})
    assert plan.departures(plan, served_steps=60) == ()
    assert plan.amend(60, {"code": 1}).departures(plan, served_steps=60) == ()
    assert plan.amend(59, {"code": 1}).departures(plan, served_steps=60)[0] == (
        "plan.amendments.1.at_step was absent, now 59"
    )
    withdrawn = plan.amend(80, {"code": 1}).amend(70, {"text": 1}, served_steps=60)
    assert withdrawn.departures(plan.amend(80, {"code": 1}), served_steps=60) == ()
    assert "plan.amendments.0.at_step was 40, now absent" in simple().departures(plan, served_steps=60)
    assert "plan.seed was 0, now 1" in dataclasses.replace(plan, seed=1).departures(plan, served_steps=0)


@pytest.mark.parametrize("at_step", [-1, 100, 2.5])
def test_a_step_that_is_none_is_refused(at_step: int) -> None:
    with pytest.raises(UsageError, match="`at_step`"):
        simple().amend(at_step, {"text": 1})


def test_an_amendment_of_the_past_is_refused() -> None:
    plan = simple().amend(40, {"text": 1})
    with pytest.raises(UsageError, match=r"between the last amendment at step 40 and the last step, 99, got 39"):
        plan.amend(39, {"code": 1})
    with pytest.raises(UsageError, match="`at_step` 50 is served already, 58 steps are; amend at step 58 or later"):
        plan.amend(50, {"code": 1}, served_steps=58)
    assert plan.amend(58, {"code": 1}, served_steps=58).counts(58).tolist() == [10, 0]


def test_wrong_weights_and_sources_are_refused_when_they_are_given() -> None:
    with pytest.raises(UsageError, match=r"must add up to 1, they add up to 1\.1"):
        simple().amend(40, {"text": 0.5, "code": 0.6})
    with pytest.raises(UsageError, match="the weights name the source 'papers', which is not among the data"):
        simple().amend(40, {"papers": 1})
    with pytest.raises(UsageError, match="`rows` of source 'papers' must be a whole number"):
        simple().amend(40, {"papers": 1}, sources={"papers": 0})


def test_a_thousand_amendments_are_quick_to_make_and_to_replay() -> None:
    """As an online rule makes them: every 10 steps new weights over 2**-20. What is kept stays small."""
    plan = simple(steps=10_000)
    generator = np.random.default_rng(0)
    for at_step in range(10, 10_000, 10):
        code = Fraction(int(generator.integers(2**20)), 2**20)
        plan = plan.amend(at_step, {"code": code, "text": 1 - code}, served_steps=at_step)
        plan.batch(at_step)
    again = Plan.from_json(plan.to_json())
    assert again.served(10_000).tolist() == plan.served(10_000).tolist()
    assert all(abs(share - count) < 3 for share, count in zip(plan.expected(10_000), plan.served(10_000), strict=True))


def test_a_plan_is_read_by_many_threads_and_sent_to_workers_half_solved() -> None:
    plan = simple(steps=5_000).amend(2_000, {"text": 0.25, "code": 0.75})
    wanted = Plan.from_json(plan.to_json()).quota.served_through(0, 5_000)
    found: dict[int, list[int]] = {}

    def read(start: int) -> None:
        for step in range(start, 5_000, 8):
            found[step] = plan.served(step).tolist()

    threads = [threading.Thread(target=read, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    there = pickle.loads(pickle.dumps(plan))
    for thread in threads:
        thread.join()
    assert all(found[step] == wanted[step].tolist() for step in range(5_000))
    assert np.array_equal(there.quota.served_through(0, 5_000), wanted)
