"""Rows of results: what they say, and which are new."""

import dataclasses

import pytest

import mixsched
from eval.items import Answers, Item, Metric, TaskRecord
from eval.results import Row, append_new_rows, read_rows
from eval.rows import average_rows, task_rows
from eval.rundir import RunConfig
from eval.suites import Suite

CONFIG = RunConfig("code25-nano-seed3", "code25", "nano", 3, "", "", {}, {})
SCHEDULE = mixsched.Schedule(
    (mixsched.Phase("pretrain", mixsched.Steps(10), {"text": 1}),), batch_size=8, context_tokens=32
)
PLAN = mixsched.Plan(SCHEDULE, {"text": 100}, seed=0)


def test_rows_say_whose_they_are_and_what_has_no_value_has_no_row():
    items = [Item("0", "", "", {"acc": 1.0}), Item("1", "", "", {"acc": 0.0})]
    record = TaskRecord("piqa", "choice", "acc", {"acc": Metric(), "f1": Metric()}, {})
    (row,) = task_rows(CONFIG, PLAN, 5, Answers(record, items))
    assert (row.run, row.experiment, row.scale, row.seed) == ("code25-nano-seed3", "code25", "nano", 3)
    assert (row.step, row.tokens, row.task, row.metric, row.value, row.n) == (5, 5 * 8 * 32, "piqa", "acc", 0.5, 2)
    heldout = dataclasses.replace(record, task="heldout/text", kind="heldout", settings={"rows": 77})
    assert task_rows(CONFIG, PLAN, 5, Answers(heldout, items))[0].n == 77


def test_an_average_is_over_the_tasks_that_have_a_value():
    suite = Suite("s", {"reasoning": ("x", "y", "open"), "knowledge": ("z",), "code": ()})
    valued, none = [Item("0", "", "", {"acc": 1.0})], [Item("0", "", "", {})]
    records = {task: TaskRecord(task, "choice", "acc", {"acc": Metric()}, {}) for task in "xyz"}
    answers = {"x": Answers(records["x"], valued), "y": Answers(records["y"], none), "z": Answers(records["z"], valued)}
    answers["open"] = Answers(TaskRecord("open", "generation", "", {}, {}), valued)
    rows = {row.task: row for row in average_rows(CONFIG, PLAN, 5, suite, answers)}
    assert rows["s/nl_average"].covers == ["x", "z"]
    assert (rows["s/nl_average"].n, rows["s/nl_average"].value) == (2, 1.0)


ROW = Row("run", "code25", "nano", 0, 32, 8_192, "s/code", "average", 0.5, 0.1, 2, "now", "1", covers=["x", "y"])


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        ({}, False),
        ({"when": "later", "version": "2"}, False),
        ({"value": 0.5 * (1 + 1e-8), "stderr": 0.1 * (1 - 1e-8)}, False),
        ({"value": 0.5001}, True),
        ({"stderr": 0.1001}, True),
        ({"stderr": None}, True),
        ({"step": 16}, True),
        ({"task": "s/reasoning"}, True),
        ({"metric": "acc"}, True),
        ({"n": 3}, True),
        ({"covers": ["x", "z"]}, True),
        ({"asked": "otherwise"}, True),
    ],
)
def test_a_row_is_appended_if_it_says_something_else_than_the_last_of_its_measurement(tmp_path, change, is_new):
    path = tmp_path / "results.jsonl"
    append_new_rows(path, [dataclasses.replace(ROW, value=0.9)])
    append_new_rows(path, [ROW])
    row = dataclasses.replace(ROW, **change)
    assert append_new_rows(path, [row]) == is_new
    assert len(read_rows(path)) == 2 + is_new


def test_almost_zero_is_zero_and_an_unknown_error_is_none(tmp_path):
    path = tmp_path / "results.jsonl"
    append_new_rows(path, [dataclasses.replace(ROW, value=0.0, stderr=0.0)])
    assert append_new_rows(path, [dataclasses.replace(ROW, value=1e-15, stderr=-1e-15)]) == 0
    assert append_new_rows(path, [dataclasses.replace(ROW, value=0.0, stderr=None)]) == 1
