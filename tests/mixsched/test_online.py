"""Weights set by feedback: rules do what their papers say, decisions are exact, and the log alone repeats them."""

import dataclasses
import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from online_cases import EAGER_ADO, NAMES, REFERENCE, UNIFORM, harmonic, losses_of, plan_of

from mixsched import Limit, Phase, Plan, Schedule, Steps, UsageError
from mixsched.online import ADO, DoReMi, Feedback, Online, PowerLaw, Rule
from mixsched.online.floor import SHARE_UNIT, whole_shares

# Shares and floors


weights = st.lists(st.floats(0, 1e6) | st.sampled_from([0.0, 1e-300, 1e12]), min_size=1, max_size=9).filter(any)


@given(weights, st.integers(0, SHARE_UNIT // 9))
@example([0.1, 0.9], 104_860)
def test_whole_shares_keep_their_floor_and_the_proportions_above_it(weights: list[float], least: int) -> None:
    shares = whole_shares(weights, SHARE_UNIT, least=least)
    assert sum(shares) == SHARE_UNIT
    assert min(shares) >= least
    above = [place for place, share in enumerate(shares) if share > least]
    units = SHARE_UNIT - least * (len(shares) - len(above))
    total = sum(Fraction(weights[place]) for place in above)
    # What rounding to whole units can move.
    slack = len(shares) + 1
    for place, share in enumerate(shares if above else []):
        wanted = Fraction(weights[place]) * units / total
        assert abs(share - wanted) < slack if place in above else wanted < least + slack


@given(st.integers(0, 2**32), st.sampled_from([0.01, "1/7", 0.2]))
def test_the_plan_serves_every_source_its_floor(seed: int, floor: float | str) -> None:
    """In any adaptive stretch: the share of the floor, but for the bound of the quota at both ends."""
    generator = np.random.default_rng(seed)
    online = Online(plan_of(), DoReMi(REFERENCE, step_size=3.0), every_steps=5, floor=floor)
    for step in range(60):
        online.observe(step, losses_of(generator))
        if online.plan.amendments:
            assert min(online.shares.values()) >= Fraction(floor)
    first = online.plan.amendments[0].at_step
    for step in range(first, 61):
        given = online.plan.served(step) - online.plan.served(first)
        assert min(given) > 16 * (step - first) * float(Fraction(floor)) - 2 - harmonic(4)


def test_sources_left_out_keep_their_share() -> None:
    plan = plan_of({"code": 0.5, "math": 0.125, "text": 0.375}, steps=40)
    online = Online(plan, DoReMi(REFERENCE), every_steps=4, floor=0.125, sources=["text", "math"])
    for step in range(40):
        online.observe(step, {"code": 9.0, "math": 2.5, "text": 2.5})
    assert online.shares == {"code": Fraction(1, 2), "math": Fraction(3, 8), "text": Fraction(1, 8)}
    assert online.plan.served(40)[0] == 320


# When decisions are made, and when they take hold


def steps_of(online: Online, *, window: int = 1) -> list[int]:
    """The steps of the amendments after observing all windows, with losses that move."""
    for step in range(window - 1, 60, window):
        online.observe(step, {"code": 1 + 0.01 * step})
    return [amendment.at_step for amendment in online.plan.amendments]


@pytest.mark.parametrize(
    ("settings", "window", "at_steps"),
    [
        ({"every_steps": 20}, 1, [20, 40]),
        ({"every_steps": 20, "lead_steps": 3}, 1, [23, 43]),
        ({"every_steps": 20, "lead_steps": 25}, 1, [45]),
        ({"every_steps": 10, "from_step": 31}, 1, [40, 50]),
        ({"every_steps": 10, "from_step": 31, "lead_steps": 1}, 1, [31, 41, 51]),
        ({"every_steps": 20}, 12, [24, 48]),
        ({"every_steps": 1}, 15, [15, 30, 45]),
    ],
)
def test_decisions_come_at_multiples_and_take_hold_at_the_next_step_not_served(
    settings: dict, window: int, at_steps: list[int]
) -> None:
    rule = DoReMi(REFERENCE, step_size=0.1)
    assert steps_of(Online(plan_of(), rule, **settings), window=window) == at_steps


def test_what_was_fetched_ahead_stays_as_it_was() -> None:
    online = Online(plan_of(), DoReMi(REFERENCE), every_steps=7, lead_steps=4)
    read = []
    for step in range(56):
        # The reader is 4 steps ahead of the step whose losses are observed.
        read.append(online.plan.batch(step + 4).record.tolist())
        online.observe(step, {"code": 1.1, "text": 2.6 + 0.01 * step})
    assert len(online.plan.amendments) == 7
    assert read == [online.plan.batch(step).record.tolist() for step in range(4, 60)]


def test_the_rule_is_told_what_the_plan_served() -> None:
    @dataclasses.dataclass(frozen=True)
    class Listener:
        def begin(self, prior: Mapping[str, float]) -> tuple[Feedback, ...]:
            assert prior == {"code": 0.5, "text": 0.5}
            return ()

        def observe(self, state: tuple[Feedback, ...], feedback: Feedback) -> tuple[Feedback, ...]:
            return (*state, feedback)

        def weights(self, state: tuple[Feedback, ...]) -> dict[str, float]:
            return {"code": 3.0, "text": 1.0}

    plan = plan_of({"code": 0.25, "math": 0.5, "text": 0.25})
    online = Online(plan, Listener(), every_steps=2, sources=("code", "text"))
    online.observe(1, {"text": np.float32(1.5), "math": 2.0})
    online.observe(3, {"text": 1.0, "code": 1.0})
    served = [(plan.served(2)[0], plan.served(2)[2]), (online.plan.served(4)[0], online.plan.served(4)[2])]
    assert served[1] == (8 + 12, 8 + 4)
    assert [(each.step, tuple(each.served.values()), each.samples) for each in online.state] == [
        (1, served[0], 32),
        (3, served[1], 64),
    ]
    assert [each.losses for each in online.state] == [{"text": 1.5}, {"code": 1.0, "text": 1.0}]


# Replaying


@st.composite
def settings(draw: st.DrawFn) -> tuple[Rule, dict]:
    rule = draw(
        st.sampled_from([DoReMi(REFERENCE, step_size=0.5), EAGER_ADO, dataclasses.replace(EAGER_ADO, counted="own")])
    )
    return rule, {
        "every_steps": draw(st.integers(1, 9)),
        "from_step": draw(st.integers(0, 20)),
        "lead_steps": draw(st.integers(0, 5)),
        "floor": draw(st.sampled_from([0, 0.05, "1/5"])),
    }


def observed(online: Online, seed: int, *, after: int = 0) -> Online:
    """The online after random losses of random windows up to the end, the first `after` of them left out."""
    generator = np.random.default_rng(seed)
    step = -1
    while (step := step + int(generator.integers(1, 4))) < 60:
        losses = losses_of(generator)
        if after:
            after -= 1
        else:
            online.observe(step, losses)
    return online


@given(settings(), st.integers(0, 2**32), st.data())
def test_a_run_resumed_from_any_part_of_its_log_goes_on_as_if_never_interrupted(
    drawn: tuple[Rule, dict], seed: int, data: st.DataObject
) -> None:
    rule, options = drawn
    whole = observed(Online(plan_of(), rule, **options), seed)
    cut = data.draw(st.integers(0, len(whole.log)))
    log = [json.loads(line) for line in map(json.dumps, whole.log[:cut])]
    resumed = observed(Online.replay(plan_of(), rule, log, **options), seed, after=cut)
    assert resumed.plan.fingerprint == whole.plan.fingerprint
    assert resumed.state == whole.state
    assert resumed.log == whole.log


@given(settings(), st.integers(0, 2**32))
def test_the_order_of_sources_and_losses_changes_nothing(drawn: tuple[Rule, dict], seed: int) -> None:
    rule, options = drawn
    one = observed(Online(plan_of(), rule, **options), seed)
    reversed_plan = plan_of(dict(reversed(UNIFORM.items())))
    other = Online(reversed_plan, rule, **options, sources=reversed(NAMES))
    for entry in one.log:
        other.observe(entry["step"], dict(reversed(entry["losses"].items())))
    assert other.state == one.state
    assert json.dumps(other.log) == json.dumps(one.log)
    assert other.plan.batch(59).record.tolist() == one.plan.batch(59).record.tolist()


def test_the_samples_are_replayed_from_the_plan_alone() -> None:
    online = observed(Online(plan_of(), EAGER_ADO, every_steps=4), 0)
    again = Plan.from_json(json.loads(json.dumps(online.plan.to_json())))
    assert len(online.plan.amendments) > 3
    assert again.batches(0, 60).record.tolist() == online.plan.batches(0, 60).record.tolist()
    assert again.batches(0, 60).source.tolist() == online.plan.batches(0, 60).source.tolist()


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        (DoReMi(REFERENCE, step_size=0.51), {"every_steps": 5}),
        (EAGER_ADO, {"every_steps": 5}),
        (DoReMi(REFERENCE, step_size=0.5), {"every_steps": 10}),
        (DoReMi(REFERENCE, step_size=0.5), {"every_steps": 5, "floor": 0.2}),
        (DoReMi(REFERENCE, step_size=0.5), {"every_steps": 5, "lead_steps": 1}),
    ],
)
def test_a_log_of_another_rule_or_other_settings_is_refused(rule: Rule, options: dict) -> None:
    log = observed(Online(plan_of(), DoReMi(REFERENCE, step_size=0.5), every_steps=5), 0).log
    with pytest.raises(
        UsageError, match=r"the log says code 0\.\d+, .* from step \d+ on after step \d+, but this rule"
    ):
        Online.replay(plan_of(), rule, log, **options)


