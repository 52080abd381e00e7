"""How long a phase or a warm-up lasts, with the unit written: tokens, samples, steps or a share of the whole."""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from mixsched.errors import UsageError
from mixsched.fields import is_whole
from mixsched.weights import FLOAT_NOISE, Number, exact, spell


@dataclasses.dataclass(frozen=True)
class Tokens:
    """A length in tokens, e.g. `Tokens(200_000_000_000)`."""

    count: int

    def __post_init__(self):
        _check("Tokens", self.count)


@dataclasses.dataclass(frozen=True)
class Samples:
    """A length in samples (rows of `context_tokens` tokens), e.g. `Samples(1_000_000)`."""

    count: int

    def __post_init__(self):
        _check("Samples", self.count)


@dataclasses.dataclass(frozen=True)
class Steps:
    """A length in optimizer steps, e.g. `Steps(1_325)`."""

    count: int

    def __post_init__(self):
        _check("Steps", self.count)


@dataclasses.dataclass(frozen=True)
class Share:
    """A share of the whole, e.g. `Share("1/6")`: a phase's of the run, a warm-up's or a decay's of its curve.

    A schedule of such phases says how long the run is: `Schedule(..., length=Tokens(240_000_000_000))`.
    """

    of_whole: Number

    def __post_init__(self):
        if not 0 <= self.fraction <= 1:
            raise UsageError(f"`Share` takes a number from 0 to 1, got {self.of_whole!r}; write Share(0.2) for 20%")

    @property
    def fraction(self) -> Fraction:
        """The share as it is meant, exactly."""
        return exact(self.of_whole, "Share")


Absolute = Tokens | Samples | Steps
Length = Absolute | Share
UNITS: dict[str, type[Tokens] | type[Samples] | type[Steps]] = {
    "tokens": Tokens,
    "samples": Samples,
    "steps": Steps,
}


def in_steps(length: Length, *, batch_size: int, context_tokens: int, of_steps: int = 0) -> int:
    """The smallest whole number of steps that holds `length`, a share of which is one of `of_steps`.

    >>> in_steps(Tokens(200_000_000_000), batch_size=512, context_tokens=8_192)
    47684
    >>> in_steps(Share(0.2), batch_size=512, context_tokens=8_192, of_steps=99)
    20
    """
    return steps_over(length, [(of_steps, batch_size)], context_tokens=context_tokens)


def steps_over(length: Length, blocks: Sequence[tuple[int, int]], *, context_tokens: int) -> int:
    """The smallest number of steps, of consecutive blocks of (steps, batch size), that holds `length`.

    A length beyond all blocks goes on in batches of the last.

    >>> steps_over(Samples(100), [(10, 8), (50, 10)], context_tokens=64)
    12
    """
    if isinstance(length, Share):
        return math.ceil(length.fraction * sum(steps for steps, _ in blocks))
    left, done = int(length.count), 0
    for number, (steps, batch_size) in enumerate(blocks, start=1):
        per_step = _per_step(length, batch_size, context_tokens)
        needed = -(-left // per_step)
        if needed <= steps or number == len(blocks):
            return done + needed
        left, done = left - steps * per_step, done + steps
    return done


def _per_step(length: Absolute, batch_size: int, context_tokens: int) -> int:
    """How many of the units of `length` a step holds."""
    match length:
        case Tokens():
            return batch_size * context_tokens
        case Samples():
            return batch_size
        case Steps():
            return 1


def divide(run: Absolute, shares: Sequence[Share], *, batch_sizes: Sequence[int], context_tokens: int) -> list[int]:
    """The steps of each of several shares that make up `run`; each ends at the first step that holds all up to it.

    So no rounding adds up, and the last share ends with the run. Shares that miss 1 by float noise are scaled to it.

    >>> divide(Steps(10), [Share("1/3")] * 3, batch_sizes=[8] * 3, context_tokens=64)
    [4, 3, 3]
    """
    total = sum(share.fraction for share in shares)
    ends = itertools.accumulate(share.fraction * int(run.count) / total for share in shares)
    done, steps = 0, []
    for end, batch_size in zip(ends, batch_sizes, strict=True):
        per_step = _per_step(run, batch_size, context_tokens)
        steps.append(max(math.ceil((end - done) / per_step), 0))
        done += steps[-1] * per_step
    return steps


def check_run(run: Length | None, lengths: Sequence[tuple[str, Length]]) -> None:
    """Raise UsageError unless all of the named phases' lengths are shares of `run` that add up to 1, or none is."""
    if run is None:
        shared = [name for name, length in lengths if isinstance(length, Share)]
        if shared:
            raise UsageError(
                f"phase {shared[0]!r} is a share of the run, so `length` of the schedule must say how long that is, "
                "as in Schedule(..., length=Tokens(240_000_000_000))"
            )
        return
    check_length("`length` of the schedule", run)
    if isinstance(run, Share) or not run.count:
        raise UsageError(f"`length` of the schedule must be at least one of Tokens, Samples or Steps, got {run}")
    for name, length in lengths:
        if not isinstance(length, Share):
            raise UsageError(
                f"`length` of the schedule is given, so every phase must be a Share of it, phase {name!r} is {length}; "
                "write all phases as shares, or leave out the schedule's `length`"
            )
    total = sum(length.fraction for _, length in lengths if isinstance(length, Share))
    if abs(total - 1) > FLOAT_NOISE:
        raise UsageError(f"the shares of the phases must add up to 1, they add up to {float(total):.12g}")


def spoken(length: Length) -> str:
    """A length for people: "1,325 steps", "20%"."""
    if isinstance(length, Share):
        return f"{float(100 * length.fraction):.3g}%"
    return f"{length.count:,} {type(length).__name__.lower()}"


def length_to_json(length: Length) -> dict[str, int | str]:
    """`{"tokens": 1000}` and the like; a share is an exact string, `{"share": "0.2"}`."""
    if isinstance(length, Share):
        return {"share": spell(length.fraction)}
    return {type(length).__name__.lower(): int(length.count)}


def length_from_json(value: object) -> Length:
    """The inverse of `length_to_json`; raises UsageError for an unknown or missing unit."""
    if isinstance(value, dict) and len(value) == 1:
        unit, count = next(iter(value.items()))
        if unit in UNITS:
            return UNITS[unit](count)
        if unit == "share":
            return Share(exact(count, "share"))
    raise UsageError(
        f"a length must be one of {{'tokens': n}}, {{'samples': n}}, {{'steps': n}} or {{'share': '1/6'}}, got "
        f"{value!r}; write the unit"
    )


def check_length(what: str, length: object) -> None:
    """Raise UsageError if `length` is no Length, e.g. a bare number whose unit was forgotten."""
    if not isinstance(length, Tokens | Samples | Steps | Share):
        raise UsageError(f"{what} must be Tokens(n), Samples(n), Steps(n) or Share(x), got {length!r}; write the unit")


def _check(unit: str, count: object) -> None:
    if not is_whole(count) or count < 0:
        raise UsageError(
            f"`{unit}` takes a whole number of at least 0, got {count!r}; "
            f"write {unit}(200_000_000_000), not {unit}(2e11)"
        )
