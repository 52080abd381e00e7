"""What is declared: phases in order, each with a length, a mix of sources and a learning-rate curve."""

import dataclasses
from collections.abc import Set
from fractions import Fraction
from typing import Literal, get_args

from mixsched.curves import Curve, LinearAnneal, curve_from_json, curve_to_json, rate
from mixsched.errors import UsageError
from mixsched.lengths import Length, check_length, in_steps, is_whole, length_from_json, length_to_json
from mixsched.weights import Weights, flatten, groups, weights_from_json, weights_to_json

Shape = Literal["linear", "cosine"]


@dataclasses.dataclass(frozen=True)
class Ramp:
    """Weights that go from the mix `start` to the mix `end` over their phase.

    A step's weights are those of the ramp at the middle of that step, so that a linear ramp spends exactly the
    mean of both mixes. `shape` is "linear" or "cosine" (slow at both ends).
    """

    start: Weights
    end: Weights
    shape: Shape = "linear"

    def __post_init__(self):
        if self.shape not in get_args(Shape):
            raise UsageError(f"`shape` of a ramp must be one of {get_args(Shape)}, got {self.shape!r}")


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of training: how long, which mix, and optionally its own learning rate and batch size.

    `length` is in `Tokens`, `Samples` or `Steps` and is rounded up to whole steps. `batch_size`, in samples, is
    the schedule's where it is None.
    """

    name: str
    length: Length
    weights: Weights | Ramp
    lr: Curve | None = None
    batch_size: int | None = None

    def __post_init__(self):
        if not self.name:
            raise UsageError("`name` of a phase must not be empty")
        check_length(f"`length` of phase {self.name!r}", self.length)
        if self.length.count == 0:
            raise UsageError(f"`length` of phase {self.name!r} must be at least 1, got {self.length}")
        if self.batch_size is not None:
            _check_positive(f"`batch_size` of phase {self.name!r}", self.batch_size)
        self.mixes()
        self.groups()

    def mixes(self) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
        """The exact shares of each source at the start and at the end of the phase (see `flatten`)."""
        where = f"weights of phase {self.name!r}"
        if isinstance(self.weights, Ramp):
            start = flatten(self.weights.start, where=f"{where} (start)")
            return start, flatten(self.weights.end, where=f"{where} (end)")
        mix = flatten(self.weights, where=where)
        return mix, mix

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The sources under each group name of the phase's weights."""
        if isinstance(self.weights, Ramp):
            return groups(self.weights.start) | groups(self.weights.end)
        return groups(self.weights)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Phases in order over a batch of `batch_size` samples of `context_tokens` tokens.

    Raises UsageError for no phases, two phases of one name, sizes below 1, or a `LinearAnneal` without `start`
    in the first phase.

    >>> from mixsched import Tokens
    >>> schedule = Schedule(
    ...     phases=(
    ...         Phase("pretrain", Tokens(180_000), {"text": 0.9, "code": 0.1}),
    ...         Phase("cooldown", Tokens(40_000), {"text": 0.5, "code": 0.2, "math": 0.3}),
    ...     ),
    ...     batch_size=16,
    ...     context_tokens=128,
    ... )
    >>> schedule.total_steps, schedule.first_steps
    (108, (0, 88))
    >>> Schedule.from_json(schedule.to_json()).to_json() == schedule.to_json()
    True
    """

    phases: tuple[Phase, ...]
    batch_size: int
    context_tokens: int

    def __post_init__(self):
        _check_positive("`batch_size`", self.batch_size)
        _check_positive("`context_tokens`", self.context_tokens)
        if not self.phases:
            raise UsageError("`phases` must hold at least one phase")
        names = [phase.name for phase in self.phases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"`phases` must have different names, {twice[0]!r} stands there twice")
        for before, phase in zip((None, *self.phases), self.phases, strict=False):
            inherits = isinstance(phase.lr, LinearAnneal) and phase.lr.start is None
            if inherits and (before is None or before.lr is None):
                raise UsageError(
                    f"`start` of the LinearAnneal in phase {phase.name!r} must be given: no learning rate precedes it"
                )

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that a phase names, sorted by name."""
        return tuple(sorted({name for phase in self.phases for mix in phase.mixes() for name in mix}))

    @property
    def steps(self) -> tuple[int, ...]:
        """The number of steps of each phase."""
        return tuple(
            in_steps(phase.length, batch_size=size, context_tokens=int(self.context_tokens))
            for phase, size in zip(self.phases, self.batch_sizes, strict=True)
        )

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The batch size of each phase, in samples."""
        return tuple(int(phase.batch_size or self.batch_size) for phase in self.phases)

    @property
    def first_steps(self) -> tuple[int, ...]:
        """The step at which each phase begins."""
        steps = self.steps
        return tuple(sum(steps[:position]) for position in range(len(steps)))

    @property
    def total_steps(self) -> int:
        """Steps of all phases together."""
        return sum(self.steps)

    @property
    def total_tokens(self) -> int:
        """Tokens of all phases together, whole steps counted."""
        samples = sum(steps * size for steps, size in zip(self.steps, self.batch_sizes, strict=True))
        return samples * int(self.context_tokens)

    def learning_rate(self, step: int) -> float:
        """The learning rate of `step`; raises UsageError where its phase declares none."""
        if not 0 <= step < self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps - 1}, got {step}")
        position = max(place for place, first in enumerate(self.first_steps) if first <= step)
        return self._rate(position, step - self.first_steps[position])

    def _rate(self, position: int, phase_step: int) -> float:
        phase = self.phases[position]
        if phase.lr is None:
            raise UsageError(f"`lr` of phase {phase.name!r} is not declared; give the phase a learning-rate curve")
        inherits = isinstance(phase.lr, LinearAnneal) and phase.lr.start is None
        return rate(
            phase.lr,
            phase_step,
            steps=self.steps[position],
            batch_size=self.batch_sizes[position],
            context_tokens=int(self.context_tokens),
            before=self._rate(position - 1, self.steps[position - 1] - 1) if inherits else None,
        )

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes the same schedule, weights to the last digit."""
        return {
            "batch_size": int(self.batch_size),
            "context_tokens": int(self.context_tokens),
            "phases": [_phase_to_json(phase) for phase in self.phases],
        }

    @staticmethod
    def from_json(value: dict) -> "Schedule":
        """The inverse of `to_json`; raises UsageError where a field is missing, unknown or wrong."""
        _check_fields("schedule", value, needed={"batch_size", "context_tokens", "phases"})
        if not isinstance(value["phases"], list):
            raise UsageError(f"`phases` of a schedule must be a list, got {value['phases']!r}")
        return Schedule(
            phases=tuple(_phase_from_json(phase) for phase in value["phases"]),
            batch_size=value["batch_size"],
            context_tokens=value["context_tokens"],
        )


