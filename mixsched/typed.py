"""Reads what others wrote, without trust: JSON that is JSON, and dataclasses with fields of their declared types."""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, TypeVar, Union

T = TypeVar("T")
# What a file counts fits into NumPy's widest whole numbers.
MOST = 2**63 - 1
LONGEST_TOLD = 60


def read_json(text: str | bytes) -> Any:
    """The value that a JSON text holds.

    Raises ValueError where it is none, is not in UTF-8, holds a number that is not finite, or is nested too deep.

    >>> read_json('{"loss": NaN}')
    Traceback (most recent call last):
    ValueError: NaN is no number of JSON
    """
    # Late, to keep `import mixsched` quick.
    import json

    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return json.loads(decoded, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refuse(digits)


def typed(kind: type[T], value: object, *, more_fields: bool = False) -> T:
    """A dataclass from a JSON object, each field of the type that its annotation says.

    Fields that the dataclass has not are refused, or with `more_fields` passed over. A list becomes a tuple where one
    is declared, and a whole number stands for a float too. Raises ValueError that names the field.

    >>> @dataclasses.dataclass
    ... class Point:
    ...     step: int
    ...     loss: float
    >>> typed(Point, {"step": 3, "loss": 2.5})
    Point(step=3, loss=2.5)
    >>> typed(Point, {"step": "3", "loss": 2.5})
    Traceback (most recent call last):
    ValueError: `step` must be a whole number, got '3'
    """
    return _of_dataclass(kind, more_fields)(value, "")


# Takes a value and the place of its field, and returns what a dataclass is given; made once for each type.
Check = Callable[[Any, str], Any]


@functools.cache
def _of_dataclass(kind: Any, more_fields: bool) -> Check:
    hints = typing.get_type_hints(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    checks = {field.name: _check(hints[field.name], more_fields) for field in fields}
    none = dataclasses.MISSING
    needed = {field.name for field in fields if field.default is none and field.default_factory is none}

    def check(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        dot = where and f"{where}."
        if not needed <= value.keys():
            raise ValueError(f"it lacks `{dot}{min(needed - value.keys())}`")
        if not more_fields and not value.keys() <= checks.keys():
            raise ValueError(f"it has an unknown `{dot}{min(value.keys() - checks.keys())}`")
        return kind(
            **{name: check(value[name], f"{dot}{name}") for name, check in checks.items() if name in value},
        )

    return check


def _check(kind: Any, more_fields: bool) -> Check:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _of_union([_check(each, more_fields) for each in inner])
    if dataclasses.is_dataclass(kind):
        return _of_dataclass(kind, more_fields)
    if origin is dict:
        return _of_dict(_check(inner[1], more_fields))
    if origin in (list, tuple):
        return _of_list(origin, _check(inner[0], more_fields))
    if origin is Literal:
        return _plain(lambda value: isinstance(value, str) and value in inner, f"one of {', '.join(map(repr, inner))}")
    return _plain(*_PLAIN[kind])


def _of_union(checks: list[Check]) -> Check:
    def check(value: Any, where: str) -> Any:
        for each in checks[:-1]:
            try:
                return each(value, where)
            except ValueError:
                continue
        return checks[-1](value, where)

    return check


def _of_dict(of_value: Check) -> Check:
    def check(value: Any, where: str) -> dict:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        return {name: of_value(each, f"{where}.{name}") for name, each in value.items()}

    return check


def _of_list(made: Any, of_item: Check) -> Check:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        return made(of_item(each, f"{where}.{place}") for place, each in enumerate(value))

    return check


def _plain(fits: Callable[[Any], bool], must_be: str) -> Check:
    def check(value: Any, where: str) -> Any:
        if not fits(value):
            raise _wrong(where, must_be, value)
        return value

    return check


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST


_PLAIN: dict[Any, tuple[Callable[[Any], bool], str]] = {
    Any: (lambda _: True, ""),
    int: (_is_count, "a whole number"),
    float: (lambda value: (isinstance(value, float) and math.isfinite(value)) or _is_count(value), "a finite number"),
    str: (lambda value: isinstance(value, str), "a text"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    dict: (lambda value: isinstance(value, dict), "an object"),
    types.NoneType: (lambda value: value is None, "null"),
}


def _wrong(where: str, must_be: str, value: object) -> ValueError:
    told = repr(value)
    short = told if len(told) <= LONGEST_TOLD else f"a {type(value).__name__}"
    return ValueError(f"{f'`{where}`' if where else 'it'} must be {must_be}, got {short}")
