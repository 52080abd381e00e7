"""The report as one HTML file that needs nothing else: no network, no other file, and no script to be read."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from figures.report.content import Head, Section, Table
from figures.report.markup import addresses, commands, element, escaped, table
from figures.report.numbers import numbers_of, told
from figures.report.pictures import read_picture
from mixsched.atomic import write_atomically
from mixsched.errors import UsageError

HERE = Path(__file__).parent
NUMBERS = "All numbers of the figures"
RUNS = "All runs"


def write_report(out: Path, sections: Sequence[Section], *, head: Head, runs: Table | None = None) -> Path:
    """Write a report of these sections, with a table of all their numbers and one of all runs; returns `out`.

    The same content gives the same bytes.

    Raises:
        UsageError: a picture is missing or damaged, or has neither words for `alt` nor a table to tell them from.
    """
    page = _page(sections, head=head, runs=runs)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, [page.encode()])
    return out


def _page(sections: Sequence[Section], *, head: Head, runs: Table | None) -> str:
    parts = [(section.title, _content(section)) for section in sections]
    if numbers := numbers_of(sections):
        parts.append((NUMBERS, table(numbers, NUMBERS, filtered=True)))
    if runs is not None:
        parts.append((RUNS, table(runs, RUNS, filtered=True)))
    # `content` is the address of the whole of them.
    places = addresses(["content", *(title for title, _ in parts)])[1:]
    links, body = [], []
    for place, (title, content) in zip(places, parts, strict=True):
        links.append(f'<li><a href="#{place}">{escaped(title)}</a></li>\n')
        body.append(f'<section id="{place}">\n<h2>{escaped(title)}</h2>\n{content}</section>\n')
    style, script = (HERE / "page.css").read_text("utf-8"), (HERE / "page.js").read_text("utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_policy(style, script)}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Without this a browser would ask the page's server for an icon.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escaped(head.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#content">To the content</a>\n'
        f'<div class="page">\n<header>\n{_head(head)}</header>\n'
        f'<nav aria-label="Contents">\n<h2>Contents</h2>\n<ol>\n{"".join(links)}</ol>\n</nav>\n'
        f'<main id="content">\n{"".join(body)}</main>\n</div>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _policy(style: str, script: str) -> str:
    """Forbids the browser to load anything, and to run or style by anything but what stands in these two files."""
    styles, scripts = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    rules = f"default-src 'none'; img-src data:; style-src 'sha256-{styles}'; script-src 'sha256-{scripts}'"
    return f"<meta http-equiv=\"Content-Security-Policy\" content=\"{rules}; base-uri 'none'; form-action 'none'\">\n"


def _head(head: Head) -> str:
    facts = "".join(f"<div>{element('dt', name)}{element('dd', value)}</div>\n" for name, value in head.facts if value)
    return (
        element("h1", head.title)
        + "".join(element("p", paragraph) for paragraph in head.lead)
        + (f'<dl class="facts">\n{facts}</dl>\n' if facts else "")
        + commands(head.commands)
    )


def _content(section: Section) -> str:
    gaps = "".join(element("li", gap) for gap in section.gaps)
    return (
        element("p", section.question, class_="question")
        + _figure(section)
        + _numbers(section)
        + (f'<ul class="gaps" aria-label="What is missing">\n{gaps}</ul>\n' if gaps else "")
        + commands(section.commands)
    )


def _figure(section: Section) -> str:
    if section.picture is None:
        return element("p", section.caption, class_="caption")
    alt = section.alt or (told(section.table) if section.table else "")
    if not alt:
        raise UsageError(f"the picture '{section.picture}' has no words; give `alt` or a `table` of what it shows")
    picture = read_picture(section.picture)
    return (
        '<figure>\n<div class="picture">'
        f'<img src="{picture.uri}" width="{picture.width_px}" height="{picture.height_px}" '
        f'alt="{escaped(alt)}"></div>\n{element("figcaption", section.caption)}</figure>\n'
    )


def _numbers(section: Section) -> str:
    """The section's table: in the open where it is all there is, folded where a picture shows it."""
    if section.table is None:
        return ""
    shown = table(section.table, f"{section.title}: numbers")
    if section.picture is None:
        return shown
    return f"<details>\n<summary>The numbers of this figure</summary>\n{shown}</details>\n"
