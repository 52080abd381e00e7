"""How a value is written in a program: the same in every process, which the order of a set of strings is not."""

from typing import Any


def literal(value: Any) -> str:
    """The value as an expression of Python, the items of sets sorted by how they are written.

    >>> literal({"b": ({"y", "x"}, [1])})
    "{'b': ({'x', 'y'}, [1])}"
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, set) and value:
        return "{" + ", ".join(sorted(map(literal, value))) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)
