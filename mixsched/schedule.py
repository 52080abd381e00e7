"""What is declared: phases in order over batches of a size, and all that follows from that alone."""

import dataclasses
import functools
import itertools

import numpy as np

from mixsched.errors import UsageError
from mixsched.fields import check_fields, check_whole, whole
from mixsched.lengths import Length, Share, check_run, divide, in_steps, length_from_json, length_to_json
from mixsched.phase import Phase
from mixsched.rates import Rates, lay_rates
from mixsched.toml import from_toml, to_toml

MAX_STEPS = 2**31


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
        check_whole("`batch_size`", self.batch_size, least=1)
        check_whole("`context_tokens`", self.context_tokens, least=1)
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
        if self.total_steps > MAX_STEPS or max(self.batch_sizes) > MAX_STEPS:
            raise UsageError(
                f"a schedule must have at most 2**31 steps of at most 2**31 samples, this one has {self.total_steps:,} "
                f"of {max(self.batch_sizes):,}; look for a zero too many"
            )
        for phase, steps in zip(self.phases, self.steps, strict=True):
            if not steps:
                raise UsageError(
                    f"`length` of phase {phase.name!r}, {phase.length} of {self.length}, is less than one step; "
                    "give it a larger share or the run more steps"
                )
        # Laid here, so that what does not fit is refused when it is declared.
        _ = self.rates

    def then(self, *phases: Phase) -> "Schedule":
        """This schedule with more phases behind it."""
        return dataclasses.replace(self, phases=(*self.phases, *phases))

    def up_to(self, step: int) -> "Schedule":
        """The phases that begin before `step`, alone."""
        kept = tuple(phase for phase, first in zip(self.phases, self.first_steps, strict=True) if first < step)
        return self if len(kept) == len(self.phases) else dataclasses.replace(self, phases=kept)

    @functools.cached_property
    def sources(self) -> tuple[str, ...]:
        """Every source that a phase names, sorted by name."""
        return tuple(sorted({name for phase in self.phases for _, mix in phase.knots for name in mix}))

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
        step = whole("`step`", step)
        if not 0 <= step < self.total_steps:
            raise UsageError(f"`step` must lie in 0..{self.total_steps - 1}, got {step}")
        return float(self.rates(np.float64(step), np))

    def learning_rates(self, steps: np.ndarray) -> np.ndarray:
        """The learning rate of each of `steps`, float64 of their shape; what lies beyond an end is taken as that end.

        `mixsched.optax` has it for jitted steps. Raises UsageError if the first phase declares no learning rate.
        """
        return self.rates(np.asarray(steps), np)

    @functools.cached_property
    def rates(self) -> Rates:
        """The declared learning-rate curves, each laid up to the next one that is declared."""
        return lay_rates(self.phases, self.steps, self.batch_sizes, context_tokens=int(self.context_tokens))

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