def _phase_to_json(phase: Phase) -> dict:
    if isinstance(phase.weights, Ramp):
        ramp = phase.weights
        start, end = weights_to_json(ramp.start), weights_to_json(ramp.end)
        weights: dict = {"ramp": {"shape": ramp.shape, "start": start, "end": end}}
    else:
        weights = weights_to_json(phase.weights)
    value: dict = {"name": phase.name, "length": length_to_json(phase.length), "weights": weights}
    if phase.lr is not None:
        value["lr"] = curve_to_json(phase.lr)
    if phase.batch_size is not None:
        value["batch_size"] = int(phase.batch_size)
    return value


def _phase_from_json(value: dict) -> Phase:
    _check_fields("phase", value, needed={"name", "length", "weights"}, known={"lr", "batch_size"})
    return Phase(
        name=value["name"],
        length=length_from_json(value["length"]),
        weights=_mix_from_json(value["weights"]),
        lr=curve_from_json(value["lr"]) if "lr" in value else None,
        batch_size=value.get("batch_size"),
    )


def _mix_from_json(value: object) -> Weights | Ramp:
    # A source or group may be called "ramp" too; its value is a number or holds `share` and `of`.
    ramp = value.get("ramp") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(ramp, dict) or ramp.keys() == {"share", "of"}:
        return weights_from_json(value)
    _check_fields("ramp", ramp, needed={"shape", "start", "end"})
    start, end = (weights_from_json(ramp[side], where=side) for side in ("start", "end"))
    return Ramp(start, end, ramp["shape"])


def _check_fields(what: str, value: object, *, needed: Set[str], known: Set[str] = frozenset()) -> None:
    if not isinstance(value, dict):
        raise UsageError(f"a {what} must be an object, got {value!r}")
    missing, unknown = sorted(needed - value.keys()), sorted(value.keys() - needed - known)
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] * bool(missing)
        said += [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise UsageError(f"a {what} {' and '.join(said)}; its fields are {', '.join(sorted(needed | known))}")


def _check_positive(what: str, value: object) -> None:
    if not is_whole(value) or value < 1:
        raise UsageError(f"{what} must be a whole number of at least 1, got {value!r}")
