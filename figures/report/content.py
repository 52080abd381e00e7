"""What a report says, as plain data: sections with a picture, a table and commands; nothing here knows HTML."""

import dataclasses
import math
from pathlib import Path

from mixsched.errors import UsageError

MISSING = "–"  # noqa: RUF001


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table.

    - `text`: what is read.
    - `key`: what its column is sorted by, a number or words; None where nothing is known: such cells stand last in
        either direction.
    """

    text: str
    key: float | str | None

    @property
    def sort_key(self) -> float | str | None:
        """The key, or None where it has no place in an order, as a number that is not finite has none."""
        return None if isinstance(self.key, float) and not math.isfinite(self.key) else self.key


def words(text: str) -> Cell:
    """A cell of words, sorted as they read; an empty one is missing."""
    return Cell(text, text) if text else Cell(MISSING, None)


def number(value: float | None, form: str = ",", *, half_width: float | None = None) -> Cell:
    """A cell of a number in a format of Python's, with ± its interval's half width; None is missing.

    >>> number(0.3149, ".3f", half_width=0.02).text
    '0.315 ± 0.020'
    >>> number(None)
    Cell(text='–', key=None)
    """  # noqa: RUF002
    if value is None:
        return Cell(MISSING, None)
    return Cell(format(value, form) + ("" if half_width is None else f" ± {half_width:{form.lstrip('+')}}"), value)


@dataclasses.dataclass(frozen=True)
class Column:
    """The head of a column.

    - `unit`: that of its numbers, where they have one.
    - `tells_row`: its numbers say of what a row is (a seed, tokens), and are no results.
    """

    title: str
    unit: str = ""
    tells_row: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """Columns and rows of cells. The first cell of a row names it. A column's keys are all numbers or all words."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        titles = [column.title for column in self.columns]
        for place, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise UsageError(f"`rows`[{place}] has {len(row)} cells; give one for each of the columns {titles}")
        for place, title in enumerate(titles):
            kinds = {isinstance(row[place].key, str) for row in self.rows if row[place].key is not None}
            if len(kinds) > 1:
                raise UsageError(f"`rows` have both numbers and words as keys of the column {title!r}; give one kind")

    def is_numeric(self, place: int) -> bool:
        """Whether the column at a place holds numbers, and no words."""
        keys = [row[place].key for row in self.rows if row[place].key is not None]
        return bool(keys) and not any(isinstance(key, str) for key in keys)


@dataclasses.dataclass(frozen=True)
class Section:
    """A figure or a table of the study.

    - `title`, `question`: its heading, and what it asks.
    - `picture`: a PNG or SVG file.
    - `caption`: what the picture or the table shows, and of what.
    - `table`: its numbers.
    - `commands`: what makes it.
    - `gaps`: what is missing, a sentence each.
    - `alt`: what the picture shows, in numbers; where it is empty it is told from the table.
    - `short`: a shorter title, for the table of all numbers.
    """

    title: str
    question: str = ""
    picture: Path | None = None
    caption: str = ""
    table: Table | None = None
    commands: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    alt: str = ""
    short: str = ""


@dataclasses.dataclass(frozen=True)
class Head:
    """What stands above the sections.

    - `lead`: paragraphs.
    - `facts`: names and values, as the scale, the seeds, the number of runs, when the rows are from, the version.
    - `commands`: what made all of it.
    """

    title: str
    lead: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
