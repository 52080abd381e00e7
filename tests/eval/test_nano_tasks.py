"""The nano suite's definitions make of its items the requests that they should."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.task import ConfigurableTask

from eval.loading import load_tasks
from eval.suites import NANO

FOLDER = Path(__file__).parents[2] / "eval/nano"
NAMES = [*(task for tasks in NANO.groups.values() for task in tasks), *NANO.apart]


@pytest.fixture(scope="module")
def tasks() -> Mapping[str, ConfigurableTask]:
    loaded, skipped = load_tasks(NAMES, data=None)
    assert not skipped
    for task in loaded.values():
        task.build_all_requests(limit=None, rank=0, world_size=1)
    return loaded


def items_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def asked(task: ConfigurableTask) -> list[tuple]:
    return [request.args for request in task.instances]


def test_every_definition_has_its_file_and_every_file_its_definition() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(NAMES)
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(NAMES) - {"nano_solutions"}


@pytest.mark.parametrize("name", ["nano_cloze", "nano_capitals", "nano_kinds", "nano_glosses"])
def test_an_answer_is_scored_after_the_four_prompts_of_its_group(
    name: str, tasks: Mapping[str, ConfigurableTask]
) -> None:
    items, task = items_of(name), tasks[name]
    wanted = [(other["prompt"], item["answer"]) for item in items for other in items if other["group"] == item["group"]]
    assert asked(task) == wanted
    for doc, item in zip(task.eval_docs, items, strict=True):
        assert task.doc_to_choice(doc)[task.doc_to_text(doc)] == item["prompt"]
        assert item["answer"].startswith(" ")
        assert not item["prompt"].endswith(" ")


def test_whole_sentences_are_scored_in_either_form(tasks: Mapping[str, ConfigurableTask]) -> None:
    wanted = [
        ("", f"{item['before']}{word}{item['after']}") for item in items_of("nano_agreement") for word in item["words"]
    ]
    assert asked(tasks["nano_agreement"]) == wanted


@pytest.mark.parametrize("name", ["nano_order", "nano_layout"])
def test_pieces_are_scored_in_both_orders(name: str, tasks: Mapping[str, ConfigurableTask]) -> None:
    wanted = []
    for item in items_of(name):
        joint, (one, two) = item["joint"], item["pieces"]
        wanted += [(item["prompt"], f"{joint}{one}{joint}{two}"), (item["prompt"], f"{joint}{two}{joint}{one}")]
    assert asked(tasks[name]) == wanted


def test_functions_are_written_and_their_solutions_scored_after_the_same_prompt(
    tasks: Mapping[str, ConfigurableTask],
) -> None:
    items = items_of("nano_functions")
    assert [prompt for prompt, _ in asked(tasks["nano_functions"])] == [item["prompt"] for item in items]
    assert asked(tasks["nano_solutions"]) == [(item["prompt"], item["solution"]) for item in items]
    until = asked(tasks["nano_functions"])[0][1]["until"]
    for item in items:
        assert item["prompt"].endswith('"""\n')
        assert not any(stop in item["solution"] for stop in until)


def test_solutions_are_told_in_nats_and_bytes(tasks: Mapping[str, ConfigurableTask]) -> None:
    told = tasks["nano_solutions"].process_results(
        {"prompt": "def f():\n", "solution": "    return 'é'\n"}, [(-3.0, False)]
    )
    # With the white space before the solution, whose tokens are scored too.
    assert told == {"bits_per_byte": (-3.0, 17)}


def test_open_prompts_are_continued_and_not_cut(tasks: Mapping[str, ConfigurableTask]) -> None:
    requests = asked(tasks["nano_open"])
    assert [prompt for prompt, _ in requests] == [item["prompt"] for item in items_of("nano_open")]
    assert all(wishes["until"] == [] and wishes["max_gen_toks"] == 64 for _, wishes in requests)
