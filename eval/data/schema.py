"""Checks of a record's fields that say what is wrong and where."""

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], None]
"""Raises Mismatch if a value is not what it should be."""

_SHOWN = 40


class Mismatch(Exception):
    """A value that is not what is needed: `path` leads to it, `problem` ends the sentence that begins with it."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def within(self, outer: str) -> "Mismatch":
        """The same, seen from the value that holds it."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Mismatch(f"{outer}{joint}{self.path}", self.problem)


def text(value: Any) -> None:
    """A text, which may be empty."""
    if not isinstance(value, str):
        raise Mismatch("", f"is {_shown(value)}, not a text")


def whole(value: Any) -> None:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mismatch("", f"is {_shown(value)}, not a whole number")


def label(*values: Any) -> Check:
    """One of the values, which are the right answers that there can be."""

    known = one_of(*values)

    def check(value: Any) -> None:
        if value in (None, "", -1):
            raise Mismatch("", f"is {_shown(value)}: there is no label, as in published test sets without answers")
        known(value)

    return check


def one_of(*values: Any) -> Check:
    """One of the values."""

    def check(value: Any) -> None:
        # True equals 1.
        if not any(value == known and type(value) is type(known) for known in values):
            raise Mismatch("", f"is {_shown(value)}, not {_or(values)}")

    return check


def several(each: Check, *, least: int = 0, count: int | None = None) -> Check:
    """A list of values that pass `each`, `least` or more of them, or exactly `count`."""

    def check(value: Any) -> None:
        if not isinstance(value, list):
            raise Mismatch("", f"is {_shown(value)}, not a list")
        if len(value) < least or (count is not None and len(value) != count):
            wanted = f"{least} or more" if count is None else str(count)
            raise Mismatch("", f"has {len(value)} entries, not {wanted}")
        for index, one in enumerate(value):
            try:
                each(one)
            except Mismatch as mismatch:
                raise mismatch.within(f"[{index}]") from None

    return check


def fields(needed: Mapping[str, Check]) -> Check:
    """A record with all of the needed fields; it may have others."""

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise Mismatch("", f"is {_shown(value)}, not an object with fields")
        for name, each in needed.items():
            if name not in value:
                raise Mismatch(name, f"is missing (there are: {', '.join(map(str, value)) or 'none'})")
            try:
                each(value[name])
            except Mismatch as mismatch:
                raise mismatch.within(name) from None

    return check


def _shown(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= _SHOWN else f"{written[: _SHOWN - 3]}..."


def _or(values: tuple[Any, ...]) -> str:
    *most, last = map(repr, values)
    return f"{', '.join(most)} or {last}" if most else last
