"""Plans: every sample of every step, whoever asks, in whatever order; and what a fingerprint tells apart."""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixsched.declaration
from mixsched import (
    Constant,
    Group,
    LinearAnneal,
    Phase,
    Placement,
    Plan,
    Ramp,
    Schedule,
    Steps,
    Tokens,
    UsageError,
    iterate,
    plan_text,
    schedule_table,
    simulated_epoching,
)
from mixsched.grain import PlanSelection

ROWS = {"text": 50, "code": 9, "math": 14}
MIX = {"text": 0.75, "code": 0.25}
GOLDEN_PLACEMENTS = "4d0e21baf3f745f6d822e12785594ef1062f36269012c06e236a6ad7c4e9dd4f"
GOLDEN_FINGERPRINT = "13212578a5be1cc93433826fbf22253b43e5b6eb7a017a307ab2b9626783855c"


def two_phases(batch_size: int = 12) -> Schedule:
    return Schedule(
        (
            Phase("pretrain", Steps(20), MIX, Constant(0.5)),
            Phase("cooldown", Tokens(960), Ramp(MIX, {"math": "1/3", "text": "2/3"}), LinearAnneal(0.0), 8),
        ),
        batch_size=batch_size,
        context_tokens=8,
    )


def a_plan(seed: int = 0, **rows: int) -> Plan:
    return Plan(two_phases(), ROWS | rows, seed=seed)


def half_and_half(*, batch_size: int, steps: int) -> Plan:
    schedule = Schedule((Phase("p", Steps(steps), {"a": 0.5, "b": 0.5}),), batch_size=batch_size, context_tokens=1)
    return Plan(schedule, {"a": 1_000, "b": 1_000}, seed=0)


def fields(placement: Placement) -> list[list[int]]:
    return [part.tolist() for part in dataclasses.astuple(placement)]


def all_samples(plan: Plan) -> np.ndarray:
    """Source, cursor, epoch and record of every sample in order: int64 [4, samples]."""
    return np.concatenate([fields(plan.batch(step)) for step in range(plan.total_steps)], axis=1)


