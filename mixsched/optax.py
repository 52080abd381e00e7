"""The learning rates of a schedule for a jitted step: what Optax calls a schedule."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from mixsched.schedule import Schedule


def learning_rate(schedule: Schedule) -> Callable[[jax.typing.ArrayLike], jax.Array]:
    """The learning rate as a function of the step count, traceable, for any optimizer: `optax.adamw(learning_rate(s))`.

    It follows all phases; beyond the last step it stays. It is reckoned in float32, `Schedule.learning_rate` in
    float64: they agree to a millionth of the peak. Raises UsageError if the first phase declares no learning rate.

    >>> from mixsched import Constant, Steps, cooldown, fixed
    >>> schedule = fixed({"text": 1}, Steps(90), batch_size=8, context_tokens=64, lr=Constant(1e-3))
    >>> rate = jax.jit(learning_rate(cooldown(schedule, {"text": 1}, Steps(10), end_lr=0.0)))
    >>> [round(float(rate(step)), 6) for step in (0, 89, 94, 99, 100)]
    [0.001, 0.001, 0.0005, 0.0, 0.0]
    """
    schedule.learning_rate(0)
    return functools.partial(schedule.rates, xp=jnp)
