"""Schedules: phase boundaries, ramps' declaration, learning rates across phases, refusals, JSON."""

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsched import (
    Constant,
    Group,
    LinearAnneal,
    Phase,
    Plan,
    Ramp,
    Samples,
    Schedule,
    Share,
    Steps,
    Table,
    Tokens,
    UsageError,
    WarmupCosine,
    WarmupStableDecay,
)

MIX = {"text": 0.75, "code": 0.25}


def one_phase(weights: object = None, **fields: object) -> Schedule:
    return Schedule((Phase("p", Steps(3), weights or MIX, **fields),), batch_size=4, context_tokens=8)


def three_phases() -> Schedule:
    """One of all that a schedule can hold, but shares."""
    return Schedule(
        (
            Phase("pretrain", Tokens(1_001), MIX, lr=WarmupCosine(1.0, 0.5, warmup=Steps(2))),
            Phase("shift", Samples(25), Ramp(MIX, {"math": "1/3", "text": "2/3"}, "cosine"), Constant(0.4), 12),
            Phase(
                "cooldown", Steps(5), {"g": Group(0.5, {"code": 0.2, "text": 0.8}), "math": 0.5}, LinearAnneal(1e-6), 2
            ),
        ),
        batch_size=8,
        context_tokens=10,
    )


def test_phases_follow_one_another_in_whole_steps() -> None:
    schedule = three_phases()
    # 1,001 tokens at 8 x 10 a step; 25 samples at 12 a step; 5 steps.
    assert schedule.steps == (13, 3, 5)
    assert schedule.first_steps == (0, 13, 16)
    assert schedule.total_steps == 21
    assert schedule.batch_sizes == (8, 12, 2)
    assert schedule.total_tokens == (13 * 8 + 3 * 12 + 5 * 2) * 10


def test_sources_are_those_of_all_phases_and_both_ends_of_a_ramp_sorted() -> None:
    assert three_phases().sources == ("code", "math", "text")
    ramp = Ramp({"b": 1}, {"a": 1})
    assert one_phase(ramp).sources == ("a", "b")


def test_each_learning_rate_is_that_of_its_phase_up_to_the_boundary() -> None:
    schedule = three_phases()
    found = [schedule.learning_rate(step) for step in range(21)]
    assert found[:3] == [0.5, 1.0, 1.0]
    assert found[12:16] == [0.5, 0.4, 0.4, 0.4]
    np.testing.assert_allclose(found[16:], np.linspace(0.4, 1e-6, 6)[1:])
    assert found[20] == 1e-6


def test_anneals_without_a_start_inherit_through_several_phases() -> None:
    phases = (
        Phase("a", Steps(4), MIX, LinearAnneal(0.5, start=1.0)),
        Phase("b", Steps(2), MIX, LinearAnneal(0.25)),
        Phase("c", Steps(2), MIX, LinearAnneal(0.05)),
    )
    schedule = Schedule(phases, batch_size=1, context_tokens=1)
    assert [schedule.learning_rate(step) for step in (3, 4, 5, 7)] == [0.5, 0.375, 0.25, 0.05]
    assert schedule.learning_rate(6) == pytest.approx(0.15)


def test_a_phase_without_a_learning_rate_says_so_when_asked() -> None:
    with pytest.raises(UsageError, match="`lr` of phase 'p' is not declared"):
        one_phase().learning_rate(0)


def test_a_curve_goes_on_over_phases_that_declare_none() -> None:
    """Three phases under one cosine have the rates of one phase of their length, whatever the mixes and batches."""
    curve = WarmupCosine(1.0, 0.1, warmup=Samples(12))
    mixes = [{"text": 1}, MIX, Ramp(MIX, {"math": 1})]
    phases = tuple(Phase(f"p{place}", Steps(4), mix, batch_size=4 + place) for place, mix in enumerate(mixes))
    spanned = Schedule((dataclasses.replace(phases[0], lr=curve), *phases[1:]), batch_size=1, context_tokens=1)
    alone = Schedule((Phase("p", Steps(12), MIX, curve),), batch_size=4, context_tokens=1)
    assert [spanned.learning_rate(step) for step in range(12)] == [alone.learning_rate(step) for step in range(12)]
    assert spanned.learning_rate(2) == 1.0
    annealed = spanned.then(Phase("cooldown", Steps(2), MIX, LinearAnneal(0.0)))
    assert [annealed.learning_rate(step) for step in (11, 12, 13)] == [0.1, 0.05, 0.0]


