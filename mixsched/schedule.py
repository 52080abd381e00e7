"""What is declared: phases in order, each with a length, a mix of sources and a learning-rate curve."""

import bisect
import dataclasses
import functools
import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from mixsched.curves import Curve, Laid, LinearAnneal, curve_from_json, curve_to_json, lay_curve
from mixsched.errors import UsageError
from mixsched.lengths import (
    Length,
    Share,
    check_length,
    check_run,
    divide,
    in_steps,
    is_whole,
    length_from_json,
    length_to_json,
)
from mixsched.mixes import Knots, Mix, check_fields, knots, mix_from_json, mix_groups, mix_to_json
from mixsched.toml import from_toml, to_toml


@dataclasses.dataclass(frozen=True, eq=False)
class Phase:
    """A stretch of training: how long, which mix, and optionally its own learning rate and batch size.

    `length` is in `Tokens`, `Samples` or `Steps`, or a `Share` of the run, and is rounded up to whole steps. Without
    `lr`, the curve of the phase before goes on over this one too. `batch_size`, in samples, is the schedule's where
    it is None. Phases are equal if they declare the same: 0.75 is "3/4".
    """

    name: str
    length: Length
    weights: Mix
    lr: Curve | None = None
    batch_size: int | None = None

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"`name` of a phase must be a string that is not empty, got {self.name!r}")
        check_length(f"`length` of phase {self.name!r}", self.length)
        if self.length == type(self.length)(0):
            raise UsageError(f"`length` of phase {self.name!r} must be more than nothing, got {self.length}")
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

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes an equal phase."""
        value: dict = {
            "name": self.name,
            "length": length_to_json(self.length),
            "weights": mix_to_json(self.weights),
        }
        if self.lr is not None:
            value["lr"] = curve_to_json(self.lr)
        if self.batch_size is not None:
            value["batch_size"] = int(self.batch_size)
        return value

    @staticmethod
    def from_json(value: object) -> "Phase":
        """The inverse of `to_json`; raises UsageError where a field is missing, unknown or wrong."""
        fields = check_fields("phase", value, needed={"name", "length", "weights"}, known={"lr", "batch_size"})
        return Phase(
            name=fields["name"],
            length=length_from_json(fields["length"]),
            weights=mix_from_json(fields["weights"]),
            lr=curve_from_json(fields["lr"]) if "lr" in fields else None,
            batch_size=fields.get("batch_size"),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phase) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.name)


@dataclasses.dataclass(frozen=True, eq=False)
class Schedule:
    """Phases in order over a batch of `batch_size` samples of `context_tokens` tokens.

    `length` is that of the whole run, needed where the phases are shares of it. `schedule_table` shows it.
    Schedules are equal if they declare the same.

    Raises UsageError for no phases, two phases of one name, sizes below 1, shares that do not add up to 1, or a
    `LinearAnneal` without `start` where nothing precedes it.

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
    >>> Schedule.from_toml(schedule.to_toml()) == Schedule.from_json(schedule.to_json()) == schedule
    True
    """

    phases: tuple[Phase, ...]
    batch_size: int
    context_tokens: int
    length: Length | None = None

    def __post_init__(self):
        _check_positive("`batch_size`", self.batch_size)
        _check_positive("`context_tokens`", self.context_tokens)
        if not isinstance(self.phases, tuple) or not all(isinstance(phase, Phase) for phase in self.phases):
            raise UsageError(
                f"`phases` must be a tuple of Phase, as in (Phase(...),) with its comma; got {self.phases!r}"
            )
        if not self.phases:
            raise UsageError("`phases` must hold at least one phase")
        names = [phase.name for phase in self.phases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"`phases` must have different names, {twice[0]!r} stands there twice")
        check_run(self.length, [(phase.name, phase.length) for phase in self.phases])
        for phase, steps in zip(self.phases, self.steps, strict=True):
            if not steps:
                raise UsageError(
                    f"`length` of phase {phase.name!r}, {phase.length} of {self.length}, is less than one step; "
                    "give it a larger share or the run more steps"
                )
        self._check_anneals()
        # Laid here, so that what does not fit is refused when it is declared.
        _ = self._curves

    def _check_anneals(self) -> None:
        declared = False
        for phase in self.phases:
            if isinstance(phase.lr, LinearAnneal) and phase.lr.inherits and not declared:
                raise UsageError(
                    f"`start` of the LinearAnneal in phase {phase.name!r} must be given: no learning rate precedes it"
                )
            declared = declared or phase.lr is not None

    def then(self, *phases: Phase) -> "Schedule":
        """This schedule with more phases behind it."""
        return dataclasses.replace(self, phases=(*self.phases, *phases))

    @functools.cached_property
    def sources(self) -> tuple[str, ...]:
        """Every source that a phase names, sorted by name."""
        return tuple(sorted({name for phase in self.phases for _, mix in phase.knots() for name in mix}))

    @functools.cached_property
    def steps(self) -> tuple[int, ...]:
        """The number of steps of each phase."""
        sizes, context_tokens = self.batch_sizes, int(self.context_tokens)
        shares = [phase.length for phase in self.phases if isinstance(phase.length, Share)]
        if self.length is not None:
            assert not isinstance(self.length, Share)  # check_run refuses it.
            return tuple(divide(self.length, shares, batch_sizes=sizes, context_tokens=context_tokens))
        return tuple(
            in_steps(phase.length, batch_size=size, context_tokens=context_tokens)
            for phase, size in zip(self.phases, sizes, strict=True)
        )

    @functools.cached_property
    def batch_sizes(self) -> tuple[int, ...]:
        """The batch size of each phase, in samples."""
        return tuple(int(phase.batch_size or self.batch_size) for phase in self.phases)

    @functools.cached_property
    def first_steps(self) -> tuple[int, ...]:
        """The step at which each phase begins."""
        return tuple(itertools.accumulate(self.steps[:-1], initial=0))

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
        """The learning rate of `step`; raises UsageError where no phase up to it declares one."""
        if not 0 <= step < self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps - 1}, got {step}")
        place = bisect.bisect_right(self._curves, step, key=lambda curve: curve[0]) - 1
        if place < 0:
            raise UsageError(
                f"`lr` of phase {self.phases[0].name!r} is not declared; give the phase a learning-rate curve"
            )
        first, laid = self._curves[place]
        return float(laid.rates(np.float64(step - first)))

    def learning_rates(self, steps: np.ndarray) -> np.ndarray:
        """The learning rate of each of `steps`: float64 of their shape. `mixsched.optax` has it for jitted steps."""
        return self.rates_with(np)(np.asarray(steps))

    def rates_with(self, xp: Any) -> Callable[[Any], Any]:
        """The learning rate as a function of the step, in the arithmetic of `xp` (NumPy, or JAX's).

        A step before the first phase's or beyond the last is taken as that one. Raises UsageError if the first phase
        declares no learning rate.
        """
        self.learning_rate(0)

        def rates(step: Any) -> Any:
            step = xp.clip(step, 0, self.total_steps - 1)
            value = self._curves[0][1].rates(step, xp)
            for first, laid in self._curves[1:]:
                value = xp.where(step >= first, laid.rates(step - first, xp), value)
            return value

        return rates

    @functools.cached_property
    def _curves(self) -> list[tuple[int, Laid]]:
        """The first step of each declared curve and the curve, laid up to the next one that is declared."""
        declared = [place for place, phase in enumerate(self.phases) if phase.lr is not None]
        found: list[tuple[int, Laid]] = []
        for place, following in zip(declared, [*declared[1:], len(self.phases)], strict=False):
            curve = self.phases[place].lr
            assert curve is not None
            laid = lay_curve(
                curve,
                steps=sum(self.steps[place:following]),
                batch_sizes=(self.batch_sizes[place], self.batch_sizes[following - 1]),
                context_tokens=int(self.context_tokens),
                before=float(found[-1][1].rates(np.float64(found[-1][1].steps - 1))) if found else None,
            )
            found.append((self.first_steps[place], laid))
        return found

    def to_json(self) -> dict:
        """A JSON object from which `from_json` makes an equal schedule, weights to the last digit."""
        value: dict = {
            "batch_size": int(self.batch_size),
            "context_tokens": int(self.context_tokens),
            "phases": [phase.to_json() for phase in self.phases],
        }
        if self.length is not None:
            value["length"] = length_to_json(self.length)
        return value

    @staticmethod
    def from_json(value: object) -> "Schedule":
        """The inverse of `to_json`; raises UsageError where a field is missing, unknown or wrong."""
        fields = check_fields("schedule", value, needed={"batch_size", "context_tokens", "phases"}, known={"length"})
        if not isinstance(fields["phases"], list):
            raise UsageError(f"`phases` of a schedule must be a list, got {fields['phases']!r}")
        return Schedule(
            phases=tuple(Phase.from_json(phase) for phase in fields["phases"]),
            batch_size=fields["batch_size"],
            context_tokens=fields["context_tokens"],
            length=length_from_json(fields["length"]) if "length" in fields else None,
        )

    def to_toml(self) -> str:
        """The same as `to_json` as a TOML document."""
        return to_toml(self.to_json())

    @staticmethod
    def from_toml(text: str) -> "Schedule":
        """The inverse of `to_toml`; raises UsageError where the text is no TOML or no schedule."""
        return Schedule.from_json(from_toml(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.batch_size, self.context_tokens, self.phases))


def _check_positive(what: str, value: object) -> None:
    if not is_whole(value) or value < 1:
        raise UsageError(f"{what} must be a whole number of at least 1, got {value!r}")
