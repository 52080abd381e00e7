"""A recipe as TOML that a person goes on writing."""

from pathlib import Path
from typing import Any

import msgspec

from mixsched.toml import to_toml
from train.prepare.recipe import Recipe

# As wide as the TOML of `to_toml` is.
_LINE = 100
_ALWAYS = ("description", "data", "heldout_share", "broken_share")


def recipe_text(recipe: Recipe, data: Path) -> str:
    """A recipe as the TOML that reads back as an equal one: first what holds for all, then source by source.

    Of the rest, what is as it is by default is left out.
    """
    declared = _declared(recipe)
    always = {name: getattr(recipe, name) for name in _ALWAYS} | {"data": str(data.absolute())}
    blocks = [to_toml(always)]
    blocks += [_table(name, declared[name]) for name in ("tokenizer", "decontaminate") if declared.get(name)]
    for name, source in declared["sources"].items():
        inputs = source.pop("inputs")
        path = f"sources.{_key(name)}"
        blocks += [_table(path, source), *(_table(f"{path}.inputs", each, listed=True) for each in inputs)]
    return "\n".join(blocks)


def _table(path: str, table: dict[str, Any], *, listed: bool = False) -> str:
    """A table under its header; tables in it that need more than a line have headers of their own."""
    lines, inner = [f"[[{path}]]" if listed else f"[{path}]"], []
    for key, value in table.items():
        line = to_toml({key: value}).strip("\n")
        if isinstance(value, dict) and "\n" in line:
            inner.append(_table(f"{path}.{_key(key)}", value))
        elif isinstance(value, list) and len(line) > _LINE:
            lines += [f"{_key(key)} = [", *(f"    {_value(each)}," for each in value), "]"]
        else:
            lines.append(line)
    return "\n".join(["\n".join(lines) + "\n", *inner])


def _key(name: str) -> str:
    return to_toml({name: 0}).strip().removesuffix(" = 0")


def _value(value: Any) -> str:
    return to_toml({"value": value}).strip().removeprefix("value = ")


def _declared(value: Any) -> Any:
    """Tables of what differs from its default."""
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        fields = {field.name: (getattr(value, field.name), _default(field)) for field in msgspec.structs.fields(value)}
        differing = {name: _declared(own) for name, (own, default) in fields.items() if own != default}
        return {"reader": tag, **differing} if tag else differing
    if isinstance(value, dict):
        return {key: _declared(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_declared(each) for each in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