def test_a_decay_in_tokens_is_counted_in_the_batches_of_the_phase_it_lies_in() -> None:
    curve = WarmupStableDecay(1.0, 0.0, warmup=Tokens(80), decay=Tokens(80))
    phases = (Phase("a", Steps(10), MIX, curve, batch_size=8), Phase("b", Steps(10), MIX, batch_size=2))
    rates = Schedule(phases, batch_size=1, context_tokens=10).learning_rates(np.arange(20))
    assert rates.tolist() == [1.0] * 16 + [0.75, 0.5, 0.25, 0.0]


def test_a_warm_up_over_batches_of_several_sizes_is_counted_in_each() -> None:
    """800 samples are 10 steps of 8 and then 9 of 80; the mirrored decay has the same."""
    curve = WarmupStableDecay(1.0, 0.0, warmup=Samples(800), decay=Samples(800))
    phases = (
        Phase("a", Steps(10), MIX, curve, batch_size=8),
        Phase("b", Steps(190), MIX, batch_size=80),
        Phase("c", Steps(10), MIX, batch_size=8),
    )
    rates = Schedule(phases, batch_size=1, context_tokens=10).learning_rates(np.arange(210))
    assert np.flatnonzero(rates == 1.0).tolist() == list(range(18, 191))


def test_rates_of_many_steps_are_those_of_each() -> None:
    schedule = three_phases()
    assert schedule.learning_rates(np.arange(21)).tolist() == [schedule.learning_rate(step) for step in range(21)]
    assert schedule.learning_rates(np.array([[20, 0]])).tolist() == [[1e-6, 0.5]]


def test_an_anneal_after_a_phase_without_a_learning_rate_is_refused() -> None:
    phases = (Phase("bare", Steps(1), MIX), Phase("cooldown", Steps(1), MIX, LinearAnneal(0.0)))
    with pytest.raises(UsageError, match="`start` of the LinearAnneal in phase 'cooldown' must be given"):
        Schedule(phases, batch_size=1, context_tokens=1)


@pytest.mark.parametrize("step", [-1, 3])
def test_a_step_outside_the_schedule_has_no_learning_rate(step: int) -> None:
    with pytest.raises(UsageError, match="`step`"):
        one_phase(lr=Constant(1.0)).learning_rate(step)


def test_an_anneal_without_a_start_is_refused_in_the_first_phase() -> None:
    with pytest.raises(UsageError, match="`start` of the LinearAnneal in phase 'p' must be given"):
        one_phase(lr=LinearAnneal(0.0))
    assert one_phase(lr=LinearAnneal(0.0, start=1.0)).learning_rate(2) == 0.0


def test_two_phases_of_one_name_are_refused() -> None:
    phases = (Phase("a", Steps(1), MIX), Phase("b", Steps(1), MIX), Phase("a", Steps(2), MIX))
    with pytest.raises(UsageError, match="`phases` must have different names, 'a' stands there twice"):
        Schedule(phases, batch_size=1, context_tokens=1)


@pytest.mark.parametrize("length", [Tokens(0), Samples(0), Steps(0), Share(0)])
def test_a_phase_of_no_length_is_refused(length: Tokens | Samples | Steps | Share) -> None:
    with pytest.raises(UsageError, match=r"`length` of phase 'p' must be more than nothing, got \w+\(.*=0\)"):
        Phase("p", length, MIX)


def test_a_length_without_a_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="`length`"):
        Phase("p", 100, MIX)


def shares(*lengths: Share | Steps, run: object = Steps(10)) -> Schedule:
    phases = tuple(Phase(f"p{place}", length, MIX) for place, length in enumerate(lengths))
    return Schedule(phases, batch_size=4, context_tokens=8, length=run)  # pyright: ignore[reportArgumentType]