def a_digest(plan: Plan) -> str:
    digest = hashlib.sha256()
    for step in range(plan.total_steps):
        placement = plan.batch(step)
        for part in (placement.source, placement.epoch, placement.record):
            digest.update(part.astype("<i8").tobytes())
    return digest.hexdigest()


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 2**64))
def test_the_parts_of_all_hosts_are_the_batch(batch_size: int, hosts: int, seed: int) -> None:
    """For any number of hosts, also one that does not divide the batch or exceeds it, the hosts' slices one after
    another are `batch(step)`, and no two hosts' parts differ by more than one slot.
    """
    plan = Plan(two_phases(batch_size), ROWS, seed=seed)
    for step in (0, plan.total_steps - 1):
        parts = [fields(plan.slots(step, host=host, hosts=hosts)) for host in range(hosts)]
        assert [list(itertools.chain(*column)) for column in zip(*parts, strict=True)] == fields(plan.batch(step))
        sizes = [len(part[0]) for part in parts]
        assert max(sizes) - min(sizes) <= 1


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 20), st.integers(1, 20))
def test_every_record_is_served_once_in_each_epoch(seed: int, text: int, code: int, math: int) -> None:
    """Whatever the sizes of the sources: an epoch holds each record once, and starts when the last one is complete."""
    phases = (Phase("a", Steps(6), MIX), Phase("b", Steps(3), {"text": 0.4, "code": 0.2, "math": 0.4}, batch_size=30))
    schedule = Schedule(phases, batch_size=16, context_tokens=1)
    plan = Plan(schedule, {"text": text, "code": code, "math": math}, seed=seed)
    source, cursor, epoch, record = all_samples(plan)
    for place, name in enumerate(plan.sources):
        rows, mine = plan.rows[name], source == place
        assert sorted(cursor[mine].tolist()) == list(range(mine.sum()))
        for number in range(epoch[mine].max() + 1):
            served = sorted(record[mine & (epoch == number)].tolist())
            last = number == epoch[mine].max()
            assert len(set(served)) == len(served)
            assert set(served) <= set(range(rows)) if last else served == list(range(rows))
        assert (epoch[mine] == cursor[mine] // rows).all()


def test_each_epoch_has_another_order_and_so_has_each_source() -> None:
    plan = Plan(half_and_half(batch_size=10, steps=40).schedule, {"a": 40, "b": 40}, seed=0)
    source, cursor, _, record = all_samples(plan)
    orders = [tuple(record[source == place][np.argsort(cursor[source == place])].tolist()) for place in (0, 1)]
    epochs = [order[start : start + 40] for order in orders for start in range(0, 200, 40)]
    assert len(set(epochs)) == 10


def test_the_cursors_of_a_source_go_on_from_step_to_step() -> None:
    plan = a_plan()
    for step in range(plan.total_steps):
        placement = plan.batch(step)
        for place in range(len(plan.sources)):
            cursors = sorted(placement.cursor[placement.source == place].tolist())
            assert cursors == list(range(plan.served(step)[place], plan.served(step + 1)[place]))
        assert np.bincount(placement.source, minlength=3).tolist() == plan.counts(step).tolist()
        assert len(placement.source) == plan.batch_size(step) == (12 if step < 20 else 8)


def test_a_fixed_part_of_the_batch_is_a_fair_draw_of_the_mix() -> None:
    """800 steps of 16 slots, a quarter of them code: the four slots of each host hold 25% within 5 deviations.

    Four of 16 without replacement: variance 0.25 * 0.75 * 12 / 15 a slot, over 3,200 slots.
    """
    schedule = Schedule((Phase("p", Steps(800), MIX),), batch_size=16, context_tokens=1)
    plan = Plan(schedule, ROWS, seed=0)
    is_code = np.stack([plan.batch(step).source == plan.sources.index("code") for step in range(800)])
    shares = is_code.reshape(800, 4, 4).mean(axis=(0, 2))
    np.testing.assert_allclose(shares, 0.25, atol=5 * (0.25 * 0.75 * 12 / 15 / 3_200) ** 0.5)
    # A single slot too, so that a period in the steps would show.
    np.testing.assert_allclose(is_code.mean(axis=0), 0.25, atol=5 * (0.25 * 0.75 / 800) ** 0.5)


def test_no_half_of_a_batch_is_of_one_source_and_no_two_steps_are_laid_out_alike() -> None:
    plan = half_and_half(batch_size=64, steps=200)
    layouts = [plan.batch(step).source for step in range(200)]
    assert all(0 < half.sum() < 32 for layout in layouts for half in np.split(layout, 2))
    assert len({layout.tobytes() for layout in layouts}) == 200


def test_any_step_can_be_asked_for_in_any_order_and_many_in_bulk() -> None:
    plan, again = a_plan(), a_plan()
    in_order = [fields(plan.batch(step)) for step in range(plan.total_steps)]
    for step in np.random.default_rng(0).permutation(plan.total_steps).tolist():
        assert fields(again.batch(step)) == in_order[step]
    for first, stop in ((0, 35), (0, 0), (17, 23), (34, 35)):
        steps = [fields(plan.batch(step)) for step in range(first, stop)]
        joined = np.concatenate(steps, axis=1).tolist() if steps else [[], [], [], []]
        assert fields(plan.batches(first, stop)) == joined


def test_samples_are_numbered_through_steps_and_slots() -> None:
    """`samples(step)` counts the slots of all steps before; `step_of` is its inverse for every slot of a step."""
    plan = a_plan()
    ends = np.cumsum([0, *(plan.batch_size(step) for step in range(35))]).tolist()
    assert [plan.samples(step) for step in range(36)] == ends
    for step in range(35):
        assert {plan.step_of(sample) for sample in range(ends[step], ends[step + 1])} == {step}
    for sample in (-1, ends[-1]):
        with pytest.raises(UsageError, match=rf"`sample` must lie in 0\.\.{ends[-1] - 1}, got {sample}"):
            plan.step_of(sample)


def test_the_order_of_rows_and_weights_and_further_sources_change_nothing() -> None:
    schedule = two_phases()
    turned = dataclasses.replace(schedule.phases[0], weights=dict(reversed(MIX.items())))
    turned = dataclasses.replace(schedule, phases=(turned, schedule.phases[1]))
    other = Plan(turned, dict(reversed((ROWS | {"unused": 0}).items())), seed=0)
    assert np.array_equal(all_samples(other), all_samples(a_plan()))
    assert other.fingerprint == a_plan().fingerprint
    assert other.differences(a_plan()) == ()


def test_another_seed_is_another_order_of_the_same_counts() -> None:
    one, other = a_plan(seed=0), a_plan(seed=1)
    assert all((one.counts(step) == other.counts(step)).all() for step in range(one.total_steps))
    assert (all_samples(one)[0] != all_samples(other)[0]).any(), "the slots are the same"
    in_turn = [dict(zip(*all_samples(plan)[1::2, all_samples(plan)[0] == 2], strict=True)) for plan in (one, other)]
    assert in_turn[0] != in_turn[1], "the records are the same"


def test_what_is_told_beforehand_is_what_is_served() -> None:
    plan = a_plan()
    assert plan.sources == ("code", "math", "text")
    assert plan.total_steps == 35
    assert plan.served(35).sum() == 20 * 12 + 15 * 8
    assert plan.tokens(21) == (20 * 12 + 8) * 8
    assert [str(share) for share in plan.expected(20)] == ["60", "0", "180"]
    assert [str(share) for share in plan.expected(35)] == ["75", "20", "265"]
    assert [plan.learning_rate(step) for step in (0, 19, 34)] == [0.5, 0.5, 0.0]


def test_the_same_samples_are_served_by_every_version() -> None:
    """Whoever changes this digest must raise PLAN_FORMAT, so that old runs are not resumed with other samples."""
    assert mixsched.declaration.PLAN_FORMAT == 2
    assert a_digest(a_plan()) == GOLDEN_PLACEMENTS


def test_the_fingerprint_is_the_same_in_every_version() -> None:
    assert a_plan().fingerprint == GOLDEN_FINGERPRINT


def changed(**fields: object) -> Schedule:
    """The schedule with fields of its first phase, or of its own, changed."""
    schedule = two_phases()
    own = {name: value for name, value in fields.items() if name in {"context_tokens"}}
    of_phase = {name: value for name, value in fields.items() if name not in own}
    first = dataclasses.replace(schedule.phases[0], **of_phase)
    return dataclasses.replace(schedule, phases=(first, *schedule.phases[1:]), **own)


OTHERS = {
    "plan.seed": a_plan(seed=1),
    "plan.rows.code": a_plan(code=10),
    "plan.schedule.batch_size": Plan(two_phases(13), ROWS, seed=0),
    "plan.schedule.context_tokens": Plan(changed(context_tokens=6), ROWS, seed=0),
    "plan.schedule.phases.0.name": Plan(changed(name="first"), ROWS, seed=0),
    "plan.schedule.phases.0.length.steps": Plan(changed(length=Steps(21)), ROWS, seed=0),
    "plan.schedule.phases.0.length.tokens": Plan(changed(length=Tokens(1_920)), ROWS, seed=0),
    "plan.schedule.phases.0.weights.code": Plan(changed(weights={"text": 0.7, "code": 0.3}), ROWS, seed=0),
    "plan.schedule.phases.0.weights.math": Plan(changed(weights=MIX | {"math": 0}), ROWS, seed=0),
    "plan.schedule.phases.0.weights.g.of.code": Plan(changed(weights={"g": Group(1, MIX)}), ROWS, seed=0),
    "plan.schedule.phases.0.lr.peak": Plan(changed(lr=Constant(0.25)), ROWS, seed=0),
    "plan.schedule.phases.0.batch_size": Plan(changed(batch_size=16), ROWS, seed=0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_differs_is_named_and_changes_the_fingerprint(name: str) -> None:
    other = OTHERS[name]
    assert other.fingerprint != a_plan().fingerprint
    told = a_plan().differences(other)
    assert any(sentence.startswith(f"{name} was ") for sentence in told)
    assert other.differences(other) == ()


def test_differences_tell_both_values_and_nothing_else() -> None:
    assert a_plan().differences(a_plan(seed=7, code=10)) == (
        "plan.rows.code was 9, now 10",
        "plan.seed was 0, now 7",
    )
    assert a_plan().differences(OTHERS["plan.schedule.phases.0.batch_size"]) == (
        "plan.schedule.phases.0.batch_size was absent, now 16",
    )


def test_plans_without_differences_have_one_fingerprint() -> None:
    """A learning rate of 1 and one of 1.0 are the same declaration, so restoring must not refuse it."""
    one, other = (Plan(changed(lr=Constant(peak)), ROWS, seed=0) for peak in (1, 1.0))
    assert one.differences(other) == ()
    assert one.fingerprint == other.fingerprint


def test_a_plan_comes_back_from_json() -> None:
    plan = a_plan()
    back = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert back.fingerprint == plan.fingerprint
    assert np.array_equal(all_samples(back), all_samples(plan))


@pytest.mark.parametrize("kind", [np.int64, np.int32])
def test_numpy_numbers_make_the_same_plan_as_pythons(kind: type) -> None:
    phases = (Phase("p", Steps(3), MIX),)
    plain = Plan(Schedule(phases, batch_size=4, context_tokens=8), ROWS, seed=3)
    numpys = Plan(
        Schedule(phases, batch_size=kind(4), context_tokens=kind(8)),
        {name: kind(rows) for name, rows in ROWS.items()},
        seed=kind(3),
    )
    assert np.array_equal(all_samples(numpys), all_samples(plain))
    assert numpys.fingerprint == plain.fingerprint


def long_plan() -> Plan:
    schedule = Schedule(
        (Phase("p", Steps(50_000), {"text": 0.7512, "code": 0.2488}),), batch_size=512, context_tokens=8_192
    )
    return Plan(schedule, {"text": 10**8, "code": 10**7}, seed=0)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.int32, np.uint64, jnp.int32, np.array])
def test_a_step_may_be_counted_in_any_width(kind: Callable) -> None:
    """NumPy's and JAX's step counters are narrow; what is asked with one is what is asked with Python's number."""
    plan, step = long_plan(), 100 if kind in (np.int8, np.uint8) else 30_000
    for ask in ("served", "counts", "expected", "tokens", "samples", "batch_size"):
        asked, wanted = getattr(plan, ask)(kind(step)), getattr(plan, ask)(step)
        assert np.array_equal(asked, wanted), ask
    assert plan.batch(kind(step)).record.tolist() == plan.batch(step).record.tolist()
    part = plan.slots(kind(step), host=kind(3), hosts=kind(8))
    assert part.cursor.tolist() == plan.slots(step, host=3, hosts=8).cursor.tolist()
    assert plan.step_of(kind(step)) == plan.step_of(step)
    amended = plan.amend(kind(step), {"code": 1}, served_steps=kind(step))
    assert amended == plan.amend(step, {"code": 1})
    assert amended.departures(plan, served_steps=kind(step)) == ()


@pytest.mark.parametrize("bad", [1.0, "3", None, True, [1], Fraction(3), np.float32(3), np.array([1, 2])])
def test_a_step_that_is_no_whole_number_is_refused(bad: object) -> None:
    plan = a_plan()
    asks: list[Callable] = [
        plan.counts, plan.served, plan.expected, plan.batch, plan.batch_size, plan.tokens, plan.samples, plan.step_of,
        lambda step: plan.batches(step, 5), lambda step: plan.slots(0, host=step, hosts=4),
        lambda step: plan.slots(0, host=0, hosts=step), lambda step: plan.schedule.learning_rate(step),
        lambda step: plan.amend(step, MIX), lambda step: plan.departures(plan, served_steps=step),
        lambda step: iterate(plan, host=step, hosts=4),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(UsageError, match="must be a whole number, got"):
            ask(bad)


NOT_PLANS = {
    "no schedule": lambda: Plan(None, ROWS, seed=0),  # pyright: ignore[reportArgumentType]
    "a plan for a schedule": lambda: Plan(a_plan(), ROWS, seed=0),  # pyright: ignore[reportArgumentType]
    "rows in a list": lambda: Plan(two_phases(), [50, 9, 14], seed=0),  # pyright: ignore[reportArgumentType]
    "limits in a list": lambda: Plan(two_phases(), ROWS, seed=0, limits=[4]),  # pyright: ignore[reportArgumentType]
    "a pool for all": lambda: Plan(two_phases(), ROWS, seed=0, pools=5),  # pyright: ignore[reportArgumentType]
    "a number for an amendment": lambda: Plan(two_phases(), ROWS, seed=0, amendments=(5,)),  # pyright: ignore[reportArgumentType]
    "a schedule for a plan": lambda: plan_text(two_phases()),  # pyright: ignore[reportArgumentType]
    "a schedule at a door": lambda: iterate(two_phases()),  # pyright: ignore[reportArgumentType]
    "a schedule at Grain's door": lambda: PlanSelection(two_phases()),  # pyright: ignore[reportArgumentType]
    "a plan told as a schedule": lambda: schedule_table(a_plan()),  # pyright: ignore[reportArgumentType]
    "a reason that is no text": lambda: a_plan().amend(3, MIX, reason=5),  # pyright: ignore[reportArgumentType]
    "names for rows": lambda: a_plan().amend(3, MIX, sources=["math"]),  # pyright: ignore[reportArgumentType]
    "a number for a curve": lambda: Phase("p", Steps(3), MIX, lr=1e-4),  # pyright: ignore[reportArgumentType]
    "a zero too many": lambda: Schedule((Phase("p", Steps(10**30), MIX),), batch_size=4, context_tokens=8),
    "a batch too large": lambda: Schedule((Phase("p", Steps(3), MIX),), batch_size=2**63, context_tokens=8),
    "negative rows": lambda: simulated_epoching({"a": -1}, tokens=1, of_tokens=2),
}


@pytest.mark.parametrize("mistake", NOT_PLANS)
def test_what_is_of_another_kind_is_refused_with_what_to_do(mistake: str) -> None:
    with pytest.raises(UsageError, match=r"; |got -1"):
        NOT_PLANS[mistake]()


def places_in(value: object, path: tuple = ()) -> list[tuple]:
    """The path of every value in a JSON tree, objects and lists included."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, part in parts for place in places_in(part, (*path, key))]


@pytest.mark.parametrize("path", places_in(a_plan().to_json()), ids=lambda path: ".".join(map(str, path)))
def test_an_edit_of_any_value_is_refused(path: tuple) -> None:
    """Each value of a plan's JSON in turn is replaced by ones of every JSON type: from_json raises UsageError."""
    for edit in (7, 0.125, "edited", None, [], {}, [7], {"edited": 7}):
        value = json.loads(json.dumps(a_plan().to_json()))
        parent = value
        for key in path[:-1]:
            parent = parent[key]
        # A batch size of null is as good as none.
        if edit == parent[path[-1]] or (edit is None and path[-2:] == (1, "batch_size")):
            continue
        parent[path[-1]] = edit
        with pytest.raises(UsageError):
            Plan.from_json(value)


def test_an_edited_plan_another_format_and_what_is_no_plan_are_told_apart() -> None:
    value = a_plan().to_json()
    with pytest.raises(UsageError, match="it was edited or damaged"):
        Plan.from_json(value | {"seed": 1})
    with pytest.raises(UsageError, match="this plan has format 1, this version of mixsched reads 2"):
        Plan.from_json(value | {"format": 1})
    for field in ("rows", "schedule", "seed"):
        with pytest.raises(UsageError, match=f"a plan lacks {field}; its fields are amendments, .*"):
            Plan.from_json({name: part for name, part in value.items() if name != field})
    with pytest.raises(UsageError, match="a plan must be an object"):
        Plan.from_json([value])


def test_a_source_without_data_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"the source 'code', .* did you mean 'codes'\? Known: codes, math, text"):
        Plan(two_phases(), {"text": 50, "codes": 9, "math": 14}, seed=0)


@pytest.mark.parametrize("rows", [0, -1])
def test_a_source_without_rows_is_refused(rows: int) -> None:
    with pytest.raises(UsageError, match="`rows` of source 'math' must be a whole number from 1 to 2"):
        a_plan(math=rows)


@pytest.mark.parametrize("ask", ["counts", "batch", "batch_size", "learning_rate"])
@pytest.mark.parametrize("step", [-1, 35])
def test_a_step_outside_the_plan_is_refused(ask: str, step: int) -> None:
    with pytest.raises(UsageError, match=rf"`step` must lie in 0\.\.34, got {step}"):
        getattr(a_plan(), ask)(step)


@pytest.mark.parametrize("ask", ["served", "expected"])
@pytest.mark.parametrize("step", [-1, 36])
def test_a_boundary_outside_the_plan_is_refused(ask: str, step: int) -> None:
    assert len(getattr(a_plan(), ask)(35)) == 3
    with pytest.raises(UsageError, match=rf"`step` must lie in 0\.\.35, got {step}"):
        getattr(a_plan(), ask)(step)


@pytest.mark.parametrize(("host", "hosts"), [(-1, 2), (2, 2), (0, 0)])
def test_a_host_that_is_none_is_refused(host: int, hosts: int) -> None:
    with pytest.raises(UsageError, match=rf"`host` must lie in .*, got {host}"):
        a_plan().slots(0, host=host, hosts=hosts)
