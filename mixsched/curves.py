"""Learning-rate curves over the steps of a phase, and their values: in float64 on the host, in float32 under jit."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

from mixsched.errors import UsageError
from mixsched.lengths import Length, Steps, check_length, length_from_json, length_to_json, steps_over

Decay = Literal["linear", "1-sqrt"]


@dataclasses.dataclass(frozen=True)
class Constant:
    """The same learning rate at every step."""

    peak: float

    def __post_init__(self):
        _check_rates(peak=self.peak)


@dataclasses.dataclass(frozen=True)
class WarmupCosine:
    """A linear rise to `peak` over `warmup`, then half a cosine down to `end`, reached at the last step.

    The paper's pre-training curve (arXiv 2408.10914, section 2.3): cosine with 1,325 warm-up steps.
    """

    peak: float
    end: float
    warmup: Length = Steps(0)

    def __post_init__(self):
        _check_rates(peak=self.peak, end=self.end)
        check_length("`warmup`", self.warmup)


@dataclasses.dataclass(frozen=True)
class WarmupStableDecay:
    """A linear rise to `peak` over `warmup`, `peak` held, then over the last `decay` down to `end` at the last step.

    `shape` is that of the decay: "linear", or "1-sqrt", which falls fast at first (Hu et al., 2024; Haegele et al.,
    2024). A `Share` is one of the steps that the curve goes over: `WarmupStableDecay(3e-4, 0.0, decay=Share(0.2))`.
    """

    peak: float
    end: float
    warmup: Length = Steps(0)
    decay: Length = Steps(0)
    shape: Decay = "linear"

    def __post_init__(self):
        _check_rates(peak=self.peak, end=self.end)
        check_length("`warmup`", self.warmup)
        check_length("`decay`", self.decay)
        if self.shape not in get_args(Decay):
            raise UsageError(f"`shape` of a decay must be one of {', '.join(get_args(Decay))}, got {self.shape!r}")


@dataclasses.dataclass(frozen=True)
class LinearAnneal:
    """A straight line to `end`, reached at the last step, from `start` or from where the phase before ended.

    The paper's cooldown (arXiv 2408.10914, section 2.3) anneals linearly to 1e-6.
    """

    end: float
    start: float | None = None

    def __post_init__(self):
        _check_rates(end=self.end, **({} if self.start is None else {"start": self.start}))


Curve = Constant | WarmupCosine | WarmupStableDecay | LinearAnneal
_KINDS: dict[str, type[Any]] = {
    "constant": Constant,
    "warmup_cosine": WarmupCosine,
    "warmup_stable_decay": WarmupStableDecay,
    "linear_anneal": LinearAnneal,
}


@dataclasses.dataclass(frozen=True)
class Laid:
    """A curve laid over `steps` steps: its warm-up and decay in steps, and the rate that it starts from.

    The curve goes over several phases where those after its own declare none; a length in tokens or samples is
    counted in the batches of the phases over which it lies.
    """

    curve: Curve
    steps: int
    warmup_steps: int
    decay_steps: int
    start: float

    def rates(self, step: Any, xp: Any) -> Any:
        """The learning rates at the steps `step` (0 is the curve's first); `xp` is NumPy, or JAX's under jit."""
        match self.curve:
            case Constant(peak):
                return xp.full_like(step, peak, dtype=float)
            case WarmupCosine(peak, end):
                done = _progress(step - self.warmup_steps, self.steps - self.warmup_steps)
                return self._warming(step, peak, end + (peak - end) * (1 + xp.cos(math.pi * done)) / 2, xp)
            case WarmupStableDecay(peak, end, shape=shape):
                left = xp.clip((self.steps - 1 - step) / max(self.decay_steps, 1), 0, 1)
                # The decay has its first step below the peak and its last at the end, as the anneal has.
                down = left if shape == "linear" else 1 - xp.sqrt(1 - left)
                decaying = step >= self.steps - self.decay_steps
                return self._warming(step, peak, xp.where(decaying, end + (peak - end) * down, peak), xp)
            case LinearAnneal(end):
                # Exactly nothing is left at the last step, in float32 too.
                return end + (self.start - end) * ((self.steps - 1 - step) / self.steps)

    def _warming(self, step: Any, peak: float, later: Any, xp: Any) -> Any:
        return xp.where(step < self.warmup_steps, peak * ((step + 1) / max(self.warmup_steps, 1)), later)


def lay_curve(curve: Curve, blocks: Sequence[tuple[int, int]], *, context_tokens: int, before: float | None) -> Laid:
    """The curve over blocks of (steps, batch size); `before` is the rate that preceded it.

    Raises UsageError for a warm-up and a decay that leave no room for each other.

    >>> import numpy as np
    >>> curve = WarmupCosine(peak=1.0, end=0.1, warmup=Steps(2))
    >>> laid = lay_curve(curve, [(5, 1)], context_tokens=1, before=None)
    >>> laid.rates(np.arange(5), np).round(3).tolist()
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    steps = sum(number for number, _ in blocks)
    warmup_length, decay_length = _parts(curve)
    warmup = steps_over(warmup_length, blocks, context_tokens=context_tokens)
    # The decay ends with the last step.
    decay = steps_over(decay_length, blocks[::-1], context_tokens=context_tokens)
    if warmup + decay > steps:
        raise UsageError(
            f"`warmup` and `decay` must fit into the {steps:,} steps of their curve, they take {warmup:,} and "
            f"{decay:,}; shorten them or lengthen the phase"
        )
    start = 0.0
    if isinstance(curve, LinearAnneal):
        start = before if curve.start is None else curve.start
        assert start is not None  # lay_rates refuses an anneal with nothing before it.
    return Laid(curve, steps, warmup, decay, start)


def _parts(curve: Curve) -> tuple[Length, Length]:
    match curve:
        case WarmupCosine():
            return curve.warmup, Steps(0)
        case WarmupStableDecay():
            return curve.warmup, curve.decay
        case _:
            return Steps(0), Steps(0)


def curve_to_json(curve: Curve) -> dict:
    """`{"kind": "warmup_cosine", "peak": ..., ...}`; a start that is inherited is left out."""
    kind = next(kind for kind, cls in _KINDS.items() if isinstance(curve, cls))
    fields = {field.name: getattr(curve, field.name) for field in dataclasses.fields(curve)}
    return {"kind": kind} | {name: _value_to_json(value) for name, value in fields.items() if value is not None}


def _value_to_json(value: float | str | Length) -> float | str | dict[str, int | str]:
    # float(), so that a peak of 1 and of 1.0 are one declaration.
    if isinstance(value, int | float):
        return float(value)
    return value if isinstance(value, str) else length_to_json(value)


def curve_from_json(value: object) -> Curve:
    """The inverse of `curve_to_json`; raises UsageError on an unknown kind or field."""
    if not isinstance(value, dict) or value.get("kind") not in tuple(_KINDS):
        raise UsageError(f"`lr` must be an object whose 'kind' is one of {', '.join(_KINDS)}, got {value!r}")
    cls = _KINDS[value["kind"]]
    fields: dict[str, Any] = {
        name: length_from_json(part) if name in ("warmup", "decay") else part
        for name, part in value.items()
        if name != "kind"
    }
    known = {field.name for field in dataclasses.fields(cls)}
    if not fields.keys() <= known:
        raise UsageError(f"`lr` of kind {value['kind']!r} knows {sorted(known)}, got {sorted(fields)}")
    needed = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING}
    if not needed <= fields.keys():
        raise UsageError(f"`lr` of kind {value['kind']!r} lacks {', '.join(sorted(needed - fields.keys()))}")
    return cls(**fields)


def _progress(step: Any, steps: int) -> Any:
    return step / (steps - 1) if steps > 1 else 1.0 + 0 * step


def _check_rates(**rates: object) -> None:
    for name, value in rates.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1e308:
            raise UsageError(f"`{name}` of a learning-rate curve must be finite and at least 0, got {value!r}")
