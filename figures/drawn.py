"""What drawing a figure gives besides its files: its numbers, its caption and its gaps, for tables and reports."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from figures.points import Panel
from figures.seeds import Spread
from mixsched.atomic import write_atomically


@dataclasses.dataclass(frozen=True)
class Number:
    """One plotted value. `half` is half of its 95% interval over `seeds` seeds; all in `unit`.

    - `paper_told`: where `paper` is not a number of the paper but a place, its relative change from our own baseline:
      what the paper says.
    """

    figure: str
    measure: str
    unit: str
    variant: str
    experiment: str
    mean: float | None
    half: float | None
    seeds: int
    paper: float | None
    gap: str
    paper_told: str


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A figure or table as it was drawn."""

    name: str
    title: str
    files: tuple[Path, ...]
    caption: str
    gaps: tuple[str, ...]
    numbers: tuple[Number, ...]


def numbers_of(name: str, panels: Sequence[Panel]) -> tuple[Number, ...]:
    """The numbers of a figure's panels."""
    return tuple(
        number(
            name,
            panel.measure.name,
            panel.unit,
            label=point.variant.label,
            experiment=point.variant.experiment,
            ours=point.ours,
            paper=point.paper,
            gap=point.gap,
            paper_told=point.paper_told,
        )
        for panel in panels
        for point in panel.points
    )


def number(
    figure: str,
    measure: str,
    unit: str,
    *,
    label: str,
    experiment: str,
    ours: Spread | None,
    paper: float | None,
    gap: str,
    paper_told: str = "",
) -> Number:
    """A plotted value, as a figure's file of numbers has it."""
    mean, half, seeds = (ours.mean, ours.half, ours.n) if ours else (None, None, 0)
    return Number(figure, measure, unit, label, experiment, mean, half, seeds, paper, gap, paper_told)


def with_numbers(drawn: Drawn, out: Path) -> Drawn:
    """Write the numbers of a figure beside its pictures, a line each; an empty cell is a number that is not known."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([field.name for field in dataclasses.fields(Number)])
    for told in drawn.numbers:
        cells = dataclasses.astuple(told)
        writer.writerow([f"{cell:.6g}" if isinstance(cell, float) else "" if cell is None else cell for cell in cells])
    path = out / f"figure-{drawn.name}.csv"
    write_atomically(path, [stream.getvalue().encode()])
    return dataclasses.replace(drawn, files=(*drawn.files, path))
