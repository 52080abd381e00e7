"""Schedules: phase boundaries, ramps' declaration, learning rates across phases, refusals, JSON."""

import json

import numpy as np
import pytest

from mixsched import (
    Constant,
    Group,
    LinearAnneal,
    Phase,
    Plan,
    Ramp,
    Samples,
    Schedule,
    Steps,
    Tokens,
    UsageError,
    WarmupCosine,
)

MIX = {"text": 0.75, "code": 0.25}


def one_phase(weights: object = None, **fields: object) -> Schedule:
    return Schedule((Phase("p", Steps(3), weights or MIX, **fields),), batch_size=4, context_tokens=8)


def three_phases() -> Schedule:
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


@pytest.mark.parametrize("length", [Tokens(0), Samples(0), Steps(0)])
def test_a_phase_of_no_length_is_refused(length: Tokens | Samples | Steps) -> None:
    with pytest.raises(UsageError, match=r"`length` of phase 'p' must be at least 1, got \w+\(count=0\)"):
        Phase("p", length, MIX)


def test_a_length_without_a_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="`length`"):
        Phase("p", 100, MIX)


def test_a_phase_without_a_name_and_a_schedule_without_phases_are_refused() -> None:
    with pytest.raises(UsageError, match="`name` of a phase must not be empty"):
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
    assert back.to_json() == schedule.to_json()
    assert Plan(back, rows, seed=0).fingerprint == Plan(schedule, rows, seed=0).fingerprint
    assert [back.learning_rate(step) for step in range(21)] == [schedule.learning_rate(step) for step in range(21)]
    assert [phase.mixes() for phase in back.phases] == [phase.mixes() for phase in schedule.phases]
    assert [phase.groups() for phase in back.phases] == [phase.groups() for phase in schedule.phases]


def test_a_group_named_start_beside_a_source_named_ramp_comes_back_from_json() -> None:
    schedule = one_phase({"start": Group(0.5, {"text": 1}), "ramp": 0.5})
    assert Schedule.from_json(schedule.to_json()).sources == ("ramp", "text")


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
        (SCHEDULE | {"seed": 1}, "a schedule has unknown seed; its fields are batch_size, context_tokens, phases"),
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
