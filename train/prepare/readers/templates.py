"""What names a part of a record in a recipe: the path of a field, a template of such paths, or a constant."""

import dataclasses
import string
from collections.abc import Iterable, Mapping
from typing import Any

EACH = "[]"
# No JSON or Arrow value is this one.
MISSING = object()


@dataclasses.dataclass(frozen=True, slots=True)
class FieldPath:
    """A field by the names that lead to it, "meta.content"; "messages[].content" goes into each item of a list.

    A record that has the whole of it as one name, dots and all, is taken at its word.
    """

    written: str
    keys: tuple[str, ...]

    def find(self, record: Mapping[str, Any]) -> object:
        """The value in a record, a list of values behind `[]`, None where the record says null, or MISSING."""
        if self.written in record:
            return record[self.written]
        return MISSING if len(self.keys) == 1 else _descend(record, self.keys)


def parse_path(written: str) -> FieldPath:
    """The path that a recipe writes; raises ValueError if it is none."""
    keys = list[str]()
    for name in written.split("."):
        bare = name.removesuffix(EACH)
        if not bare or EACH in bare:
            raise ValueError(
                f"{written!r} is no path of a field; write names with dots between, such as 'meta.content', "
                "and [] after the name of a list to go into each of its items"
            )
        keys += [bare, EACH] if bare != name else [bare]
    return FieldPath(written, tuple(keys))


def _descend(value: Any, keys: tuple[str, ...]) -> object:
    for place, key in enumerate(keys):
        if value is None:
            return None
        if key == EACH:
            if not isinstance(value, list):
                return MISSING
            found = [each for item in value if (each := _descend(item, keys[place + 1 :])) is not MISSING]
            return found if found or not value else MISSING
        if not isinstance(value, dict) or key not in value:
            return MISSING
        value = value[key]
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A string with the values of fields in it; lists stand in it with `between` between their items."""

    pieces: tuple[str | FieldPath, ...]
    between: str

    def paths(self) -> Iterable[FieldPath]:
        """The fields that it reads."""
        return (piece for piece in self.pieces if isinstance(piece, FieldPath))

    def missing(self, record: Mapping[str, Any]) -> str:
        """The first field that the record lacks, "" if it has all."""
        return next((path.written for path in self.paths() if path.find(record) is MISSING), "")

    def fill(self, record: Mapping[str, Any], *, numbers: bool) -> str:
        """The string for a record; null and missing fields are empty in it.

        Raises ValueError that names the field if its value is no string, and no number where `numbers` are allowed.
        """
        if len(self.pieces) == 1:
            return self._piece(record, self.pieces[0], numbers=numbers)
        return "".join([self._piece(record, piece, numbers=numbers) for piece in self.pieces])

    def _piece(self, record: Mapping[str, Any], piece: str | FieldPath, *, numbers: bool) -> str:
        if isinstance(piece, str):
            return piece
        value = piece.find(record)
        return value if isinstance(value, str) else _written(value, piece, self.between, numbers=numbers)


def parse_template(written: str, *, between: str) -> Template:
    """What a recipe writes: "=MIT" is the constant MIT, "{title}: {meta.body}" a template, all else a path.

    Braces double to stand for themselves. Raises ValueError if it is none of these.
    """
    if written.startswith("="):
        return Template((written[1:],), between)
    if "{" not in written and "}" not in written:
        return Template((parse_path(written),), between)
    pieces = list[str | FieldPath]()
    try:
        parsed = list(string.Formatter().parse(written))
    except ValueError as error:
        raise ValueError(f"{written!r} is no template ({error}); double the braces that are not of a field") from error
    for literal, name, form, conversion in parsed:
        pieces += [literal] if literal else []
        if form or conversion:
            raise ValueError(f"{written!r} formats the field {name!r}; name it alone within its braces")
        if name is not None:
            pieces.append(parse_path(name))
    return Template(tuple(pieces), between)


def _written(value: object, path: FieldPath, between: str, *, numbers: bool) -> str:
    if value is None or value is MISSING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise ValueError("not UTF-8") from error
    if isinstance(value, list):
        written = (_written(item, path, between, numbers=numbers) for item in value)
        return between.join([each for each in written if each])
    if isinstance(value, bool | int | float):
        if numbers:
            return str(value)
        raise ValueError(f"field {path.written!r} is a number, not a string")
    raise ValueError(f"field {path.written!r} is an object, not a string")
