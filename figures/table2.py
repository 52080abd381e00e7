"""Table 2: our means and intervals beside the paper's values, as Markdown, LaTeX and CSV."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from experiments.study import TABLE_2, TABLE_2_WITHOUT_CODE, TableRow
from figures.caption import of_runs
from figures.drawn import Drawn, Number, number
from figures.measures import Measure, by_seed, digits, measures_of
from figures.points import NO_RUN, NOT_MEASURED, no_run
from figures.reference import table2
from figures.rows import Measured
from figures.seeds import Spread, spread
from mixsched.atomic import write_atomically

NAME, TITLE = "table2", "Table 2. All variants after each of their stages"
SCORES = ("reasoning", "knowledge", "nl_average", "code", "total_average")
BITS = ("heldout_text", "answers", "solutions", "heldout_web_code")
_ABOUT = ("variant", "stage", "text (B)", "code (B)")
# A dash that stands for a number.
NOTHING = "\N{EN DASH}"
_TEX = {"&": r"\&", "%": r"\%", "_": r"\_", "→": r"$\rightarrow$", "±": r"$\pm$", NOTHING: "--"}


@dataclasses.dataclass(frozen=True)
class Cell:
    """A measure of a row: ours, None without one, and the paper's, None where it has none."""

    measure: Measure
    ours: Spread | None
    paper: float | None

    @property
    def text(self) -> str:
        """`52.1 ± 0.8 / 53.0`: our mean, half its interval, and the paper's value; what is not known is a dash."""
        return f"{self._ours()}{'' if self.paper is None else f' / {self.paper:.1f}'}"

    def _ours(self) -> str:
        if self.ours is None:
            return NOTHING
        places = digits(self.measure.unit)
        half = "" if self.ours.half is None else f" ± {self.ours.half:.{places}f}"
        return f"{self.ours.mean:.{places}f}{half}"


@dataclasses.dataclass(frozen=True)
class Line:
    """A row of the table with its cells; `seeds` is how many runs there are."""

    row: TableRow
    seeds: int
    cells: tuple[Cell, ...]


def table_lines(measured: Measured, suite: str) -> list[Line]:
    """The rows of the paper's table, then those of cooldowns without code."""
    has = measures_of(suite)
    measures = [has[name] for name in (*SCORES, *BITS) if name in has]
    return [_line(row, measured, measures) for row in (*TABLE_2, *TABLE_2_WITHOUT_CODE)]


def markdown(lines: Sequence[Line]) -> str:
    """A table that GitHub and most readers of Markdown show."""
    columns = _columns(lines)
    rule = ["---", "---", *["---:"] * (len(columns) - 2)]
    rows = [columns, rule, *(_texts(line) for line in lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def latex(lines: Sequence[Line]) -> str:
    """A tabular with the rules of booktabs; cooldowns without code stand apart."""
    columns = _columns(lines)
    body = []
    for place, line in enumerate(lines):
        rule = place == len(TABLE_2) or (
            place > 0 and place < len(TABLE_2) and line.row.variant != lines[place - 1].row.variant
        )
        body += [r"\midrule"] if rule else []
        body.append(_tex_row(_texts(line)))
    return "\n".join(
        [
            "% needs booktabs; ours, 95% half interval / the paper's",
            rf"\begin{{tabular}}{{ll{'r' * (len(columns) - 2)}}}",
            r"\toprule",
            _tex_row(columns),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def comma_separated(lines: Sequence[Line]) -> str:
    """Numbers for other programs: mean, half interval, seeds and the paper's value of each measure, full digits."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [cell.measure.name for cell in lines[0].cells]
    parts = [f"{name}{part}" for name in names for part in ("", "_half", "_seeds", "_paper")]
    writer.writerow(["variant", "stage", "experiment", "text_tokens_b", "code_tokens_b", *parts])
    for line in lines:
        row = line.row
        numbers = [number for cell in line.cells for number in _numbers(cell)]
        writer.writerow([row.variant, row.stage, row.experiment, row.text_tokens_b, row.code_tokens_b, *numbers])
    return stream.getvalue()


def draw_table2(measured: Measured, suite: str, out: Path) -> Drawn:
    """Write the table in its three forms."""
    lines = table_lines(measured, suite)
    experiments = [line.row.experiment for line in lines]
    absent = [line.row.experiment for line in lines if not line.seeds]
    gaps = (no_run(NAME, absent, measured.scale),) if absent else ()
    caption = (
        f"{of_runs(measured, experiments, suite)} Each cell: the mean over seeds ± half its 95% "
        "interval (Student's t; none with one seed) / the paper's value for its 470M model. Tokens are the "
        "paper's, of that stage, in billions. The paper has no absolute values for cooldowns without code."
    )
    texts = {
        "md": f"**{TITLE}**\n\n{markdown(lines)}\n{caption}\n" + "".join(f"\n{gap}\n" for gap in gaps),
        "tex": latex(lines),
        "csv": comma_separated(lines),
    }
    out.mkdir(parents=True, exist_ok=True)
    files = tuple(out / f"{NAME}.{ending}" for ending in texts)
    for file, text in zip(files, texts.values(), strict=True):
        write_atomically(file, [text.encode()])
    return Drawn(NAME, TITLE, files, caption, gaps, tuple(_table_numbers(lines)))


def _line(row: TableRow, measured: Measured, measures: Sequence[Measure]) -> Line:
    cells = tuple(
        Cell(measure, spread(by_seed(measured, row.experiment, measure)), table2(row.experiment, measure.name))
        for measure in measures
    )
    return Line(row, len(measured.seeds(row.experiment)), cells)


def _columns(lines: Sequence[Line]) -> list[str]:
    measures = [cell.measure for cell in lines[0].cells]
    return [*_ABOUT, "seeds", *(f"{measure.label} ({_short(measure)})" for measure in measures)]


def _short(measure: Measure) -> str:
    return "bits/byte" if measure.lower_is_better else "%"


def _texts(line: Line) -> list[str]:
    row = line.row
    about = [row.variant, row.stage, str(row.text_tokens_b), str(row.code_tokens_b), str(line.seeds or NOTHING)]
    return [*about, *(cell.text for cell in line.cells)]


def _tex_row(texts: Sequence[str]) -> str:
    return " & ".join("".join(_TEX.get(letter, letter) for letter in text) for text in texts) + r" \\"


def _numbers(cell: Cell) -> list[str]:
    ours = cell.ours
    half = "" if ours is None or ours.half is None else f"{ours.half:.6g}"
    mean, seeds = ("", "0") if ours is None else (f"{ours.mean:.6g}", str(ours.n))
    return [mean, half, seeds, "" if cell.paper is None else f"{cell.paper:g}"]


def _table_numbers(lines: Sequence[Line]) -> list[Number]:
    return [
        number(
            NAME,
            cell.measure.name,
            cell.measure.unit,
            label=f"{line.row.variant}, {line.row.stage}",
            experiment=line.row.experiment,
            ours=cell.ours,
            paper=cell.paper,
            gap="" if cell.ours else NOT_MEASURED if line.seeds else NO_RUN,
        )
        for line in lines
        for cell in line.cells
    ]
