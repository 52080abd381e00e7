"""Answers on disk come back as they were, or are refused by name."""

import dataclasses
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.items import (
    Answers,
    Item,
    Metric,
    TaskRecord,
    answered_tasks,
    keep,
    kept_answers,
    read_answers,
    write_answers,
)
from mixsched.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SCORE = st.one_of(NUMBER, st.tuples(NUMBER, NUMBER).map(list), st.lists(st.one_of(TEXT, st.integers())))


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(st.none(), strategy)


ITEMS = st.builds(
    Item,
    item=TEXT,
    prompt=st.one_of(TEXT, st.lists(TEXT)),
    target=st.one_of(st.none(), TEXT, st.lists(TEXT)),
    scores=st.dictionaries(TEXT, SCORE, max_size=3),
    choices=maybe(st.lists(TEXT)),
    gold=maybe(st.integers(0, 9)),
    loglikelihoods=maybe(st.lists(NUMBER)),
    outputs=maybe(st.lists(TEXT)),
    verdicts=maybe(st.lists(TEXT)),
    cluster=maybe(TEXT),
)
RECORD = TaskRecord("task", "choice", "acc", {"acc": Metric(chance=0.5)}, {"shots": 0, "limit": None}, truncated=3)


def answers(*texts: str) -> Answers:
    return Answers(RECORD, [Item(str(place), text, text, {"acc": 1.0}) for place, text in enumerate(texts)])


@given(st.lists(ITEMS, max_size=4))
def test_answers_come_back_as_they_were_whatever_text_is_in_them(items):
    with tempfile.TemporaryDirectory() as folder:
        write_answers(Path(folder), Answers(RECORD, items))
        assert read_answers(Path(folder), "task") == Answers(RECORD, items)


def test_what_ends_a_line_elsewhere_ends_none_here(tmp_path):
    told = answers("a\u2028b\u2029c\x85d\x0be\x0cf\r\ng\x1c", "next")
    write_answers(tmp_path, told)
    assert (tmp_path / "task.jsonl").read_bytes().count(b"\n") == 2
    assert read_answers(tmp_path, "task") == told


@pytest.mark.parametrize("item", [Item("0", "\ud800", "", {}), Item("0", "", "", {"acc": math.nan})])
def test_what_json_can_not_hold_is_refused_and_leaves_what_was_kept(tmp_path, item):
    write_answers(tmp_path, answers("before"))
    with pytest.raises(ValueError, match=r"surrogates|JSON compliant"):
        write_answers(tmp_path, Answers(RECORD, [*answers("fine").items, item]))
    assert read_answers(tmp_path, "task") == answers("before")
    assert not list(tmp_path.glob(".*"))


def test_a_task_may_lie_in_a_folder_of_its_kind(tmp_path):
    record = TaskRecord("heldout/text.v2", "heldout", "acc", RECORD.metrics, {})
    write_answers(tmp_path, Answers(record, []))
    write_answers(tmp_path, answers("a"))
    assert answered_tasks(tmp_path) == ["heldout/text.v2", "task"]
    assert read_answers(tmp_path, "heldout/text.v2") == Answers(record, [])


@pytest.mark.parametrize("damage", [lambda kept: kept[:-9], lambda kept: kept + b"{}\n", lambda kept: b""])
def test_items_that_are_not_what_was_written_are_told(tmp_path, damage):
    write_answers(tmp_path, answers("a", "b"))
    path = tmp_path / "task.jsonl"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UsageError, match=r"'.*task\.jsonl' is not what 'task\.json' beside it describes"):
        read_answers(tmp_path, "task")
    assert kept_answers(tmp_path, "task", RECORD.settings) is None


def test_answers_are_taken_only_if_they_were_asked_in_the_same_way(tmp_path):
    write_answers(tmp_path, answers("a"))
    assert kept_answers(tmp_path, "task", dict(RECORD.settings)) == answers("a")
    assert kept_answers(tmp_path, "task", RECORD.settings | {"shots": 5}) is None
    assert kept_answers(tmp_path, "other", RECORD.settings) is None


def test_answers_to_a_few_items_do_not_replace_those_to_all(tmp_path):
    few = Answers(dataclasses.replace(RECORD, settings=RECORD.settings | {"limit": 1}), answers("a").items)
    assert keep(tmp_path, few)
    assert keep(tmp_path, answers("a", "b"))
    assert not keep(tmp_path, few)
    assert read_answers(tmp_path, "task") == answers("a", "b")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"task": "task", "metrics": {"acc": {"colour": 1}}}', "null"])
def test_a_damaged_description_is_named(tmp_path, text):
    write_answers(tmp_path, answers("a"))
    (tmp_path / "task.json").write_text(text)
    with pytest.raises(UsageError, match=r"'.*task\.json' does not describe a task"):
        read_answers(tmp_path, "task")


def test_items_without_description_were_not_evaluated_and_a_description_without_items_is_damage(tmp_path):
    write_answers(tmp_path, answers("a"))
    described = (tmp_path / "task.json").read_bytes()
    (tmp_path / "task.json").unlink()
    assert read_answers(tmp_path, "task") is None
    assert answered_tasks(tmp_path) == []
    (tmp_path / "task.json").write_bytes(described)
    (tmp_path / "task.jsonl").unlink()
    with pytest.raises(UsageError, match=r"task\.jsonl' is missing"):
        read_answers(tmp_path, "task")


KILLED = """
import itertools, os, sys
from pathlib import Path
import test_items
from eval import items

folder, renames = Path(sys.argv[1]), itertools.count(1)
rename = Path.rename

def rename_and_die(path, target):
    if next(renames) == int(sys.argv[2]):
        os._exit(9)
    return rename(path, target)

Path.rename = rename_and_die
items.write_answers(folder, test_items.answers("new", "newer"))
"""


@pytest.mark.parametrize("rename", [1, 2])
def test_a_writer_that_is_killed_leaves_what_was_kept_or_nothing_that_passes_for_answers(tmp_path, rename):
    """Killed before the items are in place, and between the items and their description."""
    write_answers(tmp_path, answers("old"))
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(rename)]
    assert subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False).returncode == 9
    assert kept_answers(tmp_path, "task", RECORD.settings) == (answers("old") if rename == 1 else None)
    write_answers(tmp_path, answers("new"))
    assert read_answers(tmp_path, "task") == answers("new")
