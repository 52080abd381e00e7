"""What values from outside must be: whole numbers, objects with certain fields."""

import numbers
from collections.abc import Set
from typing import TypeGuard

from mixsched.errors import UsageError


def is_whole(value: object) -> TypeGuard[int]:
    """Whether `value` is a whole number, Python's or NumPy's, and not a truth value."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check_whole(what: str, value: object, *, least: int, most: int | None = None) -> None:
    """Raise UsageError unless `value` is a whole number from `least` up to `most`.

    >>> check_whole("`batch_size`", 2.0, least=1)
    Traceback (most recent call last):
    mixsched.errors.UsageError: `batch_size` must be a whole number of at least 1, got 2.0
    """
    if not is_whole(value) or value < least or (most is not None and value > most):
        end = "" if most is None else f" and at most {most:,}"
        raise UsageError(f"{what} must be a whole number of at least {least}{end}, got {value!r}")


def check_fields(what: str, value: object, *, needed: Set[str], known: Set[str] = frozenset()) -> dict:
    """`value` if it is an object with the `needed` fields and no others but the `known`; else raises UsageError."""
    if not isinstance(value, dict):
        raise UsageError(f"a {what} must be an object, got {value!r}")
    missing, unknown = sorted(needed - value.keys()), sorted(value.keys() - needed - known)
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] * bool(missing)
        said += [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise UsageError(f"a {what} {' and '.join(said)}; its fields are {', '.join(sorted(needed | known))}")
    return value
