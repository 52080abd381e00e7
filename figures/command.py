"""`python -m figures draw`: names to figures, rows to files, a line a file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from experiments.study import FIGURES
from figures.rows import KEPT, Gathered, gather
from mixsched.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from figures.drawn import Drawn

NAMES = (*FIGURES, "table2")
ALL = "all"
Runs = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="PATH ...")]


def draw(
    names: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FIGURE ...")],
    runs: Runs = (KEPT,),
    out: Path = Path("figures/out"),
    scale: str | None = None,
) -> None:
    """Draw figures and tables of the study by name, as PDF and PNG, and their numbers as CSV.

    python -m figures draw 4 7 table2 --runs runs

    Args:
        names: 2, 3, 4, 5a, 5b, 6, 7, 8, curricula, repetition, math, table2, or all.
        runs: Run folders, folders of them, or files of result rows.
        out: Folder for the files.
        scale: Of which scale, where the rows are of several.
    """
    draw_figures(chosen(names), gather(runs), out, scale)


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The figures that the names stand for, once each; raises UsageError with the nearest name for an unknown one."""
    if not names:
        raise UsageError(f"`names` must name a figure or more, got none; known: {', '.join((*NAMES, ALL))}")
    for name in names:
        if name not in (*NAMES, ALL):
            raise UsageError(f"there is no figure {name!r}; {did_you_mean(name, (*NAMES, ALL))}")
    return NAMES if ALL in names else tuple(dict.fromkeys(names))


def draw_figures(names: Sequence[str], gathered: Gathered, out: Path, scale: str | None) -> "list[Drawn]":
    """Draw what is named and say what was written, and what was left out of it."""
    # Matplotlib takes a second to import: only when there is something to draw.
    from figures.gallery import draw_named

    drawn, notes = draw_named(names, gathered, scale, out)
    for note in notes:
        print(note)
    for each in drawn:
        for gap in each.gaps:
            print(f"{each.name}: {gap}")
        say_drawn(each.files)
    return drawn


def say_drawn(files: Iterable[Path]) -> None:
    """A line for each file that was made."""
    for file in files:
        print(f"drew '{file}'")