def test_a_log_entry_of_another_form_is_refused() -> None:
    with pytest.raises(UsageError, match="a log entry lacks decided"):
        Online.replay(plan_of(), EAGER_ADO, [{"step": 0, "losses": {}}], every_steps=5)


# Bad input


@pytest.mark.parametrize(
    ("step", "losses", "message"),
    [
        (7, {"code": 1.0}, "`step` must be at least 8, for the steps before it are observed, .* got 7"),
        (60, {"code": 1.0}, "below the plan's 60, got 60"),
        (8.0, {"code": 1.0}, r"got 8\.0"),
        (9, {"cod": 1.0}, r"`losses` at step 9 names 'cod', which is no source of the plan; did you mean 'code'\?"),
        (9, {"code": math.nan}, "the loss of source 'code' at step 9 must be a finite number, got nan"),
        (9, {"code": 1.0, "text": math.inf}, "the loss of source 'text' at step 9 must be a finite number, got inf"),
        (9, {"code": None}, "the loss of source 'code' at step 9 must be a finite number, got None"),
        (9, [1.0, 2.0], "`losses` must map sources to their losses"),
    ],
)
def test_what_cannot_be_observed_is_refused_and_changes_nothing(step: Any, losses: Any, message: str) -> None:
    online = Online(plan_of(), DoReMi(REFERENCE), every_steps=2)
    online.observe(7, {"code": 1.5})
    before = online.plan, online.state, online.shares, list(online.log)
    with pytest.raises(UsageError, match=message):
        online.observe(step, losses)
    assert (online.plan, online.state, online.shares, online.log) == before
    assert online.observe(9, {"code": 1.5}) is not None


