"""Pieces of HTML from plain data, every word of it escaped: text, addresses inside the page, commands, tables."""

import html
import re
from collections.abc import Iterable

from figures.report.content import Cell, Table

# What HTML holds no character for: controls but for tab and line feed, halves of surrogate pairs, and non-characters.
NO_CHARACTER = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def escaped(text: str) -> str:
    """Text that can stand between tags and inside a quoted attribute, whatever it holds."""
    return html.escape(NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text))


def element(tag: str, text: str, **attributes: str) -> str:
    """An element that holds text, and nothing where there is none; `class_` is the attribute class."""
    said = "".join(f' {name.rstrip("_")}="{escaped(value)}"' for name, value in attributes.items())
    return f"<{tag}{said}>{escaped(text)}</{tag}>\n" if text else ""


def addresses(titles: Iterable[str]) -> list[str]:
    """An id for each title, made from its letters and digits, and no two alike.

    >>> addresses(["Figure 4. How much?", "Figure 4: how much", "?"])
    ['figure-4-how-much', 'figure-4-how-much-2', 'section']
    """
    given: list[str] = []
    for title in titles:
        plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        tries = (plain if count == 1 else f"{plain}-{count}" for count in range(1, len(given) + 2))
        given.append(next(address for address in tries if address not in given))
    return given


def commands(lines: Iterable[str]) -> str:
    """Command lines in a block that can be copied; nothing where there are none."""
    text = "\n".join(escaped(line) for line in lines)
    # What stands before a code block's first character would be copied with it.
    return f'<div class="commands"><pre><code>{text}</code></pre></div>\n' if text else ""


def table(content: Table, title: str, *, filtered: bool = False) -> str:
    """A table in a box that scrolls, so that a wide one leaves the page in its place; `title` names it for readers."""
    numeric = [content.is_numeric(place) for place in range(len(content.columns))]
    heads = "".join(
        f'<th scope="col"{_number(is_number)}><span class="title">{escaped(column.title)}</span>'
        + (f' <span class="unit">{escaped(column.unit)}</span>' if column.unit else "")
        + "</th>"
        for column, is_number in zip(content.columns, numeric, strict=True)
    )
    rows = "".join(
        f"<tr>{''.join(_cell(cell, numeric[place], first=place == 0) for place, cell in enumerate(row))}</tr>\n"
        for row in content.rows
    )
    return (
        f'<div class="scroll{" filtered" * filtered}" role="region" tabindex="0" aria-label="{escaped(title)}">\n'
        f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _cell(cell: Cell, is_number: bool, *, first: bool) -> str:
    key = cell.sort_key
    tag, scope = ("th", ' scope="row"') if first else ("td", "")
    if key is None:
        return f'<{tag}{scope} class="{"number " * is_number}missing">{escaped(cell.text)}</{tag}>'
    said = key if isinstance(key, str) else repr(float(key))
    return f'<{tag}{scope}{_number(is_number)} data-key="{escaped(said)}">{escaped(cell.text)}</{tag}>'


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""
