"""The paper's numbers: of experiments that there are, in agreement with each other, and none where none is known."""

import csv
from pathlib import Path

import pytest

from experiments.study import FIGURES, TABLE_2
from figures.reference import known, table2

PAPER = Path("figures/paper")
# Averages of numbers with one decimal place, rounded to one.
ROUNDED = 0.1001


def lines(name):
    with (PAPER / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_number_is_of_an_experiment_in_its_figure():
    for row in lines("figures.csv"):
        figure = FIGURES[row["figure"]]
        assert row["experiment"] in ("", *figure.experiments), row
        assert row["baseline"] in ("", "470m", *figure.experiments), row


def test_no_number_stands_twice():
    keys = [(row["figure"], row["measure"], row["experiment"]) for row in lines("figures.csv")]
    assert len(set(keys)) == len(keys)


def test_table_2_agrees_with_its_own_averages():
    rows = lines("table2.csv")
    assert {row["experiment"] for row in rows} == {row.experiment for row in TABLE_2}
    for row in rows:
        reasoning, knowledge, code = (float(row[name]) for name in ("reasoning", "knowledge", "code"))
        assert float(row["nl_average"]) == pytest.approx((reasoning + knowledge) / 2, abs=ROUNDED)
        assert float(row["total_average"]) == pytest.approx((reasoning + knowledge + code) / 3, abs=ROUNDED)


def test_numbers_from_table_2_follow_from_it():
    derived = [row for row in lines("figures.csv") if row["source"] == "Table 2"]
    assert derived
    for row in derived:
        value, base = table2(row["experiment"], row["measure"]), table2(row["baseline"], row["measure"])
        assert value is not None
        wanted = 100 * (value / base - 1) if base else value
        assert float(row["value"]) == pytest.approx(wanted, abs=0.0501), row


def test_ratios_are_told_as_relative_changes_with_their_baseline():
    told = known("4", "code", "code100")
    assert told is not None
    assert (told.value, told.baseline) == (pytest.approx(160), "code25")


def test_what_the_paper_does_not_say_is_none():
    assert known("4", "reasoning", "code50") is None
    assert known("math", "reasoning", "code25") is None
    assert table2("balanced_to_text_cooldown_without_code", "reasoning") is None
    assert table2("text_only", "heldout_text") is None
