"""Learning-rate curves over the steps of a phase; each is a frozen dataclass, evaluated in float64 on the host."""

import dataclasses
import math
from typing import Any

from mixsched.errors import UsageError
from mixsched.lengths import Length, Steps, check_length, in_steps, length_from_json, length_to_json


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
class LinearAnneal:
    """A straight line to `end`, reached at the last step, from `start` or from where the phase before ended.

    The paper's cooldown (arXiv 2408.10914, section 2.3) anneals linearly to 1e-6.
    """

    end: float
    start: float | None = None

    def __post_init__(self):
        _check_rates(end=self.end, **({} if self.start is None else {"start": self.start}))


Curve = Constant | WarmupCosine | LinearAnneal
_KINDS: dict[str, type[Constant] | type[WarmupCosine] | type[LinearAnneal]] = {
    "constant": Constant,
    "warmup_cosine": WarmupCosine,
    "linear_anneal": LinearAnneal,
}


def rate(
    curve: Curve, phase_step: int, *, steps: int, batch_size: int, context_tokens: int, before: float | None
) -> float:
    """The learning rate at `phase_step` of a phase of `steps` steps; `before` is the rate that preceded it.

    >>> curve = WarmupCosine(peak=1.0, end=0.1, warmup=Steps(2))
    >>> [round(rate(curve, k, steps=5, batch_size=1, context_tokens=1, before=None), 3) for k in range(5)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    match curve:
        case Constant(peak):
            return peak
        case WarmupCosine(peak, end, warmup):
            warm = in_steps(warmup, batch_size=batch_size, context_tokens=context_tokens)
            if phase_step < warm:
                return peak * ((phase_step + 1) / warm)
            done = _progress(phase_step - warm, steps - warm)
            return end + (peak - end) * (1 + math.cos(math.pi * done)) / 2
        case LinearAnneal(end, start):
            if start is None:
                assert before is not None  # Schedule refuses an anneal with nothing before it.
                start = before
            return end + (start - end) * (1 - (phase_step + 1) / steps)


def curve_to_json(curve: Curve) -> dict:
    """`{"kind": "warmup_cosine", "peak": ..., ...}`."""
    kind = next(kind for kind, cls in _KINDS.items() if isinstance(curve, cls))
    return {"kind": kind} | {
        field.name: _value_to_json(getattr(curve, field.name)) for field in dataclasses.fields(curve)
    }


def _value_to_json(value: float | Length | None) -> float | dict[str, int] | None:
    # float(), so that a peak of 1 and of 1.0 are one declaration.
    if value is None:
        return None
    return float(value) if isinstance(value, int | float) else length_to_json(value)


def curve_from_json(value: object) -> Curve:
    """The inverse of `curve_to_json`; raises UsageError on an unknown kind or field."""
    if not isinstance(value, dict) or value.get("kind") not in tuple(_KINDS):
        raise UsageError(f"`lr` must be an object whose 'kind' is one of {', '.join(_KINDS)}, got {value!r}")
    cls = _KINDS[value["kind"]]
    fields: dict[str, Any] = {
        name: length_from_json(part) if name == "warmup" else part for name, part in value.items() if name != "kind"
    }
    known = {field.name for field in dataclasses.fields(cls)}
    if not fields.keys() <= known:
        raise UsageError(f"`lr` of kind {value['kind']!r} knows {sorted(known)}, got {sorted(fields)}")
    try:
        return cls(**fields)
    except TypeError as error:
        raise UsageError(f"`lr` of kind {value['kind']!r} lacks a field: {error}") from error


def _progress(step: int, steps: int) -> float:
    return step / (steps - 1) if steps > 1 else 1.0


def _check_rates(**rates: object) -> None:
    for name, value in rates.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
            raise UsageError(f"`{name}` of a learning-rate curve must be finite and at least 0, got {value!r}")