@dataclasses.dataclass(frozen=True)
class Constant:
    """A rule that always gives the same weights."""

    given: Mapping[str, float]

    def begin(self, prior: Mapping[str, float]) -> int:
        return 0

    def observe(self, state: int, feedback: Feedback) -> int:
        return state + 1

    def weights(self, state: int) -> Mapping[str, float]:
        return self.given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"code": 1.0}, "the rule Constant gives the source 'text' no weight"),
        (
            {"code": 1.0, "text": -0.5},
            r"Constant gives the source 'text' the weight -0\.5; a weight must be finite and",
        ),
        ({"code": math.nan, "text": 1.0}, "Constant gives the source 'code' the weight nan"),
        ({"code": math.inf, "text": 1.0}, "Constant gives the source 'code' the weight inf"),
        ({"code": 0.0, "text": 0.0}, "Constant gives every source the weight 0"),
        ({"code": 1.0, "text": 1.0, "txt": 1.0}, "a weight to 'txt', which is not among its sources; did you mean"),
    ],
)
def test_a_rule_whose_weights_cannot_be_used_is_refused_and_changes_nothing(given: dict, message: str) -> None:
    online = Online(plan_of({"code": 0.5, "text": 0.5}), Constant(given), every_steps=3)
    plan = online.plan
    with pytest.raises(UsageError, match=message):
        online.observe(2, {"code": 1.0})
    assert (online.plan, online.state, len(online.log)) == (plan, 0, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every_steps": 0}, "`every_steps` must be a whole number of at least 1, got 0"),
        ({"every_steps": 2.5}, r"`every_steps` .* got 2\.5"),
        (
            {"every_steps": 1, "lead_steps": -1},
            "`lead_steps` must be .* at least 0 and at most 59, got -1",
        ),
        ({"every_steps": 1, "from_step": 60}, "`from_step` must be .* at most 59, got 60"),
        (
            {"every_steps": 1, "floor": 0.26},
            r"`floor` must lie in 0\.\.0\.25, for 4 sources divide 1 of the batch, got 0\.26",
        ),
        ({"every_steps": 1, "floor": -0.1}, r"`floor` must lie in 0\.\.0\.25, .* got -0\.1"),
        ({"every_steps": 1, "floor": 0.2, "sources": ["code", "text", "math"]}, None),
        (
            {"every_steps": 1, "floor": 0.4, "sources": ["code", "text"]},
            r"2 sources divide 0\.5 of the batch, got 0\.4",
        ),
        ({"every_steps": 1, "sources": ["code", "mth"]}, "`sources` names 'mth', .*; did you mean 'math'"),
        ({"every_steps": 1, "sources": []}, "`sources` must name at least one source"),
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict, message: str | None) -> None:
    if message is None:
        Online(plan_of(), DoReMi(REFERENCE), **options)
    else:
        with pytest.raises(UsageError, match=message):
            Online(plan_of(), DoReMi(REFERENCE), **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DoReMi({"cod": 1.0}).begin({"code": 1.0}), "`reference_losses` lacks the source 'code'; did you mean"),
        (lambda: DoReMi({"code": math.nan}), "`reference_losses` of source 'code' must be finite"),
        (lambda: DoReMi(REFERENCE, step_size=0.0), "`step_size` must be a finite number above 0"),
        (lambda: DoReMi(REFERENCE, smoothing=1.5), r"`smoothing` must lie in 0\.\.1"),
        (lambda: ADO(refit_steps=0), "`refit_steps` must be a whole number of at least 1"),
        (lambda: ADO(policy_rate=1.1), r"`policy_rate` must lie in 0\.\.1"),
        (lambda: ADO(counted="mine"), "`counted` must be one of all, own"),  # pyright: ignore[reportArgumentType]
        (lambda: ADO(min_share=0.3).begin(UNIFORM), r"`min_share` must lie in 0\.\.0\.25, for 4 sources"),
    ],
)
def test_a_rule_with_settings_that_cannot_be_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_sources_without_weight_are_refused_where_others_hold_all_of_it() -> None:
    with pytest.raises(UsageError, match="the `sources` math have no weight at step 0"):
        Online(plan_of({"code": 1.0, "math": 0.0}), DoReMi(REFERENCE), every_steps=1, sources=["math"])


