"""msgspec's sentences about the tables of a recipe, in the words of one who writes TOML."""

import json
import re
from collections.abc import Sequence

import msgspec

from mixsched.errors import did_you_mean

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list [..]",
    "object": "a table",
    "datetime": "a date",
    "date": "a date",
    "time": "a time",
}
Info = msgspec.inspect.Type


def in_words(message: str, value: object, kind: type, *, table: str) -> str:
    """What is wrong with a value that should be of a kind, where, and what to write; `table` is its header in the file.

    An unknown word comes with those that are known there: of an input, those of its reader.
    """
    message, _, place = message.partition(" - at ")
    place = place.strip("`").removeprefix("$").lstrip(".")
    at = f" at `{place}`" if place else ""
    steps = re.findall(r"\[[^]]*\]|[^.[]+", place)
    info, value = _follow(msgspec.inspect.type_info(kind), value, steps)
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        return f"there is no key {unknown[1]!r}{at}; {did_you_mean(unknown[1], _keys(info))}"
    if missing := re.fullmatch(r"Object missing required field `(.*)`", message):
        readers = f", one of {', '.join(sorted(_readers(info)))}" if missing[1] in _tag_fields(info) else ""
        return f"the key {missing[1]!r} is missing{at}; add it{readers}"
    if other := re.fullmatch(r"Invalid (?:enum )?value (.*)", message):
        what = f"reader {other[1]}" if place.endswith(".reader") else other[1]
        return f"there is no {what}{at}; {did_you_mean(other[1].strip(chr(39)), _values(info))}"
    if wrong := re.fullmatch(r"Expected `(.*)`, got `(.*)`", message):
        hint = _hint(wrong[1], wrong[2], steps, value, table=table)
        got = "a number with a point" if wrong[2] == "float" else _named(wrong[2])
        return f"{_named(wrong[1])} is expected{at}, not {got}; {hint}"
    if message.startswith("Expected `array` of length >="):
        return f"the list{at} is empty; write at least one into it"
    return f"{message[:1].lower()}{message[1:]}{at}; correct it there"


def _follow(info: Info, value: object, steps: Sequence[str]) -> tuple[Info | None, object]:
    """The type and the value at a place; None for a value of which the place does not tell the key."""
    found: Info | None = info
    for step in steps:
        found = _chosen(found, value)
        if isinstance(found, msgspec.inspect.StructType):
            held = {field.encode_name: field.type for field in found.fields}
            # The key that says which reader it is has the readers as its values.
            found = held.get(step, found if step == found.tag_field else None)
            value = value.get(step) if isinstance(value, dict) else None
        elif isinstance(found, msgspec.inspect.DictType):
            found, value = found.value_type, None
        elif isinstance(found, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
            found = found.item_type
            value = value[int(step[1:-1])] if isinstance(value, list | tuple) and step != "[...]" else None
        elif not (isinstance(found, msgspec.inspect.UnionType) and step in _tag_fields(found)):
            return None, None
    return _chosen(found, value), value


def _chosen(info: Info | None, value: object) -> Info | None:
    """Of several types the one that the value names, or the only one besides null."""
    if not isinstance(info, msgspec.inspect.UnionType):
        return info
    if isinstance(value, dict):
        for each in info.types:
            if isinstance(each, msgspec.inspect.StructType) and value.get(each.tag_field) == each.tag:
                return each
    others = [each for each in info.types if not isinstance(each, msgspec.inspect.NoneType)]
    return others[0] if len(others) == 1 else info


def _structs(info: Info | None) -> list[msgspec.inspect.StructType]:
    held = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return [each for each in held if isinstance(each, msgspec.inspect.StructType)]


def _keys(info: Info | None) -> set[str]:
    return {field.encode_name for struct in _structs(info) for field in struct.fields}


def _tag_fields(info: Info | None) -> set[str]:
    return {struct.tag_field for struct in _structs(info) if struct.tag_field}


def _readers(info: Info | None) -> set[str]:
    return {str(struct.tag) for struct in _structs(info) if struct.tag}


def _values(info: Info | None) -> list[str]:
    if isinstance(info, msgspec.inspect.LiteralType):
        return [str(value) for value in info.values]
    return sorted(_readers(info))


def _named(types: str) -> str:
    names = list(dict.fromkeys(_TYPES.get(each, each) for each in types.split(" | ") if each != "null"))
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _hint(expected: str, got: str, steps: Sequence[str], value: object, *, table: str) -> str:
    """What to write instead."""
    key = steps[-1] if steps and not steps[-1].startswith("[") else ""
    wanted = expected.split(" | ")
    if "array" in wanted and got == "object" and key == "inputs":
        return f"begin each input with [[{table}.inputs]], in double brackets"
    if "array" in wanted and got == "str":
        return f"write {key} = {json.dumps([value], ensure_ascii=False)}" if key else "put it into brackets: [..]"
    if {"int", "float"} & {*wanted} and got == "str":
        return "write it without quotes"
    if "str" in wanted and isinstance(value, int | float):
        return f'write {key} = "{value}"' if key else "put it into quotes"
    return "correct it there"
