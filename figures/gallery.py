"""Every figure and table by name, and how each is drawn."""

from collections.abc import Sequence
from pathlib import Path

from experiments.study import JUDGED
from figures.changes import draw_changes, draw_scales
from figures.drawn import Drawn, with_numbers
from figures.judged import draw_judged
from figures.measures import suite_of
from figures.rows import Gathered, of_scale
from figures.table2 import draw_table2
from figures.trends import AXES, draw_trend

# Compares scales, where all others are of one.
OF_SCALES = "3"


def draw_named(names: Sequence[str], gathered: Gathered, scale: str | None, out: Path) -> tuple[list[Drawn], list[str]]:
    """Draw the figures of these names; returns what was drawn, and what a reader must know of the rows."""
    drawn, notes = [], list(gathered.notes)
    measured = None
    if set(names) != {OF_SCALES}:
        measured = of_scale(gathered, scale)
        notes = list(measured.notes)
    for name in names:
        if name == OF_SCALES:
            every = [of_scale(gathered, each) for each in gathered.scales]
            drawn.append(with_numbers(draw_scales(every, suite_of(every[-1]), out), out))
            continue
        assert measured is not None
        suite = suite_of(measured)
        if name == "table2":
            drawn.append(draw_table2(measured, suite, out))
        else:
            draw = draw_judged if name in JUDGED else draw_trend if name in AXES else draw_changes
            drawn.append(with_numbers(draw(name, measured, suite, out), out))
    return drawn, notes
