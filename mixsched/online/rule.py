"""What an algorithm that sets weights while training runs is: settings, and three pure functions over a state."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Protocol, SupportsFloat, TypeVar

from mixsched.errors import UsageError, did_you_mean

State = TypeVar("State")


@dataclasses.dataclass(frozen=True)
class Feedback:
    """What is known after `step`; both mappings are sorted by name and hold only sources whose weights the rule sets.

    `losses` are in nats a token, since the feedback before; a source that gave nothing since then is absent. `served`
    counts the samples of each of these sources in the steps 0..step, `samples` those of all sources.
    """

    step: int
    losses: Mapping[str, float]
    served: Mapping[str, int]
    samples: int


class Rule(Protocol[State]):
    """An algorithm that sets weights by feedback: a frozen dataclass of settings with these three pure functions.

    The state is a value that is never changed in place, and nothing but the arguments may decide (no clock, no global
    random numbers, sources in the order of `prior`, sums by `math.fsum` rather than by BLAS, whose last digits vary
    from one kind of processor to another): then a run can be replayed from its log, and hosts agree.

    >>> @dataclasses.dataclass(frozen=True)
    ... class LossProportional:
    ...     '''Weights in proportion to a running mean of each source's loss.'''
    ...     decay: float = 0.9
    ...     def begin(self, prior):
    ...         return dict.fromkeys(prior, 1.0)
    ...     def observe(self, state, feedback):
    ...         moved = {s: self.decay * state[s] + (1 - self.decay) * loss for s, loss in feedback.losses.items()}
    ...         return {**state, **moved}
    ...     def weights(self, state):
    ...         return state
    >>> from mixsched import Phase, Plan, Schedule, Steps
    >>> from mixsched.online import Online
    >>> schedule = Schedule((Phase("p", Steps(9), {"code": 0.5, "text": 0.5}),), batch_size=8, context_tokens=64)
    >>> plan = Plan(schedule, {"code": 90, "text": 400}, seed=0)
    >>> online = Online(plan, LossProportional(decay=0.5), every_steps=1)
    >>> online.observe(0, {"code": 1.0, "text": 5.0}).weights
    {'code': Fraction(1, 4), 'text': Fraction(3, 4)}
    """

    def begin(self, prior: Mapping[str, float], /) -> State:
        """The state before any feedback. `prior` holds the declared shares, sorted by name, adding up to 1."""
        ...

    def observe(self, state: State, feedback: Feedback, /) -> State:
        """The state after feedback."""
        ...

    def weights(self, state: State, /) -> Mapping[str, float]:
        """A weight for every source of `prior`: finite, not negative, not all zero; only their proportions count."""
        ...


def checked_weights(rule: object, weights: Mapping[str, float], sources: tuple[str, ...]) -> list[float]:
    """The weights in the order of `sources`; raises UsageError if `rule` gave none that can be used."""
    name = type(rule).__name__
    for source in sources:
        if source not in weights:
            raise UsageError(f"the rule {name} gives the source {source!r} no weight; it must give every source one")
        if not 0 <= weights[source] < math.inf:
            raise UsageError(
                f"the rule {name} gives the source {source!r} the weight {weights[source]!r}; a weight must be finite "
                "and not negative"
            )
    unknown = sorted(set(weights).difference(sources))
    if unknown:
        raise UsageError(
            f"the rule {name} gives a weight to {unknown[0]!r}, which is not among its sources; "
            f"{did_you_mean(unknown[0], sources)}"
        )
    ordered = [float(weights[source]) for source in sources]
    if not any(ordered):
        raise UsageError(f"the rule {name} gives every source the weight 0; at least one must be above")
    return ordered


def checked_losses(losses: Mapping[str, SupportsFloat], sources: tuple[str, ...], *, step: int) -> dict[str, float]:
    """The losses as floats, sorted by source; raises UsageError for an unknown source or a loss that is not finite."""
    if not isinstance(losses, Mapping):
        raise UsageError(f"`losses` must map sources to their losses, got {losses!r}")
    for source in losses:
        if source not in sources:
            raise UsageError(
                f"`losses` at step {step:,} names {source!r}, which is no source of the plan; "
                f"{did_you_mean(str(source), sources)}"
            )
    return {source: _finite(losses[source], source, step) for source in sorted(losses)}


def _finite(loss: SupportsFloat, source: str, step: int) -> float:
    try:
        value = float(loss)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            f"the loss of source {source!r} at step {step:,} must be a finite number, got {loss!r}; leave out a source "
            "that gave nothing"
        )
    return value