def test_phases_may_be_shares_of_the_run() -> None:
    assert shares(Share("0.75"), Share("1/4")).first_steps == (0, 8)
    in_tokens = shares(Share("0.75"), Share("1/4"), run=Tokens(1_000))
    assert in_tokens.total_steps == 32
    assert in_tokens.steps == (24, 8)


@pytest.mark.parametrize(
    ("lengths", "run", "said"),
    [
        ((Share(0.5), Share(0.5)), None, "phase 'p0' is a share of the run, so `length` of the schedule must say"),
        ((Share(0.5), Steps(5)), Steps(10), r"every phase must be a Share of it, phase 'p1' is Steps\(count=5\)"),
        ((Share(0.5), Share(0.4)), Steps(10), "must add up to 1, they add up to 0.9"),
        ((Share(0.99), Share(0.01)), Steps(10), "`length` of phase 'p1', .* is less than one step; give it a larger"),
        ((Share(1),), Share(1), "`length` of the schedule must be at least one of Tokens, Samples or Steps"),
        ((Share(1),), Steps(0), "`length` of the schedule must be at least one of Tokens, Samples or Steps"),
        ((Share(1),), 10, "`length` of the schedule must be Tokens.* got 10; write the unit"),
    ],
)
def test_shares_that_make_no_run_are_refused(lengths: tuple, run: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        shares(*lengths, run=run)


def test_schedules_are_equal_if_they_declare_the_same() -> None:
    turned = dict(reversed(MIX.items()))
    one, other = one_phase(MIX, lr=Constant(1)), one_phase({**turned, "code": "1/4"}, lr=Constant(1.0))
    assert one == other
    assert hash(one) == hash(other)
    assert one.phases == other.phases
    for changed in (one_phase({"text": 1}), one_phase(MIX), one_phase(MIX, lr=Constant(2)), one.phases[0], None):
        assert one != changed


def test_a_phase_without_a_name_and_a_schedule_without_phases_are_refused() -> None:
    with pytest.raises(UsageError, match="`name` of a phase must be a string that is not empty, got ''"):
        Phase("", Steps(1), MIX)
    with pytest.raises(UsageError, match="`phases` must hold at least one phase"):
        Schedule((), batch_size=1, context_tokens=1)


@pytest.mark.parametrize("bad", [0, -4, 2.0, True, "8"])
def test_sizes_below_one_or_not_whole_are_refused(bad: object) -> None:
    phase = Phase("p", Steps(1), MIX)
    with pytest.raises(UsageError, match=rf"`batch_size` must be a whole number of at least 1, got {bad!r}"):
        Schedule((phase,), batch_size=bad, context_tokens=1)
    with pytest.raises(UsageError, match=rf"`context_tokens` must be a whole number of at least 1, got {bad!r}"):
        Schedule((phase,), batch_size=1, context_tokens=bad)
    with pytest.raises(UsageError, match=rf"`batch_size` of phase 'p' must be a whole number .* got {bad!r}"):
        Phase("p", Steps(1), MIX, batch_size=bad)


def test_weights_are_checked_where_they_are_declared_and_the_phase_is_named() -> None:
    with pytest.raises(UsageError, match="`weights of phase 'p'` must add up to 1"):
        Phase("p", Steps(1), {"a": 0.5})
    with pytest.raises(UsageError, match=r"`weights of phase 'p' \(start\)` must add up to 1"):
        Phase("p", Steps(1), Ramp({"a": 0.5}, {"a": 1}))
    with pytest.raises(UsageError, match=r"`weights of phase 'p' \(end\)` must add up to 1"):
        Phase("p", Steps(1), Ramp({"a": 1}, {"a": 0.5}))


def test_a_ramp_of_unknown_shape_is_refused() -> None:
    with pytest.raises(UsageError, match=r"`shape` of a ramp must be one of \('linear', 'cosine'\), got 'step'"):
        Ramp(MIX, MIX, "step")


def test_a_schedule_comes_back_from_json_as_the_same_plan() -> None:
    schedule = three_phases()
    back = Schedule.from_json(json.loads(json.dumps(schedule.to_json())))
    rows = {"text": 50, "code": 9, "math": 7}
    assert back == schedule
    assert back.to_json() == schedule.to_json()
    assert Schedule.from_toml(schedule.to_toml()) == schedule
    assert Plan(back, rows, seed=0).fingerprint == Plan(schedule, rows, seed=0).fingerprint
    assert [back.learning_rate(step) for step in range(21)] == [schedule.learning_rate(step) for step in range(21)]
    assert [phase.knots for phase in back.phases] == [phase.knots for phase in schedule.phases]
    assert [phase.groups() for phase in back.phases] == [phase.groups() for phase in schedule.phases]


def test_a_group_named_start_beside_a_source_named_ramp_comes_back_from_json() -> None:
    schedule = one_phase({"start": Group(0.5, {"text": 1}), "ramp": 0.5})
    assert Schedule.from_json(schedule.to_json()).sources == ("ramp", "text")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.integers(1, 99), min_size=1, max_size=30), NAMES, st.booleans(), st.booleans())
