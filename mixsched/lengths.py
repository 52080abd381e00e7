"""How long a phase or a warm-up lasts, with the unit written: tokens, samples or steps."""

import dataclasses
import numbers
from typing import TypeGuard

from mixsched.errors import UsageError


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


Length = Tokens | Samples | Steps
UNITS: dict[str, type[Tokens] | type[Samples] | type[Steps]] = {
    "tokens": Tokens,
    "samples": Samples,
    "steps": Steps,
}


def in_steps(length: Length, *, batch_size: int, context_tokens: int) -> int:
    """The smallest whole number of steps that holds `length`.

    >>> in_steps(Tokens(200_000_000_000), batch_size=512, context_tokens=8_192)
    47684
    """
    # int(), since NumPy's unsigned integers wrap around where they are negated.
    count = int(length.count)
    match length:
        case Tokens():
            return -(-count // (batch_size * context_tokens))
        case Samples():
            return -(-count // batch_size)
        case Steps():
            return count


def length_to_json(length: Length) -> dict[str, int]:
    """`{"tokens": 1000}` and the like."""
    return {type(length).__name__.lower(): int(length.count)}


def length_from_json(value: object) -> Length:
    """The inverse of `length_to_json`; raises UsageError for an unknown or missing unit."""
    if isinstance(value, dict) and len(value) == 1:
        unit, count = next(iter(value.items()))
        if unit in UNITS:
            return UNITS[unit](count)
    raise UsageError(
        f"a length must be one of {{'tokens': n}}, {{'samples': n}} or {{'steps': n}}, got {value!r}; "
        "write the unit and a whole number"
    )


def check_length(what: str, length: object) -> None:
    """Raise UsageError if `length` is no Length, e.g. a bare number whose unit was forgotten."""
    if not isinstance(length, Tokens | Samples | Steps):
        raise UsageError(f"{what} must be Tokens(n), Samples(n) or Steps(n), got {length!r}; write the unit")


def is_whole(value: object) -> TypeGuard[int]:
    """Whether `value` is a whole number, Python's or NumPy's, and not a truth value."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check(unit: str, count: object) -> None:
    if not is_whole(count) or count < 0:
        raise UsageError(
            f"`{unit}` takes a whole number of at least 0, got {count!r}; "
            f"write {unit}(200_000_000_000), not {unit}(2e11)"
        )
