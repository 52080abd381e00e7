"""The three schedules of the study in one line each: fixed fractions, a two-phase switch, and a cooldown behind any."""

from mixsched.curves import Curve, LinearAnneal
from mixsched.lengths import Length
from mixsched.mixes import Mix
from mixsched.phase import Phase
from mixsched.schedule import Schedule


def fixed(
    weights: Mix, length: Length, *, batch_size: int, context_tokens: int, lr: Curve | None = None, name: str = "train"
) -> Schedule:
    """One mix from the first step to the last; a ramp or a table is a mix too.

    >>> from mixsched import Tokens, schedule_table
    >>> schedule = fixed({"text": 0.75, "code": 0.25}, Tokens(2_000_000), batch_size=64, context_tokens=512)
    >>> print(schedule_table(schedule))
    phase  steps     tokens  batch  weights             learning rate
    train  0..61  2,031,616     64  text 75%, code 25%  -
    """
    return Schedule((Phase(name, length, weights, lr),), batch_size=batch_size, context_tokens=context_tokens)


def two_phase(
    first: Mix,
    second: Mix,
    *,
    first_length: Length,
    second_length: Length,
    batch_size: int,
    context_tokens: int,
    lr: Curve | tuple[Curve, Curve] | None = None,
    names: tuple[str, str] = ("first", "second"),
) -> Schedule:
    """The mix `first`, then a switch to `second` (arXiv 2408.10914, section 3.1).

    One curve as `lr` goes over both phases; a pair is one for each, as where a stage begins with a new warm-up.

    >>> from mixsched import Steps
    >>> schedule = two_phase({"code": 1}, {"text": 0.9, "code": 0.1}, first_length=Steps(40), second_length=Steps(60),
    ...                      batch_size=8, context_tokens=64)
    >>> schedule.first_steps, schedule.total_steps
    ((0, 40), 100)
    """
    curves = lr if isinstance(lr, tuple) else (lr, None)
    phases = (Phase(names[0], first_length, first, curves[0]), Phase(names[1], second_length, second, curves[1]))
    return Schedule(phases, batch_size=batch_size, context_tokens=context_tokens)


def cooldown(
    before: Schedule, weights: Mix, length: Length, *, end_lr: float | None = 1e-6, name: str = "cooldown"
) -> Schedule:
    """`before`, and behind it a phase that up-weights other data while the learning rate falls linearly to `end_lr`.

    The paper's cooldown (arXiv 2408.10914, section 2.3) is 40B tokens long and ends at 1e-6. Give `end_lr=None` where
    the schedule declares no learning rates, or to let the curve of the phase before go on.

    >>> from mixsched import Constant, Steps
    >>> schedule = fixed({"text": 1}, Steps(90), batch_size=8, context_tokens=64, lr=Constant(1e-3))
    >>> schedule = cooldown(schedule, {"text": 0.6, "math": 0.2, "code": 0.2}, Steps(10))
    >>> schedule.learning_rate(89), schedule.learning_rate(99)
    (0.001, 1e-06)
    """
    return before.then(Phase(name, length, weights, None if end_lr is None else LinearAnneal(end_lr)))