def test_an_amendment_that_a_limit_forbids_is_refused_and_changes_nothing() -> None:
    plan = plan_of({"code": 0.5, "text": 0.5}, limits={"code": Limit(5, "error")})
    online = Online(plan, Constant({"code": 1.0, "text": 0.0}), every_steps=2)
    online.observe(0, {})
    with pytest.raises(UsageError, match="'code' reaches its limit"):
        online.observe(1, {})
    assert (online.plan, online.state, len(online.log)) == (plan, 1, 1)


# All together


def test_a_long_run_of_many_amendments_keeps_the_promise_of_the_plan() -> None:
    """2,000 steps: no source is ever a whole sample ahead of its weights, none further behind than 1 + H(sources)."""
    generator = np.random.default_rng(0)
    online = Online(plan_of(steps=2_000), DoReMi(REFERENCE, step_size=0.2), every_steps=10, floor=0.01)
    for step in range(2_000):
        online.observe(step, {source: loss + generator.uniform(0, 1) for source, loss in REFERENCE.items()})
    assert len(online.plan.amendments) == 199
    for step in range(0, 2_001, 7):
        for served, expected in zip(online.plan.served(step).tolist(), online.plan.expected(step), strict=True):
            assert served <= math.ceil(expected)
            assert expected - served < 1 + harmonic(4)


