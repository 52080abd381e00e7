"""What values from outside must be: whole numbers, objects with certain fields."""

import math
import numbers
import operator
from collections.abc import Mapping, Set
from typing import TypeGuard

from mixsched.errors import UsageError


def is_whole(value: object) -> TypeGuard[int]:
    """Whether `value` is a whole number, Python's or NumPy's, and not a truth value."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def whole(what: str, value: object) -> int:
    """`value` as Python's own whole number, of any width, whoever made it: NumPy, JAX and PyTorch count in 32 bits.

    Raises UsageError for anything else, a truth value or 3.0 among it.

    >>> import numpy as np
    >>> whole("`step`", np.int32(3)), type(whole("`step`", np.int32(3)))
    (3, <class 'int'>)
    """
    if not isinstance(value, bool):
        try:
            return operator.index(value)  # pyright: ignore[reportArgumentType]
        except TypeError:
            pass
    raise UsageError(f"{what} must be a whole number, got {value!r}")


def check_kind(what: str, value: object, kind: type | tuple[type, ...], remedy: str) -> None:
    """Raise UsageError, with what to do, unless `value` is of a kind."""
    if not isinstance(value, kind):
        raise UsageError(f"{what} must not be {_short(value)}; {remedy}")


def own_copies(declared: object, *names: str) -> None:
    """Give a frozen dataclass mappings of its own: whoever made it may go on using, and changing, those given."""
    for name in names:
        value = getattr(declared, name)
        if isinstance(value, Mapping):
            object.__setattr__(declared, name, dict(value))


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"a {type(value).__name__}"


def check_whole(what: str, value: object, *, least: int, most: int | None = None) -> None:
    """Raise UsageError unless `value` is a whole number from `least` up to `most`.

    >>> check_whole("`batch_size`", 2.0, least=1)
    Traceback (most recent call last):
    mixsched.errors.UsageError: `batch_size` must be a whole number of at least 1, got 2.0
    """
    if not is_whole(value) or value < least or (most is not None and value > most):
        end = "" if most is None else f" and at most {most:,}"
        raise UsageError(f"{what} must be a whole number of at least {least}{end}, got {value!r}")


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a finite real number, Python's or NumPy's, and not a truth value."""
    try:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def check_fields(what: str, value: object, *, needed: Set[str], known: Set[str] = frozenset()) -> dict:
    """`value` if it is an object with the `needed` fields and no others but the `known`; else raises UsageError."""
    article = "an" if what[0] in "aeiou" else "a"
    if not isinstance(value, dict):
        raise UsageError(f"{article} {what} must be an object, got {value!r}")
    missing, unknown = sorted(needed - value.keys()), sorted(value.keys() - needed - known)
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] * bool(missing)
        said += [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise UsageError(f"{article} {what} {' and '.join(said)}; its fields are {', '.join(sorted(needed | known))}")
    return value
