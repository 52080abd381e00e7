"""What a measure is made of, per seed, and what guessing gives."""

import json
from collections import Counter
from pathlib import Path

import pytest
from study_rows import a_row, kept, rows_of_run

from eval.suites import NANO
from figures.measures import CHANCE, by_seed, chance, measures_of, suite_of
from figures.rows import gather, of_scale


def measured(folder, rows):
    return of_scale(gather([kept(folder, rows)]), None)


def test_scores_are_percent_and_bits_are_means_of_their_tasks(tmp_path):
    told = measured(tmp_path, rows_of_run("code25", times=2.0))
    has = measures_of("nano")
    assert by_seed(told, "code25", has["reasoning"]) == {0: 60.0}
    assert by_seed(told, "code25", has["nl_average"]) == pytest.approx({0: 45.0})
    # Capitals 8, kinds 4, glosses 6.
    assert by_seed(told, "code25", has["answers"]) == {0: 6.0}
    assert by_seed(told, "code25", has["heldout_web_code"]) == {0: 5.0}
    assert by_seed(told, "nobody", has["reasoning"]) == {}


def test_a_seed_that_lacks_a_part_is_left_out(tmp_path):
    rows = [row for row in rows_of_run("code25", seed=1) if row.task != "nano_kinds"]
    told = measured(tmp_path, [*rows_of_run("code25"), *rows])
    assert by_seed(told, "code25", measures_of("nano")["answers"]).keys() == {0}
    assert by_seed(told, "code25", measures_of("nano")["solutions"]).keys() == {0, 1}


def test_guessing_is_that_of_the_tasks_that_an_average_covers(tmp_path):
    told = measured(tmp_path, rows_of_run("code25"))
    has = measures_of("nano")
    assert chance(told, has["reasoning"]) == pytest.approx(100 * (1 / 4 + 1 / 2 + 1 / 2) / 3)
    assert chance(told, has["knowledge"]) == 25
    assert chance(told, has["nl_average"]) == pytest.approx((125 / 3 + 25) / 2)
    assert chance(told, has["code"]) is None
    assert chance(told, has["heldout_text"]) is None
    fewer = [a_row(task="nano/reasoning", metric="average", covers=["nano_cloze"])]
    assert chance(measured(tmp_path / "fewer", fewer), has["reasoning"]) == 25


@pytest.mark.parametrize("task", [task for group in NANO.groups.values() for task in group if task != "nano_functions"])
def test_guessing_in_a_nano_task_is_one_of_its_choices(task):
    lines = (Path("eval/nano") / f"{task}.jsonl").read_text().splitlines()
    items = [json.loads(line) for line in lines]
    groups = Counter(item.get("group") for item in items)
    # Items of a group are each other's choices; others bring two words, or two pieces in either order.
    choices = {groups[item["group"]] if "group" in item else len(item.get("words") or item["pieces"]) for item in items}
    assert choices == {round(1 / CHANCE[task])}


def test_the_suite_is_the_one_that_was_asked(tmp_path):
    nano, paper = rows_of_run("code25"), a_row(task="paper/reasoning", metric="average", covers=["boolq"])
    assert suite_of(measured(tmp_path / "nano", nano)) == "nano"
    assert suite_of(measured(tmp_path / "paper", [paper])) == "paper"
    assert suite_of(measured(tmp_path / "neither", [a_row()])) == "nano"
    assert "answers" not in measures_of("paper")
