"""Numbers gathered for a report: those of all figures, and the facts of the rows they are from."""

from collections.abc import Sequence

from eval.results import Row
from figures.report.content import Cell, Column, Section, Table, words


def facts_of(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Names and values for the head of a report: what the rows are of, when and with which version they were made."""
    runs = {(row.run, row.scale, row.seed) for row in rows}
    days = sorted({row.when[:10] for row in rows})
    return (
        ("scale", _listed({row.scale for row in rows})),
        ("seeds", ", ".join(map(str, sorted({row.seed for row in rows}))) or "none"),
        ("experiments", f"{len({row.experiment for row in rows}):,}"),
        ("runs", f"{len(runs):,}"),
        ("measured", " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "never"),
        ("version", _listed({row.version for row in rows})),
    )


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def numbers_of(sections: Sequence[Section]) -> Table | None:
    """Every number of every section's table in one table, a row each; None where the sections have none."""
    columns = (Column("figure"), Column("variant"), Column("quantity"), Column("unit"), Column("value"))
    rows = tuple(
        (
            words(section.short or section.title),
            words(", ".join(_names(section.table, row))),
            words(column.title),
            words(column.unit),
            cell,
        )
        for section in sections
        if section.table is not None
        for row in section.table.rows
        for column, cell in _numbers(section.table, row)
    )
    return Table(columns, rows) if rows else None


def told(table: Table, *, most_rows: int = 12) -> str:
    """A table's numbers as sentences, for those who do not see the picture that is drawn from them."""
    said = []
    for row in table.rows[:most_rows]:
        known = [(column, cell) for column, cell in _numbers(table, row) if cell.sort_key is not None]
        values = [f"{column.title} {cell.text} {column.unit}".rstrip() for column, cell in known]
        said.append(f"{', '.join(_names(table, row))}: {', '.join(values) or 'no number'}.")
    more = len(table.rows) - most_rows
    return " ".join(said) + (f" The table has {more} more rows." if more > 0 else "")


def _numbers(table: Table, row: tuple[Cell, ...]) -> list[tuple[Column, Cell]]:
    """The results in a row, each with its column."""
    return [(column, row[place]) for place, column in enumerate(table.columns) if _holds_results(table, place)]


def _names(table: Table, row: tuple[Cell, ...]) -> list[str]:
    """Of what a row's results are: its words, and the numbers that tell it."""
    named = []
    for place, column in enumerate(table.columns):
        if row[place].sort_key is not None and not _holds_results(table, place):
            named.append(f"{column.title} {row[place].text}" if column.tells_row else row[place].text)
    return named


def _holds_results(table: Table, place: int) -> bool:
    return place > 0 and table.is_numeric(place) and not table.columns[place].tells_row
