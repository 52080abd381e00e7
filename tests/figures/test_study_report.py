"""`python -m figures all`: the numbers that were drawn stand in the report's tables, and what is missing is said."""

import csv

import pytest
from study_rows import SCORES, kept, rows_of_run

from experiments.study import FIGURES, TABLE_2
from figures.drawn import Drawn, numbers_of
from figures.measures import measures_of, suite_of
from figures.points import value_panels
from figures.report import command
from figures.report.content import Table
from figures.report.study import all_runs, head_of, section_of
from figures.rows import Measured, gather, of_scale
from figures.table2 import draw_table2
from mixsched.errors import UsageError


def rows_of_shares(*experiments: str, scale: str = "nano"):
    """Two seeds of each; reasoning differs by experiment, knowledge does not."""
    return [
        row
        for place, name in enumerate(experiments)
        for seed in (0, 1)
        for row in rows_of_run(
            name, seed=seed, scale=scale, scores={**SCORES, "reasoning": 0.5 + 0.01 * place}, times=1 + 0.01 * seed
        )
    ]


@pytest.fixture
def measured(tmp_path) -> Measured:
    return of_scale(gather([kept(tmp_path / "rows", rows_of_shares("code00", "code25", "text_only"))]), None)


def texts(table: Table | None) -> dict[str, dict[str, str]]:
    assert table is not None
    titles = [column.title for column in table.columns]
    return {row[0].text: dict(zip(titles, (cell.text for cell in row), strict=True)) for row in table.rows}


def test_a_figures_table_has_every_number_that_was_drawn(measured, tmp_path):
    numbers = numbers_of("4", value_panels("4", measured, "nano"))
    files = (tmp_path / "figure-4.pdf", tmp_path / "figure-4.png", tmp_path / "figure-4.csv")
    drawn = Drawn("4", "Figure 4. How much?", files, "By share.", ("no run of code50 yet",), numbers)
    section = section_of(drawn, measured, command="python -m figures draw 4")
    told = texts(section.table)
    labels = {name: measure.label for name, measure in measures_of("nano").items()}
    for number in numbers:
        places = 3 if number.unit == "bits per byte" else 1
        wanted = "–" if number.mean is None else f"{number.mean:.{places}f}"  # noqa: RUF001
        wanted += "" if number.half is None else f" ± {number.half:.{places}f}"
        assert told[number.variant][labels[number.measure]] == wanted
    # The paper has no accuracy here but a change, and the table says so.
    assert told["25%"]["reasoning, the paper"] == "51.7 (+3.4% against code00)"
    assert section.picture == tmp_path / "figure-4.png"
    assert (section.short, section.gaps, section.caption) == ("Figure 4", drawn.gaps, drawn.caption)


def test_table_2_is_a_table_without_a_picture(measured, tmp_path):
    section = section_of(draw_table2(measured, "nano", tmp_path), measured, command="")
    told = texts(section.table)
    assert section.picture is None
    assert len(told) == len(TABLE_2) + 4
    assert told["text-only, pre-training"]["NL average, the paper"] == "29.2"
    assert told["text-only, pre-training"]["held-out text"] == "2.010 ± 0.127"


def test_all_runs_are_those_of_the_scale_with_every_measure(measured):
    told = texts(all_runs(measured))
    assert list(told) == [f"{name}-nano-seed{seed}" for name in ("code00", "code25", "text_only") for seed in (0, 1)]
    assert {measure.label for measure in measures_of(suite_of(measured)).values()} <= set(told["code00-nano-seed0"])
    assert told["code25-nano-seed1"]["reasoning"] == "51.0"
    assert told["code25-nano-seed1"]["held-out text"] == "2.020"


def test_the_head_says_what_makes_the_rows_and_the_report(measured):
    head = head_of(measured, ("left out: one run",), command="python -m figures all")
    assert head.commands == (
        "python -m experiments run --all --scale nano --seeds 2 --keep",
        "python -m figures all",
    )
    assert head.lead[-1] == "left out: one run"
    assert dict(head.facts)["runs"] == "6"


def test_of_two_scales_one_is_chosen_and_its_best_share_is_on_the_page(tmp_path, capsys, monkeypatch):
    # Of all figures the two that are told apart here; `test_draw` draws every one.
    monkeypatch.setattr(command, "NAMES", ("3", "table2"))
    shares = FIGURES["4"].experiments
    rows = rows_of_shares(*shares, "balanced_only") + rows_of_shares("balanced_only", scale="micro")
    rows = [row for row in rows if row.task in ("nano/reasoning", "heldout/text")]
    results, out = kept(tmp_path / "my rows", rows), tmp_path / "out"
    with pytest.raises(UsageError, match="choose one with `--scale`"):
        command.draw_all((results,), out)
    command.draw_all((results,), out, "nano")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 2
    assert f"python -m figures draw 3 --runs &#x27;{results}&#x27; --scale nano" in page
    assert "ours nano → micro" in page
    with (out / "optimum.csv").open(newline="") as stream:
        best = {row["measure"]: row["best_percent"] for row in csv.DictReader(stream)}
    assert best["reasoning"] == "100"
    assert '<th scope="row" data-key="reasoning">reasoning</th><td class="number" data-key="100.0">100</td>' in page
    assert capsys.readouterr().out.splitlines()[-1] == f"drew '{out / 'report.html'}'"