def test_a_schedule_of_any_names_comes_back_from_json_and_toml(
    parts: dict[str, int], name: str, table: bool, shared: bool
) -> None:
    """Names of any characters, weights of any denominator, tables and shares: equal after both round trips."""
    mix = {source: Fraction(part, sum(parts.values())) for source, part in parts.items()}
    weights = Table((("0", mix), ("1/3", {name: 1}), (1, mix))) if table else mix
    phases = (Phase(name, Share("1/3") if shared else Steps(3), weights), Phase(name + "'", Share("2/3"), {name: 1}))
    run = Tokens(1_000) if shared else None
    schedule = Schedule(phases if shared else phases[:1], batch_size=4, context_tokens=8, length=run)
    assert Schedule.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule
    assert Schedule.from_toml(schedule.to_toml()) == schedule


@pytest.mark.parametrize("text", ["batch_size = ", "= 4", "[phases", "a = 1\na = 2", "\x00"])
def test_what_is_no_toml_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(UsageError, match=r"this text is not TOML: .* \(at .*\); mend it there"):
        Schedule.from_toml(text)


def test_numpy_sizes_can_be_written_as_json() -> None:
    phase = Phase("p", Steps(3), MIX, batch_size=np.int64(2))
    schedule = Schedule((phase,), batch_size=np.int64(4), context_tokens=np.int32(8))
    assert Schedule.from_json(json.loads(json.dumps(schedule.to_json()))).total_tokens == 3 * 2 * 8


PHASE = {"name": "p", "length": {"steps": 3}, "weights": {"text": "1"}}
SCHEDULE = {"batch_size": 4, "context_tokens": 8, "phases": [PHASE]}


def without(value: dict, field: str) -> dict:
    return {name: part for name, part in value.items() if name != field}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        *[(without(SCHEDULE, field), f"a schedule lacks {field}") for field in SCHEDULE],
        (
            SCHEDULE | {"seed": 1},
            "a schedule has unknown seed; its fields are batch_size, context_tokens, length, phases",
        ),
        ([SCHEDULE], "a schedule must be an object"),
        *[(SCHEDULE | {"phases": [without(PHASE, field)]}, f"a phase lacks {field}") for field in PHASE],
        (SCHEDULE | {"phases": [PHASE | {"learning_rate": 1}]}, "a phase has unknown learning_rate"),
        (SCHEDULE | {"phases": ["p"]}, "a phase must be an object"),
        (
            SCHEDULE | {"phases": [PHASE | {"weights": {"ramp": {"shape": "linear", "start": {"a": "1"}}}}]},
            "a ramp lacks end",
        ),
        (SCHEDULE | {"phases": [PHASE | {"weights": {"text": "0.5"}}]}, "must add up to 1"),
        (SCHEDULE | {"phases": [PHASE | {"length": 3}]}, "a length must be one of"),
        (SCHEDULE | {"phases": [PHASE | {"lr": {"kind": "step"}}]}, "whose 'kind' is one of"),
        (SCHEDULE | {"batch_size": "4"}, "`batch_size` must be a whole number"),
        (SCHEDULE | {"phases": None}, "phases"),
    ],
)
def test_json_with_missing_unknown_or_wrong_fields_is_refused(value: object, said: str) -> None:
    assert Schedule.from_json(SCHEDULE).total_steps == 3
    with pytest.raises(UsageError, match=said):
        Schedule.from_json(value)
