"""Lengths with their unit, and learning rates at the steps where mistakes hide: the first, the last, the warm-up's."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsched import (
    Constant,
    Curve,
    LinearAnneal,
    Samples,
    Share,
    Steps,
    Tokens,
    UsageError,
    WarmupCosine,
    WarmupStableDecay,
)
from mixsched.curves import curve_from_json, curve_to_json, lay_curve
from mixsched.lengths import Length, divide, in_steps, length_from_json, length_to_json

shares = st.builds(Share, st.fractions(0, 1, max_denominator=10**6))
lengths = st.builds(lambda unit, count: unit(count), st.sampled_from([Tokens, Samples, Steps]), st.integers(0, 10**15))
rates = st.floats(0, 1e3)
halves = st.builds(Share, st.fractions(0, Fraction(2, 5), max_denominator=100))
curves = st.one_of(
    st.builds(Constant, rates),
    st.builds(WarmupCosine, rates, rates, st.builds(Tokens, st.integers(0, 200)) | shares),
    st.builds(
        WarmupStableDecay, rates, rates, st.just(Steps(0)) | halves, halves, st.sampled_from(["linear", "1-sqrt"])
    ),
    st.builds(LinearAnneal, rates, st.none() | rates),
)


def rates_of(curve: Curve, steps: int, before: float | None = None) -> list[float]:
    laid = lay_curve(curve, [(steps, 4)], context_tokens=10, before=before)
    together = laid.rates(np.arange(steps), np).tolist()
    assert together == [float(laid.rates(np.float64(step), np)) for step in range(steps)]
    return together


def test_the_papers_200b_tokens_are_47_684_steps() -> None:
    assert in_steps(Tokens(200_000_000_000), batch_size=512, context_tokens=8_192) == 47_684


@given(st.integers(0, 10**15), st.integers(1, 10**5), st.integers(1, 10**5))
def test_a_length_is_rounded_up_to_whole_steps(count: int, batch_size: int, context_tokens: int) -> None:
    """`in_steps` is the least n such that n steps hold at least that many tokens or samples."""
    steps = in_steps(Tokens(count), batch_size=batch_size, context_tokens=context_tokens)
    assert steps * batch_size * context_tokens >= count
    assert steps == 0 or (steps - 1) * batch_size * context_tokens < count
    steps = in_steps(Samples(count), batch_size=batch_size, context_tokens=context_tokens)
    assert steps * batch_size >= count
    assert steps == 0 or (steps - 1) * batch_size < count
    assert in_steps(Steps(count), batch_size=batch_size, context_tokens=context_tokens) == count


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.integers(1, 10**6), st.data())
def test_shares_of_a_run_end_where_they_should_and_with_the_run(
    parts: list[int], count: int, data: st.DataObject
) -> None:
    """In whatever unit: after each share the steps hold all shares up to it, with less than a step to spare (those of
    no step after one that had room left aside), and all shares together are the run rounded up to a step."""
    unit = data.draw(st.sampled_from([Tokens, Samples, Steps]))
    sizes = data.draw(st.lists(st.integers(1, 64), min_size=len(parts), max_size=len(parts)))
    lengths = [Share(Fraction(part, sum(parts))) for part in parts]
    steps = divide(unit(count), lengths, batch_sizes=sizes, context_tokens=8)
    held, asked = 0, Fraction(0)
    for share, number, size in zip(lengths, steps, sizes, strict=True):
        step = {Tokens: 8 * size, Samples: size, Steps: 1}[unit]
        asked += share.fraction * count
        assert held + number * step >= asked
        assert not number or held + (number - 1) * step < asked
        held += number * step


def test_the_papers_run_divided_into_pretraining_and_cooldown() -> None:
    run, shares = Tokens(240_000_000_000), [Share("5/6"), Share("1/6")]
    steps = divide(run, shares, batch_sizes=[512, 512], context_tokens=8_192)
    assert steps == [47_684, 57_221 - 47_684]
    assert in_steps(run, batch_size=512, context_tokens=8_192) == 57_221


def test_shares_written_as_floats_do_not_add_a_step() -> None:
    """Three times 0.33333333333 or 0.33333333334 miss 1 by a hair; the run keeps its length all the same."""
    assert divide(Steps(10), [Share(0.7), Share(0.2), Share(0.1)], batch_sizes=[1] * 3, context_tokens=1) == [7, 2, 1]
    for third in (0.33333333333, 1 / 3, 0.33333333334):
        assert sum(divide(Steps(30_000), [Share(third)] * 3, batch_sizes=[1] * 3, context_tokens=1)) == 30_000


@pytest.mark.parametrize("bad", [-0.1, 1.01, "3/2", "a third", None, True, math.nan])
def test_a_share_that_is_none_is_refused(bad: object) -> None:
    with pytest.raises(UsageError, match=r"`Share`"):
        Share(bad)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint32, np.uint64])
def test_whole_numbers_of_numpy_are_lengths_too(kind: type) -> None:
    assert in_steps(Tokens(kind(1_001)), batch_size=10, context_tokens=10) == 11


@pytest.mark.parametrize("unit", [Tokens, Samples, Steps])
@pytest.mark.parametrize("count", [2e11, 2.0, -1, True, "5", None, math.nan])
def test_a_length_that_is_no_whole_number_is_refused(unit: type, count: object) -> None:
    with pytest.raises(UsageError, match=rf"`{unit.__name__}` takes a whole number of at least 0, got {count!r}"):
        unit(count)


@given(lengths | shares)
def test_a_length_comes_back_from_json(length: Length) -> None:
    """Through JSON text and back a length is equal, unit included."""
    assert length_from_json(json.loads(json.dumps(length_to_json(length)))) == length


@pytest.mark.parametrize("value", [{"epochs": 3}, {}, {"steps": 1, "tokens": 1}, 5, None, [["steps", 1]]])
def test_a_length_without_a_known_unit_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="a length must be one of"):
        length_from_json(value)


def test_a_count_in_json_is_checked_like_any_other() -> None:
    with pytest.raises(UsageError, match="`Steps` takes a whole number"):
        length_from_json({"steps": 1.5})


def test_a_constant_rate_is_constant() -> None:
    assert rates_of(Constant(3e-4), 5) == [3e-4] * 5


def test_the_papers_warm_up_rises_evenly_for_1_325_steps_and_the_cosine_ends_at_the_last() -> None:
    found = rates_of(WarmupCosine(peak=1e-2, end=1e-3, warmup=Steps(1_325)), 10_000)
    assert found[0] == pytest.approx(1e-2 / 1_325)
    np.testing.assert_allclose(np.diff(found[:1_325]), 1e-2 / 1_325, rtol=1e-9)
    assert found[1_323] < found[1_324] == pytest.approx(1e-2) == found[1_325]
    assert found[1_326] < found[1_325]
    assert found[-1] == 1e-3


def test_the_cosine_is_half_a_wave_from_peak_to_end() -> None:
    found = rates_of(WarmupCosine(peak=1.0, end=0.2), 101)
    assert (found[0], found[100]) == (1.0, 0.2)
    assert found[50] == pytest.approx(0.6)
    assert found[25] == pytest.approx(0.6 + 0.4 * math.sqrt(0.5))
    assert found == sorted(found, reverse=True)
    np.testing.assert_allclose(np.add(found, found[::-1]), 1.2)


def test_the_warm_up_may_be_written_in_tokens() -> None:
    in_tokens, in_whole_steps = WarmupCosine(1.0, 0.0, warmup=Tokens(81)), WarmupCosine(1.0, 0.0, warmup=Steps(3))
    assert rates_of(in_tokens, 9) == rates_of(in_whole_steps, 9)


def test_a_warm_up_as_long_as_the_phase_ends_at_the_peak() -> None:
    assert rates_of(WarmupCosine(peak=1.0, end=0.1, warmup=Steps(4)), 4) == [0.25, 0.5, 0.75, 1.0]


def test_a_cosine_of_one_step_is_at_its_end() -> None:
    assert rates_of(WarmupCosine(peak=1.0, end=0.1), 1) == [0.1]


def test_a_warm_up_as_a_share_is_one_of_its_curve() -> None:
    assert rates_of(WarmupCosine(1.0, 0.5, warmup=Share("0.4")), 10) == rates_of(WarmupCosine(1.0, 0.5, Steps(4)), 10)


def test_a_stable_phase_stands_between_warm_up_and_decay() -> None:
    found = rates_of(WarmupStableDecay(1.0, 0.2, warmup=Steps(2), decay=Steps(4)), 10)
    np.testing.assert_allclose(found, [0.5, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert rates_of(WarmupStableDecay(1.0, 0.2, decay=Share(0.4)), 10)[:6] == [1.0] * 6
    assert rates_of(WarmupStableDecay(1.0, 0.2), 3) == [1.0] * 3


def test_a_decay_by_one_minus_the_square_root_falls_fast_at_first() -> None:
    found = rates_of(WarmupStableDecay(1.0, 0.2, decay=Steps(4), shape="1-sqrt"), 5)
    np.testing.assert_allclose(found, [1, 0.6, 1 - 0.8 * math.sqrt(0.5), 1 - 0.8 * math.sqrt(0.75), 0.2])


def test_a_warm_up_that_would_never_end_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"must fit into the 10 steps of their curve, they take 11 and 0; shorten them"
    ):
        rates_of(WarmupCosine(1.0, 0.1, Steps(11)), 10)
    assert rates_of(WarmupCosine(1.0, 0.1, Steps(10)), 10)[-1] == 1.0


def test_a_decay_of_another_shape_or_without_room_is_refused() -> None:
    with pytest.raises(UsageError, match="`shape` of a decay must be one of linear, 1-sqrt, got 'cosine'"):
        WarmupStableDecay(1.0, 0.0, shape="cosine")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match=r"`warmup` and `decay` must fit into the 10 steps .* take 4 and 7; shorten"):
        rates_of(WarmupStableDecay(1.0, 0.0, Steps(4), Steps(7)), 10)


def test_an_anneal_leaves_its_start_at_once_and_reaches_its_end_at_the_last_step() -> None:
    assert rates_of(LinearAnneal(end=0.0, start=1.0), 4) == [0.75, 0.5, 0.25, 0.0]
    assert rates_of(LinearAnneal(end=1e-6, start=3e-4), 1_000)[-1] == 1e-6


def test_an_anneal_without_a_start_begins_where_the_phase_before_ended() -> None:
    assert rates_of(LinearAnneal(end=0.0), 4, before=2.0) == [1.5, 1.0, 0.5, 0.0]
    assert rates_of(LinearAnneal(end=0.0, start=1.0), 4, before=2.0) == rates_of(LinearAnneal(end=0.0, start=1.0), 4)


@given(curves, st.integers(5, 40), rates)
def test_no_rate_leaves_the_range_that_was_declared(curve: Curve, steps: int, before: float) -> None:
    """Every rate of every curve is at least 0 and at most the greatest rate declared or inherited."""
    declared = [value for value in (*vars(curve).values(), before) if isinstance(value, float)]
    found = rates_of(curve, steps, before)
    assert min(found) >= 0
    assert max(found) <= max(declared) * (1 + 1e-12)


@given(curves)
def test_a_curve_comes_back_from_json(curve: Curve) -> None:
    """Through JSON text and back a curve is equal, kind and every field."""
    assert curve_from_json(json.loads(json.dumps(curve_to_json(curve)))) == curve


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"kind": "step"}, "whose 'kind' is one of constant, warmup_cosine, warmup_stable_decay, linear_anneal"),
        ({"peak": 1.0}, "whose 'kind' is one of"),
        ({"kind": []}, "whose 'kind' is one of"),
        ("constant", "whose 'kind' is one of"),
        (None, "whose 'kind' is one of"),
        ({"kind": "constant", "peak": 1.0, "end": 0.0}, r"kind 'constant' knows \['peak'\], got \['end', 'peak'\]"),
        ({"kind": "warmup_cosine", "peak": 1.0}, "kind 'warmup_cosine' lacks end"),
        ({"kind": "warmup_cosine", "peak": 1.0, "end": 0.0, "warmup": 5}, "a length must be one of"),
        ({"kind": "constant", "peak": "high"}, "`peak` of a learning-rate curve must be finite"),
    ],
)
def test_a_curve_of_unknown_kind_or_fields_is_refused(value: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        curve_from_json(value)


@pytest.mark.parametrize("bad", [-1e-9, math.nan, math.inf, True, "1", None])
def test_a_rate_that_is_negative_or_no_finite_number_is_refused(bad: object) -> None:
    for declare in (
        lambda: Constant(bad),
        lambda: WarmupCosine(peak=bad, end=0.0),
        lambda: WarmupCosine(peak=1.0, end=bad),
        lambda: WarmupStableDecay(peak=bad, end=0.0),
        lambda: LinearAnneal(end=bad),
    ):
        with pytest.raises(UsageError, match="must be finite and at least 0"):
            declare()
    if bad is not None:
        with pytest.raises(UsageError, match="`start` of a learning-rate curve"):
            LinearAnneal(end=0.0, start=bad)


def test_a_warm_up_without_a_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="warmup"):
        WarmupCosine(peak=1.0, end=0.0, warmup=1_325)
