"""What is declared: phases in order, each with a length, a mix of sources and a learning-rate curve."""

import dataclasses
from fractions import Fraction

from mixsched.curves import Curve, LinearAnneal, curve_from_json, curve_to_json, rate
from mixsched.errors import UsageError
from mixsched.lengths import Length, check_length, in_steps, is_whole, length_from_json, length_to_json
from mixsched.mixes import Knots, Mix, check_fields, knots, mix_from_json, mix_groups, mix_to_json


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of training: how long, which mix, and optionally its own learning rate and batch size.

    `length` is in `Tokens`, `Samples` or `Steps` and is rounded up to whole steps. `batch_size`, in samples, is
    the schedule's where it is None.
    """

    name: str
    length: Length
    weights: Mix
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
        self.knots()
        self.groups()

    def knots(self) -> Knots:
        """The places of the phase (0 to 1) that its weights pass through, with the exact shares there."""
        return knots(self.weights, where=f"weights of phase {self.name!r}")

    def mixes(self) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
        """The exact shares of each source at the start and at the end of the phase (see `flatten`)."""
        passed = self.knots()
        return passed[0][1], passed[-1][1]

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The sources under each group name of the phase's weights."""
        return mix_groups(self.weights)


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
        return tuple(sorted({name for phase in self.phases for _, mix in phase.knots() for name in mix}))

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
        check_fields("schedule", value, needed={"batch_size", "context_tokens", "phases"})
        if not isinstance(value["phases"], list):
            raise UsageError(f"`phases` of a schedule must be a list, got {value['phases']!r}")
        return Schedule(
            phases=tuple(_phase_from_json(phase) for phase in value["phases"]),
            batch_size=value["batch_size"],
            context_tokens=value["context_tokens"],
        )


def _phase_to_json(phase: Phase) -> dict:
    value: dict = {
        "name": phase.name,
        "length": length_to_json(phase.length),
        "weights": mix_to_json(phase.weights),
    }
    if phase.lr is not None:
        value["lr"] = curve_to_json(phase.lr)
    if phase.batch_size is not None:
        value["batch_size"] = int(phase.batch_size)
    return value


def _phase_from_json(value: dict) -> Phase:
    check_fields("phase", value, needed={"name", "length", "weights"}, known={"lr", "batch_size"})
    return Phase(
        name=value["name"],
        length=length_from_json(value["length"]),
        weights=mix_from_json(value["weights"]),
        lr=curve_from_json(value["lr"]) if "lr" in value else None,
        batch_size=value.get("batch_size"),
    )


def _check_positive(what: str, value: object) -> None:
    if not is_whole(value) or value < 1:
        raise UsageError(f"{what} must be a whole number of at least 1, got {value!r}")
