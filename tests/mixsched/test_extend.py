"""A finished plan goes on: its past stays to the sample, all counts continue, and what would bend it is refused."""

import dataclasses
import itertools
import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from drawn_mixes import harmonic, named
from extended_cases import extended_plans, more, simple
from hypothesis import given, settings
from hypothesis import strategies as st

from mixsched import (
    Constant,
    Limit,
    Phase,
    Plan,
    Ramp,
    Schedule,
    Share,
    Steps,
    UsageError,
    WarmupStableDecay,
    outlook,
)


@given(extended_plans())
def test_the_past_stays_as_it_was(plans: list[Plan]) -> None:
    """Every slot of every step before the end, the counts, the tokens, the rates and what was expected."""
    for before, plan in itertools.pairwise(plans):
        end = before.total_steps
        assert plan.extended_at[-1] == end < plan.total_steps
        assert named(plan, plan.batches(0, end)) == named(before, before.batches(0, end))
        places = [plan.sources.index(source) for source in before.sources]
        others = sorted(set(range(len(plan.sources))) - set(places))
        for step in range(end + 1):
            assert plan.served(step)[places].tolist() == before.served(step).tolist()
            assert not plan.served(step)[others].any()
            assert [plan.expected(step)[place] for place in places] == list(before.expected(step))
            assert (plan.tokens(step), plan.samples(step)) == (before.tokens(step), before.samples(step))
        if before.schedule.phases[0].lr is not None:
            steps = range(end)
            assert [plan.learning_rate(step) for step in steps] == [before.learning_rate(step) for step in steps]