LEARNERS = {
    "code": PowerLaw(1.0, 10.0, 0.5),
    "math": PowerLaw(2.0, 6.0, 0.1),
    "papers": PowerLaw(3.0, 4.0, 0.6),
    "text": PowerLaw(1.5, 30.0, 0.3),
}


def trained(online: Online, steps: int) -> dict[str, float]:
    """The losses after training a learner whose loss on each source is a power law of what the plan served of it."""
    losses: dict[str, float] = {}
    for step in range(steps):
        served = online.plan.served(step + 1).tolist()
        losses = {source: LEARNERS[source].loss(count) for source, count in zip(NAMES, served, strict=True)}
        online.observe(step, losses)
    return losses


@pytest.mark.parametrize("counted", ["all", "own"])
def test_a_learner_does_better_on_average_by_ado_than_uniformly(counted: Any) -> None:
    steps = 800
    uniform = trained(Online(plan_of(steps=steps), Constant(UNIFORM), every_steps=steps), steps)
    rule = ADO(skip_steps=40, refit_steps=80, counted=counted)
    adapted = trained(Online(plan_of(steps=steps), rule, every_steps=20), steps)
    assert sum(adapted.values()) / 4 < sum(uniform.values()) / 4 - 0.05


def test_a_learner_is_less_far_behind_on_its_worst_source_by_doremi_than_uniformly() -> None:
    steps = 800
    reference = {source: law.loss(40 * steps) for source, law in LEARNERS.items()}
    uniform = trained(Online(plan_of(steps=steps), Constant(UNIFORM), every_steps=steps), steps)
    online = Online(plan_of(steps=steps), DoReMi(reference, step_size=0.02), every_steps=10)
    adapted = trained(online, steps)

    def worst(losses: Mapping[str, float]) -> float:
        return max(losses[source] - reference[source] for source in NAMES)

    assert worst(adapted) < 0.9 * worst(uniform)


def test_import_mixsched_does_not_load_the_online_rules() -> None:
    script = "import mixsched, sys; print('mixsched.online' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_declared_cooldown_holds_again_after_the_rules_last_step() -> None:
    phases = (Phase("pretrain", Steps(60), {"code": 0.5, "text": 0.5}), Phase("cooldown", Steps(20), {"text": 1}))
    schedule = Schedule(phases, batch_size=16, context_tokens=4)
    rows = {"code": 100, "text": 100}
    rule = DoReMi({"code": 1.0, "text": 2.0}, step_size=0.2)
    online = Online(Plan(schedule, rows, seed=0), rule, every_steps=10, until_step=60)
    for step in range(80):
        online.observe(step, {"code": 2.0, "text": 2.0})
    assert [amendment.at_step for amendment in online.plan.amendments] == [10, 20, 30, 40, 50]
    assert online.plan.counts(59)[0] > 8
    assert all(online.plan.counts(step).tolist() == [0, 16] for step in range(61, 80))
    again = Online.replay(Plan(schedule, rows, seed=0), rule, online.log, every_steps=10, until_step=60)
    assert again.plan == online.plan


@pytest.mark.parametrize("until_step", [0, 10, 81, 20.5])
def test_a_rule_that_ends_before_it_begins_or_beyond_the_run_is_refused(until_step: int) -> None:
    with pytest.raises(UsageError, match="`until_step` must be a whole number of at least 11 and at most 60"):
        Online(plan_of(steps=60), DoReMi(REFERENCE), every_steps=10, from_step=10, until_step=until_step)
