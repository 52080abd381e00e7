"""From a record (a line of JSON, a row of Parquet) to a document, by the fields that a recipe names."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from mixsched.errors import UsageError, did_you_mean
from train.corpora.document import Document
from train.prepare.readers.notebooks import NOTEBOOK, notebook_text
from train.prepare.readers.reader import Dropped, Reader
from train.prepare.readers.templates import MISSING, FieldPath, Template, parse_path, parse_template
from train.prepare.readers.texts import to_document

Scalar = str | int | float | bool
# How many records may lack a field before nobody can have meant it.
RECORDS_LOOKED_AT = 100
_REASON_CHARS = 60


class RecordReader(Reader, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reader of records. Each of `text`, `origin`, `licence`, `language` and `group` is one of

    - the path of a field: "content", "meta.content", "messages[].content" (each item of a list);
    - a template of paths: "{message}\\n\\n{diff}", in which a null is empty;
    - a constant behind "=", but for the text: licence = "=CC-BY-4.0".

    Lists become one string: texts with an empty line between, licences with " AND ", others with ", ".
    """

    text: str = "text"
    format: Literal["plain", "notebook"] = "plain"
    """Of the text; the JSON of a notebook becomes its cells."""
    origin: str | None = None
    """Otherwise the file and the place in it."""
    licence: str | None = None
    """Otherwise unknown."""
    language: str | None = None
    """Otherwise none, or "Jupyter Notebook" for that format."""
    group: str | None = None
    """Otherwise a hash of the text."""
    where: dict[str, tuple[Scalar, ...]] = msgspec.field(default_factory=dict)
    """By the path of a field, its allowed values; of a list all must be. A record without the field is dropped."""
    where_not: dict[str, tuple[Scalar, ...]] = msgspec.field(default_factory=dict)
    """By the path of a field, values that drop the record, in a list too."""

    def __post_init__(self) -> None:
        for name, values in (*self.where.items(), *self.where_not.items()):
            if not values:
                raise ValueError(f"`where` needs values for the field {name!r}, got none; list some or leave it out")
        if self.text.startswith("="):
            raise ValueError(f"`text` must name a field that holds it, got the constant {self.text!r}; name one")
        record_mapping(self)


@dataclasses.dataclass(frozen=True, slots=True)
class RecordMapping:
    """What a recipe says about records, made ready for millions of them."""

    text: Template
    origin: Template | None
    licence: Template | None
    language: Template | None
    group: Template | None
    where: tuple[tuple[FieldPath, frozenset[object]], ...]
    where_not: tuple[tuple[FieldPath, frozenset[object]], ...]
    notebook: bool

    def to_document(self, record: Mapping[str, Any], *, source: str, origin: str) -> Document | Dropped:
        """The document of a record, or why there is none; `origin` is where the record stands."""
        try:
            unwanted = self._unwanted(record)
            if unwanted:
                return Dropped(origin, unwanted)
            missing = self.text.missing(record)
            if missing:
                return Dropped(origin, f"no field {missing!r}", broken=True)
            # A number in a template is part of a text; one that is all of it is a wrong field.
            text = self.text.fill(record, numbers=len(self.text.pieces) > 1)
            language = _filled(self.language, record)
            if self.notebook and text:
                text, language = notebook_text(text), language or NOTEBOOK
            return to_document(
                text,
                source=source,
                origin=_filled(self.origin, record) or origin,
                licence=_filled(self.licence, record),
                group=_filled(self.group, record),
                language=language,
            )
        except ValueError as error:
            return Dropped(origin, str(error), broken=True)

    def paths(self) -> list[FieldPath]:
        """Every field that the recipe names."""
        templates = (self.text, self.origin, self.licence, self.language, self.group)
        named = (path for template in templates if template for path in template.paths())
        return [*named, *(path for path, _ in self.where), *(path for path, _ in self.where_not)]

    def _unwanted(self, record: Mapping[str, Any]) -> str:
        """Why `where` and `where_not` drop a record, "" if they don't."""
        for path, allowed in self.where:
            values = _values(path.find(record))
            wrong = [value for value in values if _key(value) not in allowed]
            if wrong or not values:
                return f"where: {path.written} is {_short(wrong[0]) if wrong else 'missing'}"
        for path, banned in self.where_not:
            for value in _values(path.find(record)):
                if _key(value) in banned:
                    return f"where: {path.written} is {_short(value)}"
        return ""


def record_mapping(reader: RecordReader) -> RecordMapping:
    """The mapping that a reader's fields say; raises ValueError if one is no path and no template."""

    def optional(written: str | None, between: str) -> Template | None:
        return None if written is None else parse_template(written, between=between)

    return RecordMapping(
        text=parse_template(reader.text, between="\n\n"),
        origin=optional(reader.origin, ", "),
        licence=optional(reader.licence, " AND "),
        language=optional(reader.language, ", "),
        group=optional(reader.group, ", "),
        where=tuple((parse_path(name), frozenset(map(_key, values))) for name, values in reader.where.items()),
        where_not=tuple((parse_path(name), frozenset(map(_key, values))) for name, values in reader.where_not.items()),
        notebook=reader.format == "notebook",
    )


def check_fields(mapping: RecordMapping, records: Iterable[Mapping[str, Any]], *, where: str) -> None:
    """Raises UsageError if there are records at `where` and none of the first has a field that the recipe names."""
    unseen, known = mapping.paths(), set[str]()
    for record in itertools.islice(records, RECORDS_LOOKED_AT):
        unseen = [path for path in unseen if path.find(record) is MISSING]
        if not unseen:
            return
        known.update(field_names(record))
    if known:
        raise no_such_field(unseen[0], known=known, where=where)


def no_such_field(path: FieldPath, *, known: Iterable[str], where: str) -> UsageError:
    """The sentence about a field that a recipe names and an input lacks."""
    return UsageError(
        f"'{where}' has no field {path.written!r}, which the recipe names; {did_you_mean(path.written, known)}"
    )


def field_names(record: Mapping[str, Any]) -> list[str]:
    """The fields of a record as a recipe writes them, two levels deep."""
    names = list[str]()
    for name, value in record.items():
        inner, mark = (value[0], "[].") if isinstance(value, list) and value else (value, ".")
        names += [name, *(f"{name}{mark}{key}" for key in inner)] if isinstance(inner, dict) else [name]
    return names


def _filled(template: Template | None, record: Mapping[str, Any]) -> str:
    """An optional string, "" where a field of it is missing or null."""
    if template is None or any(path.find(record) in (None, MISSING) for path in template.paths()):
        return ""
    return template.fill(record, numbers=True)


def _values(value: object) -> list[object]:
    if value is None or value is MISSING:
        return []
    return value if isinstance(value, list) else [value]


def _key(value: object) -> object:
    """What two values have in common when they are the same: JSON's true is not 1, its 1 is 1.0."""
    if isinstance(value, bool):
        return ("bool", value)
    return value if isinstance(value, str | int | float) else None


def _short(value: object) -> str:
    written = str(value)
    return written if len(written) <= _REASON_CHARS else written[:_REASON_CHARS] + "..."