@given(extended_plans())
def test_nothing_is_lost_or_served_twice_and_every_step_is_full(plans: list[Plan]) -> None:
    """The cursors of each source over both runs are 0, 1, 2, ...; epochs and steps are those of the declared sizes."""
    plan = plans[-1]
    run = plan.batches(0, plan.total_steps)
    for place, source in enumerate(plan.sources):
        cursors = run.cursor[run.source == place]
        assert np.array_equal(np.sort(cursors), np.arange(len(cursors)))
        assert np.array_equal(run.epoch[run.source == place], cursors // plan.pool_rows[source])
    assert len(run.source) == plan.samples(plan.total_steps)
    for phase, first, steps in zip(plan.schedule.phases, plan.schedule.first_steps, plan.schedule.steps, strict=True):
        assert all(plan.counts(step).sum() == phase.batch_size for step in range(first, first + steps))


@given(extended_plans())
def test_no_source_is_a_sample_ahead_and_none_is_far_behind(plans: list[Plan]) -> None:
    """After every step served - W < 1, and W - served < 1 + H(n) for n sources (H the harmonic number)."""
    plan = plans[-1]
    for step in range(plan.total_steps + 1):
        for count, wanted in zip(plan.served(step).tolist(), plan.expected(step), strict=True):
            assert count <= math.ceil(wanted)
            assert wanted - count < 1 + harmonic(len(plan.sources))


@given(extended_plans())
def test_no_limit_is_exceeded_over_all_runs(plans: list[Plan]) -> None:
    plan = plans[-1]
    served = dict(zip(plan.sources, plan.served(plan.total_steps).tolist(), strict=True))
    for source, limit in plan.limits.items():
        assert served[source] <= limit.samples(plan.pool_rows[source])


@settings(max_examples=40)
@given(extended_plans())
def test_an_extended_plan_is_made_again_from_its_declaration(plans: list[Plan]) -> None:
    """From JSON and from TOML, the same samples; and `origin` is the plan that was extended, whatever came after."""
    for before, plan in zip([None, *plans[:-1]], plans, strict=True):
        assert plan.origin == before
        again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
        assert (again.fingerprint, again.origin) == (plan.fingerprint, before)
        assert named(again, again.batches(0, again.total_steps)) == named(plan, plan.batches(0, plan.total_steps))
        assert Plan.from_toml(plan.to_toml()) == plan


@settings(max_examples=40)
@given(extended_plans(), st.data())
def test_a_run_can_go_on_from_any_step_of_its_past(plans: list[Plan], data: st.DataObject) -> None:
    """What `departures` tells of a checkpoint of the plan before: nothing, up to the very end."""
    for before, plan in itertools.pairwise(plans):
        for served_steps in (data.draw(st.integers(0, before.total_steps)), before.total_steps):
            assert plan.departures(before, served_steps=served_steps) == ()
        assert before.departures(plan, served_steps=before.total_steps) == ()
        assert before.departures(plan, served_steps=before.total_steps + 1) != ()
        other = dataclasses.replace(before, seed=before.seed + 1)
        assert plan.departures(other, served_steps=before.total_steps) != ()


@settings(max_examples=40)
@given(extended_plans())
def test_the_order_of_naming_sources_changes_nothing(plans: list[Plan]) -> None:
    plan = plans[-1]
    rows = dict(sorted(plan.rows.items(), reverse=True))
    assert dataclasses.replace(plan, rows=rows) == plan
    again = Plan.from_json(json.loads(json.dumps(plan.to_json(), sort_keys=True)))
    assert named(again, again.batch(plan.total_steps - 1)) == named(plan, plan.batch(plan.total_steps - 1))


def test_phases_that_are_declared_together_may_serve_other_samples() -> None:
    """Why `Schedule.then` is no continuation: the last step before a change is served with an eye on it."""
    mix = {"a": "1/3", "b": "1/3", "c": "1/3"}
    schedule = Schedule((Phase("p", Steps(1), mix),), batch_size=1, context_tokens=1)
    plan, later = Plan(schedule, dict.fromkeys("abc", 9), seed=0), Phase("q", Steps(1), {"c": 1})
    together = Plan(schedule.then(later), dict.fromkeys("abc", 9), seed=0)
    assert plan.extend(later).served(1).tolist() == plan.served(1).tolist() == [1, 0, 0]
    assert together.served(1).tolist() == [0, 0, 1]


def test_learning_rates_go_on_from_where_they_ended() -> None:
    decay = WarmupStableDecay(0.5, 0.1, warmup=Steps(3), decay=Share(0.5))
    schedule = Schedule((Phase("p", Steps(20), {"text": 1}, decay),), batch_size=10, context_tokens=4)
    before = Plan(schedule, {"text": 400}, seed=0)
    plan = before.extend(more(Steps(4)), more(Steps(2), name="r", lr=None), more(Steps(3), name="s", lr=Constant(0.2)))
    assert [plan.learning_rate(step) for step in range(20)] == [before.learning_rate(step) for step in range(20)]
    assert [round(plan.learning_rate(step), 6) for step in (19, 20, 25, 26)] == [0.1, round(0.1 * 5 / 6, 6), 0.0, 0.2]


def test_new_sources_begin_at_cursor_0_and_known_ones_go_on() -> None:
    plan = simple().extend(more(mix={"math": 0.5, "code": 0.5}), sources={"math": 30, "unused": 5})
    assert plan.sources == ("code", "math", "text")
    assert plan.rows == {"code": 90, "math": 30, "text": 400}
    assert plan.served(100).tolist() == [500, 0, 500]
    assert plan.served(150).tolist() == [750, 250, 500]
    code = plan.batches(100, 150).source == 0
    assert sorted(plan.batches(100, 150).cursor[code].tolist()) == list(range(500, 750))


def test_what_a_plan_was_given_beyond_its_sources_changes_nothing() -> None:
    """As in `amend`: a plan that was given rows of a source that nothing names does not know it."""
    wide = dataclasses.replace(simple(), rows={"text": 400, "code": 90, "math": 30})
    with pytest.raises(UsageError, match=r"the source 'math', .* give the rows of a new source as `sources`"):
        wide.extend(more(mix={"math": 1}))
    assert wide.extend(more()) == simple().extend(more())


def test_an_amendment_without_an_end_lasts_to_the_end_of_the_plan_that_it_amended() -> None:
    amended = simple().amend(80, {"math": 1}, sources={"math": 30}, reason="math came in")
    plan = amended.extend(more(Steps(10)), more(Steps(10), {"math": 0.5, "text": 0.5}, name="r"))
    assert plan.served(100).tolist() == amended.served(100).tolist() == [400, 200, 400]
    assert plan.served(110).tolist() == [400, 200, 500]
    assert plan.served(120).tolist() == [400, 250, 550]
    assert plan.origin == amended


def test_an_extended_plan_is_amended_behind_its_last_extension_alone() -> None:
    plan = simple().extend(more())
    amended = plan.amend(100, {"code": 1}, until_step=110).amend(120, {"code": 1})
    assert (amended.served(150) - amended.served(100)).tolist() == [400, 100]
    assert amended.origin == simple()
    with pytest.raises(UsageError, match=r"`at_step` 99 lies before step 100, at which the plan was extended"):
        plan.amend(99, {"code": 1})
    with pytest.raises(UsageError, match=r"`at_step` 99 lies before step 100"):
        amended.amend(99, {"code": 1}, served_steps=99)
    with pytest.raises(UsageError, match=r"between the last extension at step 100 and the last step, 149, got 150"):
        plan.amend(150, {"code": 1})
    with pytest.raises(UsageError, match=r"between the last amendment at step 120 and the last step, 149, got 110"):
        amended.amend(110, {"code": 1})
    assert amended.amend(110, {"code": 1}, served_steps=105).amendments[-1].at_step == 110


def written(plan: Plan) -> dict[str, Any]:
    """The declaration of a plan, to be written on."""
    return {name: part for name, part in plan.to_json().items() if name != "fingerprint"}


def test_what_is_declared_before_a_seam_was_known_before_it() -> None:
    """As a person may write it: an amendment to an early step is one of the plan that was extended later."""
    declared = written(simple().extend(more()))
    early = {"at_step": 60, "weights": {"text": 1}}
    assert Plan.from_json(declared | {"amendments": [early]}) == simple().amend(60, {"text": 1}).extend(more())
    with pytest.raises(UsageError, match="`until_step` must be a step of the schedule, at most 100, got 101"):
        Plan.from_json(declared | {"amendments": [early | {"until_step": 101}]})


def test_what_is_declared_behind_a_seam_was_not_known_before_it() -> None:
    declared = written(simple().extend(more(mix={"math": 1}), sources={"math": 30}))
    assert Plan.from_json(declared | {"limits": {"math": 20}, "pools": {"math": 25}}).origin == simple()
    again = {"at_step": 100, "weights": {"math": 1}, "rows": {"math": 30}}
    with pytest.raises(UsageError, match="`rows` of the amendment at step 100 gives 'math' 30 rows"):
        Plan.from_json(declared | {"amendments": [again]})
    early = Plan.from_json(declared | {"amendments": [again | {"at_step": 99}]})
    assert early.origin == simple().amend(99, {"math": 1}, sources={"math": 30})


def test_a_limit_of_a_source_that_comes_later_moves_no_weight_of_the_past() -> None:
    """Where shares may be handed over, weights are reckoned in a finer unit, in which these ramps are not exact."""
    part = Fraction(1, 3**25)
    before = simple(Steps(37), Ramp({"text": part, "code": 1 - part}, {"text": 1}))
    declared = written(before.extend(more(mix={"math": 1}), sources={"math": 600}))
    plan = Plan.from_json(declared | {"limits": {"math": 1}})
    assert before.exact
    assert [plan.expected(step)[::2] for step in range(38)] == [before.expected(step) for step in range(38)]


def test_limits_count_what_the_past_has_given() -> None:
    plan = simple(limits={"code": Limit(6)}).extend(more(mix={"code": 0.5, "text": 0.5}))
    assert plan.served(100).tolist() == [500, 500]
    assert plan.served(150).tolist() == [540, 960]
    assert outlook(plan)[0].limited_step == 107
    stopped = simple(limits={"code": Limit(6, "stop")}).extend(more(mix={"code": 0.5, "text": 0.5}))
    assert stopped.total_steps == 108
    with pytest.raises(UsageError, match="limit of the source 'code' stops the run after 108 of its 150 steps, so it"):
        stopped.extend(more(name="r"))
    with pytest.raises(UsageError, match="'code' reaches its limit of 540 samples at step 108, before the run ends"):
        simple(limits={"code": Limit(6, "error")}).extend(more(mix={"code": 0.5, "text": 0.5}))
    with pytest.raises(UsageError, match="'code' stops the run at step 100, before the first step of the extension"):
        simple(limits={"code": Limit("50/9", "stop")}).extend(more(mix={"code": 1}))


def test_where_a_plan_is_extended_is_part_of_what_it_is() -> None:
    """The same phases declared at once are another plan, and one that was never extended has no such field."""
    plan = simple().extend(more())
    together = dataclasses.replace(plan, extended_at=())
    assert together.fingerprint != plan.fingerprint
    assert together.differences(plan) == ("plan.extended_at.0 was absent, now 100",)
    assert together.departures(simple(), served_steps=100) != ()
    assert "extended_at" not in together.to_json()
    assert together.origin is None
    twice = plan.extend(more(name="r"))
    assert (twice.extended_at, twice.origin) == ((100, 150), plan)
