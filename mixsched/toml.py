"""Declarations as TOML: what a person writes and a schedule or plan is read from."""

from mixsched.errors import UsageError


def from_toml(text: str, *, what: str = "this text") -> dict:
    """The tables of a TOML document; raises UsageError that names the place where it is none."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{what} is not TOML: {error}; mend it there") from error


def to_toml(value: dict) -> str:
    """A JSON object without nulls as a TOML document, which `from_toml` reads as an equal one.

    Objects in a list become `[[tables]]`; what is small enough for a line is written as an inline table.

    >>> print(to_toml({"seed": 1, "phases": [{"name": "p", "weights": {"text": "0.75", "code": "0.25"}}]}), end="")
    seed = 1
    <BLANKLINE>
    [[phases]]
    name = "p"
    weights = { text = "0.75", code = "0.25" }
    """
    return "\n".join(_lines(value, "")).lstrip("\n") + "\n"


LINE = 100


def _lines(table: dict, path: str) -> list[str]:
    """The lines of a table: first what fits a line, then the tables inside it under their headers."""
    lines, inner = [], []
    for key, value in table.items():
        name = _key(key)
        where = f"{path}.{name}" if path else name
        if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            for part in value:
                inner += ["", f"[[{where}]]", *_lines(part, where)]
        elif isinstance(value, dict) and len(f"{name} = {_inline(value)}") > LINE:
            inner += ["", f"[{where}]", *_lines(value, where)]
        else:
            lines.append(f"{name} = {_inline(value)}")
    return lines + inner


def _inline(value: object) -> str:
    import json

    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_inline(part)}" for key, part in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(part) for part in value)}]"
    # JSON's strings, numbers and truth values are TOML's too, but for the name of infinity, which no schedule holds,
    # and surrogate pairs and DEL, which TOML wants as they are and escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    bare = key and all(each.isascii() and (each.isalnum() or each in "_-") for each in key)
    return key if bare else _inline(key)
