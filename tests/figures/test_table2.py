"""Table 2 in three forms that agree, with the paper's values where it has them."""

import csv
import io

import pytest
from study_rows import SCORES, kept, rows_of_run

from experiments.study import TABLE_2, TABLE_2_WITHOUT_CODE
from figures.rows import gather, of_scale
from figures.table2 import comma_separated, draw_table2, latex, markdown, table_lines


@pytest.fixture
def measured(tmp_path):
    rows = [
        *rows_of_run("text_only", scores={**SCORES, "reasoning": 0.50}),
        *rows_of_run("text_only", seed=1, scores={**SCORES, "reasoning": 0.52}),
        *rows_of_run("balanced_only"),
    ]
    return of_scale(gather([kept(tmp_path / "rows", rows)]), None)


@pytest.fixture
def lines(measured):
    return table_lines(measured, "nano")


def test_rows_are_those_of_the_paper_and_then_those_without_code(lines):
    assert [line.row for line in lines] == [*TABLE_2, *TABLE_2_WITHOUT_CODE]


def test_cells_have_mean_half_interval_and_the_papers_value(lines):
    by_name = {cell.measure.name: cell.text for cell in lines[0].cells}
    # Two seeds, 1 percent off their mean: 12.706 times the standard error, 1.
    assert by_name["reasoning"] == "51.0 ± 12.7 / 49.0"
    assert by_name["heldout_text"] == "2.000 ± 0.000"
    one_seed = {cell.measure.name: cell.text for cell in lines[2].cells}
    assert one_seed["reasoning"] == "60.0 / 51.8"
    missing = {cell.measure.name: cell.text for cell in lines[1].cells}
    assert missing["reasoning"] == "\N{EN DASH} / 54.1"
    assert {cell.text for cell in lines[-1].cells} == {"\N{EN DASH}"}


def test_the_three_forms_agree(lines):
    told = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in markdown(lines).splitlines()]
    tex = [row.removesuffix(r" \\").split(" & ") for row in latex(lines).splitlines() if " & " in row]
    plain = [
        [cell.replace(r"$\pm$", "±").replace(r"$\rightarrow$", "→").replace("--", "\N{EN DASH}") for cell in row]
        for row in tex[1:]
    ]
    assert plain == told[2:]
    rows = list(csv.DictReader(io.StringIO(comma_separated(lines))))
    for row, cells in zip(rows, told[2:], strict=True):
        assert [row["variant"], row["stage"], row["text_tokens_b"], row["code_tokens_b"]] == cells[:4]
        mean, half, paper = (row[f"reasoning{part}"] for part in ("", "_half", "_paper"))
        parts = [f"{float(mean):.1f}" if mean else "\N{EN DASH}"]
        parts += [f" ± {float(half):.1f}"] if half else []
        parts += [f" / {float(paper):.1f}"] if paper else []
        assert "".join(parts) == cells[5]


def test_latex_has_booktabs_rules_and_as_many_columns_as_cells(lines):
    text = latex(lines)
    assert all(text.count(rule) == 1 for rule in (r"\toprule", r"\bottomrule"))
    (columns,) = [row for row in text.splitlines() if row.startswith(r"\begin{tabular}")]
    assert len(columns.split("{")[-1].rstrip("}")) == text.splitlines()[3].count("&") + 1
    assert not {"%", "→", "±"} & set(text.split("\n", 1)[1].replace(r"\%", ""))


def test_missing_runs_are_named_in_the_markdown(measured, tmp_path):
    drawn = draw_table2(measured, "nano", tmp_path)
    assert [file.name for file in drawn.files] == ["table2.md", "table2.tex", "table2.csv"]
    assert drawn.gaps[0].endswith("python -m experiments run --figure table2 --scale nano")
    assert drawn.gaps[0] in drawn.files[0].read_text()
    assert "text_only," not in drawn.gaps[0]
