"""The learning rate under jit is the one on the host, and Optax's optimizers take it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mixsched import (
    Constant,
    LinearAnneal,
    Phase,
    Schedule,
    Steps,
    Tokens,
    UsageError,
    WarmupCosine,
    WarmupStableDecay,
)
from mixsched.optax import learning_rate

MIX = {"text": 1}


def every_curve() -> Schedule:
    phases = (
        Phase("cosine", Steps(40), MIX, WarmupCosine(3e-4, 3e-5, Tokens(200))),
        Phase("goes on", Steps(20), MIX),
        Phase("stable", Steps(50), MIX, WarmupStableDecay(2e-4, 0.0, Steps(5), Steps(20), "1-sqrt")),
        Phase("constant", Steps(1), MIX, Constant(1e-4)),
        Phase("anneal", Steps(10), MIX, LinearAnneal(1e-6)),
    )
    return Schedule(phases, batch_size=4, context_tokens=10)


def test_the_rate_under_jit_is_that_of_the_host_at_every_step() -> None:
    schedule = every_curve()
    steps = np.arange(schedule.total_steps)
    found = jax.vmap(jax.jit(learning_rate(schedule)))(jnp.asarray(steps))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, schedule.learning_rates(steps), rtol=0, atol=3e-10)
    np.testing.assert_allclose(found, [schedule.learning_rate(int(step)) for step in steps], rtol=0, atol=3e-10)


def test_beyond_the_ends_the_rate_stays() -> None:
    rate = learning_rate(every_curve())
    assert rate(10_000) == rate(120) == pytest.approx(1e-6)
    assert rate(-1) == rate(0)


def test_the_papers_length_of_run_is_reckoned_well_in_float32() -> None:
    """A million steps: float32 is off by no more than a millionth of the peak."""
    schedule = Schedule((Phase("p", Steps(1_000_000), MIX, WarmupCosine(1e-3, 1e-4, Steps(1_325))),), 1, 1)
    steps = np.array([0, 1, 1_324, 1_325, 500_000, 999_998, 999_999])
    found = jax.jit(jax.vmap(learning_rate(schedule)))(jnp.asarray(steps))
    np.testing.assert_allclose(found, schedule.learning_rates(steps), rtol=0, atol=1e-9)


def test_an_optimizer_descends_by_the_rate_of_its_step() -> None:
    schedule = every_curve()
    optimizer = optax.sgd(learning_rate(schedule))
    parameters = jnp.zeros(())
    state = optimizer.init(parameters)
    for step in range(3):
        updates, state = optimizer.update(jnp.ones(()), state)
        assert float(-updates) == pytest.approx(schedule.learning_rate(step), rel=1e-5)


def test_a_schedule_without_learning_rates_is_refused() -> None:
    with pytest.raises(UsageError, match="`lr` of phase 'p' is not declared"):
        learning_rate(Schedule((Phase("p", Steps(3), MIX),), batch_size=1, context_tokens=1))
