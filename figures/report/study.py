"""The study as the sections of a report: its figures, its table, the best share of code, and all of its runs."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from experiments.study import FIGURES
from figures.drawn import Drawn, Number
from figures.measures import by_seed, measures_of
from figures.optimum.findings import Findings
from figures.report.content import Cell, Column, Section, Table, number, words
from figures.report.numbers import Measure, RunNumbers, runs_table
from figures.rows import Measured

BITS = "bits per byte"


def section_of(drawn: Drawn, *, command: str) -> Section:
    """A figure or table of the study with its numbers."""
    figure = FIGURES.get(drawn.name)
    pictures = [file for file in drawn.files if file.suffix == ".png"]
    title = (
        drawn.title
        if figure is None
        else f"Figure {drawn.name}. {figure.title}"
        if _is_numbered(drawn)
        else figure.title
    )
    return Section(
        title,
        picture=pictures[0] if pictures else None,
        caption=drawn.caption,
        table=_table(drawn.numbers),
        commands=(command,),
        gaps=drawn.gaps,
        short=title.partition(".")[0],
    )


def optimum_section(findings: Findings, picture: Path, *, command: str) -> Section:
    """The best share of code by every measure, with its interval and what one more run would tell."""
    columns = (
        Column("measure"),
        Column("best share", "%"),
        Column("from", "%"),
        Column("to", "%"),
        Column("value there"),
        Column("draws at 0%", "%"),
        Column("draws at 100%", "%"),
        Column("next run", "% of code"),
        Column("error, mixing law"),
        Column("error, quadratic"),
    )
    rows = []
    for each in findings.found:
        best, form = each.optimum, ".3f" if each.target.lower_is_better else ".1f"
        following = None if each.next_run.share is None else 100 * each.next_run.share
        errors = (each.left_out.error(law, inner=True) for law in ("mixing law", "quadratic"))
        rows.append(
            (
                words(each.target.label),
                *(number(100 * share, ".0f") for share in (best.share, best.low, best.high)),
                number(best.predicted, form),
                number(100 * best.at_none, ".0f"),
                number(100 * best.at_all, ".0f"),
                number(following, ".0f"),
                *(number(error, ".3f") for error in errors),
            )
        )
    noise = "; ".join(sorted({each.optimum.noise.source for each in findings.found}))
    return Section(
        "The best share of code, predicted",
        question="At which share of code is each measure best, how sure is that, and which run would tell most?",
        picture=picture,
        caption=(
            f"95% of a bootstrap ({noise}). The errors are of predicting inner shares from the others, by either law. "
            "A law of one loss rises or falls all the way, so that its best share is an end whatever the runs say."
        ),
        table=Table(columns, tuple(rows)),
        commands=(command,),
        gaps=findings.unanswered,
        short="Best share",
    )


def all_runs(measured: Measured, suite: str) -> Table:
    """Every run of the scale with every measure of the suite."""
    measures = measures_of(suite)
    columns = [Measure(each.label, each.unit, ".3f" if each.unit == BITS else ".1f") for each in measures.values()]
    values: dict[tuple[str, int], dict[str, float]] = {}
    for experiment in sorted(measured.rows):
        for each in measures.values():
            for seed, value in by_seed(measured, experiment, each).items():
                values.setdefault((experiment, seed), {})[each.label] = value
    runs = [
        RunNumbers(
            f"{experiment}-{measured.scale}-seed{seed}",
            experiment,
            measured.scale,
            seed,
            measured.tokens(experiment) or 0,
            of_run,
        )
        for (experiment, seed), of_run in values.items()
    ]
    return runs_table(runs, columns)


def command_line(*words_: str, runs: Sequence[Path], scale: str) -> str:
    """A command of this package on these rows."""
    return shlex.join(["python", "-m", "figures", *words_, "--runs", *map(str, runs), "--scale", scale])


def _is_numbered(drawn: Drawn) -> bool:
    return drawn.name[0].isdigit()


def _table(numbers: Sequence[Number]) -> Table:
    """A row a variant, a column a measure, and one more where the paper has a number of it."""
    variants = list(dict.fromkeys(each.variant for each in numbers))
    measures = list(dict.fromkeys((each.measure, each.unit) for each in numbers))
    by_place = {(each.variant, each.measure): each for each in numbers}
    columns, cells = [Column("variant")], {variant: [words(variant)] for variant in variants}
    for measure, unit in measures:
        mine = {variant: by_place.get((variant, measure)) for variant in variants}
        columns.append(Column(measure.replace("_", " "), unit))
        for variant, each in mine.items():
            cells[variant].append(_ours(each))
        if any(each is not None and each.paper is not None for each in mine.values()):
            columns.append(Column(f"{measure.replace('_', ' ')}, the paper", unit))
            for variant, each in mine.items():
                cells[variant].append(number(None if each is None else each.paper, ".1f"))
    return Table(tuple(columns), tuple(tuple(row) for row in cells.values()))


def _ours(each: Number | None) -> Cell:
    if each is None or each.mean is None:
        return number(None)
    form = ".3f" if each.unit == BITS else ".1f"
    return number(each.mean, form, half_width=each.half)
