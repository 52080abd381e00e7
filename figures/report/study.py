"""The study as the sections of a report: its figures, its table, the best share of code, and all of its runs."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from figures.drawn import Drawn, Number
from figures.measures import by_seed, digits, measures_of, suite_of
from figures.optimum.findings import Finding, Findings
from figures.optimum.laws import LAWS
from figures.report.content import Cell, Column, Head, Section, Table, number, words
from figures.report.numbers import facts_of
from figures.rows import Measured


def section_of(drawn: Drawn, measured: Measured, *, command: str) -> Section:
    """A figure or table of the study with its numbers."""
    return Section(
        drawn.title,
        picture=_picture(drawn.files),
        caption=drawn.caption,
        table=_table(drawn.numbers, suite_of(measured)),
        commands=(command,),
        gaps=drawn.gaps,
        short=drawn.title.partition(".")[0],
    )


def optimum_section(findings: Findings, files: Sequence[Path], *, command: str) -> Section:
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
        *(Column(f"error, {law}") for law in LAWS),
    )
    noise = "; ".join(sorted({each.optimum.noise.source for each in findings.found}))
    return Section(
        "The best share of code, predicted",
        question="At which share of code is each measure best, how sure is that, and which run would tell most?",
        picture=_picture(files),
        caption=(
            f"95% of a bootstrap ({noise}). The errors are of predicting inner shares from the others, by either law. "
            "A law of one loss rises or falls all the way, so that its best share is an end whatever the runs say."
        ),
        table=Table(columns, tuple(_best(finding) for finding in findings.found)),
        commands=(command,),
        gaps=findings.unanswered,
        short="Best share",
    )


def all_runs(measured: Measured) -> Table:
    """Every run of the scale with every measure of its suite."""
    measures = measures_of(suite_of(measured)).values()
    columns = (
        Column("run"),
        Column("experiment"),
        Column("seed", tells_row=True),
        Column("tokens", tells_row=True),
        *(Column(measure.label, measure.unit) for measure in measures),
    )
    rows = []
    for experiment in sorted(measured.rows):
        values = [by_seed(measured, experiment, measure) for measure in measures]
        for seed in measured.seeds(experiment):
            told = (_number(of_run.get(seed), measure.unit) for of_run, measure in zip(values, measures, strict=True))
            run = words(f"{experiment}-{measured.scale}-seed{seed}")
            rows.append((run, words(experiment), number(seed, "d"), number(measured.tokens(experiment)), *told))
    return Table(columns, tuple(rows))


def head_of(measured: Measured, notes: Sequence[str], *, command: str) -> Head:
    """What stands above the sections; `notes` are what a reader must know of the rows."""
    rows = [row for by_task in measured.rows.values() for by_seed in by_task.values() for row in by_seed.values()]
    seeds = len({row.seed for row in rows})
    return Head(
        "Does code in pre-training help on other tasks?",
        lead=(
            "How much code, of what kind, and at which stage: the experiments of arXiv 2408.10914 and some beyond it, "
            f"run at scale {measured.scale}, with the paper's numbers beside ours where it has them.",
            *notes,
        ),
        facts=facts_of(rows),
        commands=(f"python -m experiments run --all --scale {measured.scale} --seeds {seeds} --keep", command),
    )


def command_line(*arguments: str, runs: Sequence[Path], scale: str) -> str:
    """A command of this package on these rows."""
    return shlex.join(["python", "-m", "figures", *arguments, "--runs", *map(str, runs), "--scale", scale])


def _picture(files: Sequence[Path]) -> Path | None:
    return next((file for file in files if file.suffix == ".png"), None)


def _best(finding: Finding) -> tuple[Cell, ...]:
    best, following = finding.optimum, finding.next_run.share
    return (
        words(finding.target.label),
        *(number(100 * share, ".0f") for share in (best.share, best.low, best.high)),
        _number(best.predicted, finding.target.unit),
        *(number(100 * part, ".0f") for part in (best.at_none, best.at_all)),
        number(None if following is None else 100 * following, ".0f"),
        *(number(finding.left_out.error(law, inner=True), ".3f") for law in LAWS),
    )


def _table(numbers: Sequence[Number], suite: str) -> Table:
    """A row a variant, a column a measure, and one more where the paper has a number of it."""
    measures = {each.measure: each.unit for each in numbers}
    by_variant: dict[str, dict[str, Number]] = {each.variant: {} for each in numbers}
    for each in numbers:
        by_variant[each.variant][each.measure] = each
    columns, cells = [Column("variant")], {variant: [words(variant)] for variant in by_variant}
    for measure, unit in measures.items():
        label = _label(measure, suite)
        of_measure = {variant: of_variant[measure] for variant, of_variant in by_variant.items()}
        has_paper = any(each.paper is not None for each in of_measure.values())
        columns += [Column(label, unit), Column(f"{label}, the paper", unit)][: 1 + has_paper]
        for variant, each in of_measure.items():
            cells[variant] += [_number(each.mean, unit, each.half), _paper(each)][: 1 + has_paper]
    return Table(tuple(columns), tuple(tuple(row) for row in cells.values()))


def _label(measure: str, suite: str) -> str:
    found = measures_of(suite).get(measure)
    return found.label if found else measure.replace("_", " ")


def _number(value: float | None, unit: str, half: float | None = None) -> Cell:
    return number(value, f".{digits(unit)}f", half_width=half)


def _paper(each: Number) -> Cell:
    """The paper's value; where that is a change put on our own baseline, the change beside its place."""
    cell = _number(each.paper, each.unit)
    return Cell(f"{cell.text} ({each.paper_told})", cell.key) if each.paper_told else cell
