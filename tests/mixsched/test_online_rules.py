"""DoReMi and ADO do what their papers say, and the scaling law is fitted to what made the losses."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from online_cases import NAMES, REFERENCE, UNIFORM, plan_of

from mixsched.online import ADO, DoReMi, Feedback, Online, PowerLaw
from mixsched.online.scaling_law import MAX_POINTS, Curve, fit

# DoReMi


def test_doremi_makes_the_update_of_the_papers_algorithm_1() -> None:
    """By hand: excess of 1, 0 and 2 doubles, keeps and quadruples the thirds; then 0, 1 and 0 doubles the second."""
    rule = DoReMi({"a": 1.0, "b": 1.0, "c": 1.0}, step_size=math.log(2), smoothing=0.03)
    start = rule.begin({"a": 0.2, "b": 0.2, "c": 0.6})
    assert rule.weights(start) == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, rel=1e-15)
    once = rule.observe(start, Feedback(0, {"a": 2.0, "b": 0.5, "c": 3.0}, {}, 0))
    first = [Fraction(97, 100) * Fraction(part, 7) + Fraction(1, 100) for part in (2, 1, 4)]
    assert list(rule.weights(once).values()) == pytest.approx([float(each) for each in first], rel=1e-14)
    twice = rule.observe(once, Feedback(1, {"a": 1.0, "b": 2.0, "c": 1.0}, {}, 0))
    raised = [first[0], 2 * first[1], first[2]]
    second = [Fraction(97, 100) * each / sum(raised) + Fraction(1, 100) for each in raised]
    assert list(rule.weights(twice).values()) == pytest.approx([float(each) for each in second], rel=1e-14)
    mean = [float(one + two) / 2 for one, two in zip(first, second, strict=True)]
    assert list(rule.average(twice).values()) == pytest.approx(mean, rel=1e-14)


@given(st.lists(st.floats(0, 50), min_size=4, max_size=4), st.integers(1, 20))
def test_doremi_moves_weight_towards_the_largest_excess(excess: list[float], updates: int) -> None:
    rule = DoReMi(REFERENCE, step_size=0.1)
    losses = {source: REFERENCE[source] + each for source, each in zip(NAMES, excess, strict=True)}
    state = rule.begin(UNIFORM)
    for step in range(updates):
        state = rule.observe(state, Feedback(step, losses, {}, 0))
    weights = list(rule.weights(state).values())
    assert math.fsum(weights) == pytest.approx(1)
    rising = sorted(range(4), key=lambda place: excess[place])
    for less, more in itertools.pairwise(rising):
        assert weights[less] <= weights[more] + 1e-9
    if excess[rising[-1]] > excess[rising[-2]] + 0.01:
        assert weights[rising[-1]] > 0.25


def test_doremi_stays_uniform_where_all_are_equally_far_behind() -> None:
    rule = DoReMi(REFERENCE)
    state = rule.begin(UNIFORM)
    for step in range(100):
        state = rule.observe(state, Feedback(step, {s: loss + 0.3 for s, loss in REFERENCE.items()}, {}, 0))
    assert list(rule.weights(state).values()) == pytest.approx([0.25] * 4, rel=1e-12)
    assert list(rule.average(state).values()) == pytest.approx([0.25] * 4, rel=1e-12)


def test_doremi_neither_overflows_nor_forgets_a_weight_too_small_for_a_float() -> None:
    rule = DoReMi({"a": 0.0, "b": 0.0}, smoothing=0.0)
    state = rule.observe(rule.begin({"a": 0.5, "b": 0.5}), Feedback(0, {"a": 1e6, "b": 0.0}, {}, 0))
    assert rule.weights(state) == {"a": 1.0, "b": 0.0}
    state = rule.observe(state, Feedback(1, {"a": 0.0, "b": 1e6}, {}, 0))
    assert rule.weights(state) == pytest.approx({"a": 0.5, "b": 0.5})


def test_doremi_remembers_the_excess_of_a_source_that_is_absent() -> None:
    rule = DoReMi({"a": 1.0, "b": 1.0})
    begun = rule.observe(rule.begin({"a": 0.5, "b": 0.5}), Feedback(0, {"a": 1.5, "b": 1.1}, {}, 0))
    absent = rule.observe(begun, Feedback(1, {"b": 1.2}, {}, 0))
    assert absent == rule.observe(begun, Feedback(1, {"a": 1.5, "b": 1.2}, {}, 0))


def test_the_average_before_any_update_is_uniform() -> None:
    assert DoReMi(REFERENCE).average(DoReMi(REFERENCE).begin(UNIFORM)) == pytest.approx(UNIFORM)


# The scaling law


def curve_of(law: PowerLaw, *, points: int, noise: Callable[[int], float] = lambda _: 0.0) -> Curve:
    curve = Curve()
    for point in range(1, points + 1):
        curve = curve.add(640 * point, law.loss(640 * point) * math.exp(noise(point)))
    return curve


@given(st.floats(0.3, 3), st.floats(3, 50), st.floats(0.1, 0.6), st.sampled_from([20, 255, 256, 700, 3_000]))
def test_the_fit_recovers_a_law_from_losses_without_noise(
    irreducible: float, scale: float, exponent: float, points: int
) -> None:
    law = PowerLaw(irreducible, scale, exponent)
    found = fit(curve_of(law, points=points))
    assert found is not None
    assert found.exponent == pytest.approx(exponent, abs=0.005)
    assert found.irreducible == pytest.approx(irreducible, abs=0.1)
    assert found.loss(640 * points) == pytest.approx(law.loss(640 * points), rel=1e-3)
    assert found.speed(640 * points) == pytest.approx(law.speed(640 * points), rel=0.02)


@pytest.mark.parametrize("law", [PowerLaw(1.5, 20, 0.4), PowerLaw(0.5, 8, 0.1), PowerLaw(0.0, 10, 0.2)])
def test_the_fit_is_stable_under_noise_and_spikes(law: PowerLaw) -> None:
    """2% of noise, and every twentieth loss doubled: the learning speed is still right to 15%."""
    generator = np.random.default_rng(0)
    spiked = curve_of(law, points=250, noise=lambda point: generator.normal(0, 0.02) + 0.7 * (point % 20 == 0))
    found = fit(spiked)
    assert found is not None
    assert found.speed(160_000) == pytest.approx(law.speed(160_000), rel=0.15)
    assert found.loss(160_000) == pytest.approx(law.loss(160_000), rel=0.01)


def test_noise_averages_out_of_a_long_history() -> None:
    """4,000 losses with 10% of noise, fitted by at most 256 means of them: the learning speed is right to 10%."""
    law = PowerLaw(0.5, 8.0, 0.1)
    misses = []
    for seed in range(5):
        generator = np.random.default_rng(seed)
        found = fit(curve_of(law, points=4_000, noise=lambda _, g=generator: g.normal(0, 0.1)))
        assert found is not None
        misses.append(abs(found.speed(2_560_000) / law.speed(2_560_000) - 1))
    assert sum(misses) / len(misses) < 0.1


def test_a_source_that_has_stopped_learning_has_no_speed() -> None:
    found = fit(curve_of(PowerLaw(2.0, 0.0, 0.3), points=100))
    rising = fit(curve_of(PowerLaw(2.0, 0.0, 0.3), points=100, noise=lambda point: point / 1000))
    assert found is not None
    assert rising is not None
    assert found.speed(64_000) == pytest.approx(0, abs=1e-12)
    assert rising.speed(64_000) == 0


def test_a_long_history_is_kept_short_and_stays_on_its_law() -> None:
    law = PowerLaw(0.0, 30.0, 0.25)
    curve = curve_of(law, points=3_000)
    assert len(curve.points) < MAX_POINTS
    assert all(loss == pytest.approx(math.log(law.loss(math.exp(samples)))) for samples, loss in curve.points)


@pytest.mark.parametrize("curve", [Curve(), curve_of(PowerLaw(1, 9, 0.3), points=7), Curve(((3.0, 1.0),) * 20)])
def test_too_few_points_make_no_law(curve: Curve) -> None:
    assert fit(curve) is None


# ADO


def ado_after(rule: ADO, laws: Mapping[str, PowerLaw], *, steps: int) -> dict[str, float]:
    """The weights after `steps` steps that served 8 samples of each source."""
    state = rule.begin(dict.fromkeys(laws, 1 / len(laws)))
    for step in range(steps):
        samples = 8 * (step + 1)
        losses = {source: law.loss(samples) for source, law in laws.items()}
        state = rule.observe(state, Feedback(step, losses, dict.fromkeys(laws, samples), len(laws) * samples))
    return rule.weights(state)


@pytest.mark.parametrize("counted", ["all", "own"])
def test_ado_prefers_the_source_that_still_learns(counted: Any) -> None:
    laws = {"done": PowerLaw(3.0, 1e-3, 0.5), "learns": PowerLaw(1.0, 9.0, 0.3)}
    weights = ado_after(ADO(skip_steps=5, refit_steps=20, counted=counted), laws, steps=100)
    assert weights["learns"] > 0.8
    assert math.fsum(weights.values()) == pytest.approx(1)


def test_ado_makes_the_papers_step() -> None:
    """By hand: speeds of 4 to 1 and credits of 4/5 and 1/5 under a power of 1/2 prefer 8 to 1; 9 steps were even."""
    rule = ADO(credit_rate=1.0, policy_rate=0.25, credit_power=0.5)
    laws = (PowerLaw(1.0, 8.0, 0.5), PowerLaw(2.0, 2.0, 0.5))
    begun = dataclasses.replace(rule.begin({"a": 0.5, "b": 0.5}), laws=laws, served=(90, 90), steps=9)
    state = rule.observe(begun, Feedback(9, {}, {"a": 106, "b": 94}, 200))
    assert state.credit == pytest.approx((0.8, 0.2))
    assert state.policy == pytest.approx((0.25 * 8 / 9 + 0.75 * 0.5, 0.25 * 1 / 9 + 0.75 * 0.5), abs=1e-6)
    assert state.mean == pytest.approx((0.9 * 0.5 + 0.1 * 8 / 9, 0.9 * 0.5 + 0.1 / 9), abs=1e-6)


def test_ado_counts_a_window_as_the_steps_that_it_holds() -> None:
    """Where every step serves the same, the credit after one feedback on 10 steps is that after 10 on one."""
    rule = ADO()
    stepwise = whole = rule.begin({"a": 0.5, "b": 0.5})
    for step in range(10):
        stepwise = rule.observe(stepwise, Feedback(step, {}, {"a": 6 * step + 6, "b": 2 * step + 2}, 8 * step + 8))
    whole = rule.observe(whole, Feedback(9, {}, {"a": 60, "b": 20}, 80))
    assert whole.credit == pytest.approx(stepwise.credit)


def test_ado_fits_at_multiples_of_its_refit_steps_and_skips_the_first_losses() -> None:
    laws = {"a": PowerLaw(1.0, 9.0, 0.3), "b": PowerLaw(3.0, 1e-3, 0.5)}
    rule = ADO(skip_steps=10, refit_steps=20)
    assert ado_after(rule, laws, steps=19) == {"a": 0.5, "b": 0.5}
    assert ado_after(rule, laws, steps=20)["a"] > 0.5
    assert ado_after(dataclasses.replace(rule, skip_steps=13), laws, steps=20) == {"a": 0.5, "b": 0.5}


def test_ado_leaves_a_source_that_was_never_seen_at_its_prior_and_every_other_above_the_minimum() -> None:
    rule = ADO(skip_steps=0, refit_steps=10, min_share=0.05, policy_rate=1.0)
    state = rule.begin({"done": 0.4, "learns": 0.4, "unseen": 0.2})
    for step in range(30):
        losses = {"done": 2.0, "learns": 1 + 9 * (step + 1) ** -0.3}
        state = rule.observe(state, Feedback(step, losses, {"done": step, "learns": step, "unseen": 0}, 8 * step + 8))
    assert rule.weights(state) == pytest.approx({"done": 0.05, "learns": 0.75, "unseen": 0.2}, abs=0.02)
    assert rule.weights(state)["done"] >= 0.05


@given(
    st.lists(st.integers(1, 99), min_size=4, max_size=4),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
)
def test_a_rule_that_keeps_to_its_prior_leaves_the_plan_alone(parts: list[int], sources: list[str]) -> None:
    mix = {source: Fraction(part, sum(parts)) for source, part in zip(NAMES, parts, strict=True)}
    plan = plan_of(mix, steps=4)
    online = Online(plan, ADO(), every_steps=1, sources=sources)
    for step in range(4):
        assert online.observe(step, {"code": 2.0, "text": 1.0}) is None
    assert online.plan is plan
    assert [entry["decided"] for entry in online.log] == [None] * 4
