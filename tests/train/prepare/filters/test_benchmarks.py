"""Documents that hold a piece of an evaluation's items are found, under the name of the item."""

import gzip
import json
import pickle
from pathlib import Path

import msgspec
import pytest

from mixsched.errors import UsageError
from train.prepare.filters.benchmarks import Benchmarks, Decontaminate

PROMPT = (
    "from typing import List\n\n\ndef below_zero(operations: List[int]) -> bool:\n"
    '    """ You\'re given a list of deposit and withdrawal operations on a bank account that starts with\n'
    "    zero balance. Your task is to detect if at any point the balance of account falls below zero.\n"
    '    """\n'
)
SOLUTION = (
    "    balance = 0\n\n    for op in operations:\n        balance += op\n        if balance < 0:\n"
    "            return True\n\n    return False\n"
)
RECORDS = [
    {"task_id": "HumanEval/0", "prompt": "too short", "canonical_solution": "    return 0\n", "test": "pass"},
    {
        "task_id": "HumanEval/3",
        "prompt": PROMPT,
        "entry_point": "below_zero",
        "canonical_solution": SOLUTION,
        "test": "",
    },
]
WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
COUNT = WORDS.split()


def write(path: Path, records: list) -> None:
    path.write_bytes("".join(json.dumps(record) + "\n" for record in records).encode())


def of_texts(folder: Path, *texts: str, words: int = 13) -> Benchmarks:
    write(folder / "items.jsonl", list(texts))
    return Decontaminate(files=("items.jsonl",), words=words).read(folder)


@pytest.fixture
def human_eval(tmp_path: Path) -> Benchmarks:
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    (tmp_path / "HumanEval.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return Decontaminate(files=("*.jsonl.gz",)).read(tmp_path)


def test_a_task_is_found_by_its_prompt_or_its_solution_however_it_is_set(human_eval: Benchmarks) -> None:
    for text in (
        PROMPT,
        SOLUTION,
        f"# mine\n{SOLUTION}\nprint()",
        PROMPT.upper().replace("\n", "  "),
        f"\u201c{PROMPT}",
    ):
        assert human_eval.contaminated(text) == "HumanEval.jsonl.gz:2"


def test_other_texts_are_clean(human_eval: Benchmarks) -> None:
    for text in ("", "too short", "from typing import List\n\n\ndef above_zero(operations: List[int]) -> bool:\n" * 9):
        assert human_eval.contaminated(text) is None
    assert human_eval.too_short == len([text for record in RECORDS for text in record.values()]) - 2


def test_13_words_are_an_overlap_and_12_are_none(tmp_path: Path) -> None:
    found = of_texts(tmp_path, "zero " + " ".join(COUNT))
    assert found.contaminated("so " + ", ".join(COUNT[:13]) + " etc") == "items.jsonl:1"
    assert found.contaminated("so " + ", ".join(COUNT[:12]) + " etc") is None
    assert found.contaminated(" ".join([*COUNT[:6], "or", *COUNT[6:]])) is None


def test_an_item_of_8_to_12_words_is_found_as_a_whole(tmp_path: Path) -> None:
    found = of_texts(tmp_path, " ".join(COUNT[:7]), " ".join(COUNT[:8]), " ".join(COUNT[2:14]))
    assert found.too_short == 1
    assert found.contaminated(" ".join(COUNT[:8])) == "items.jsonl:2"
    assert found.contaminated("a b " + " ".join(COUNT[2:14]) + " c") == "items.jsonl:3"
    assert found.contaminated(" ".join(COUNT[:7])) is None
    assert found.contaminated(" ".join(COUNT[2:13])) is None


def test_the_length_of_a_run_is_the_recipes(tmp_path: Path) -> None:
    five = of_texts(tmp_path, " ".join(COUNT), " ".join(COUNT[:4]), words=5)
    assert five.contaminated("0 " + " ".join(COUNT[3:8])) == "items.jsonl:1"
    assert five.contaminated("0 " + " ".join(COUNT[3:7])) is None
    assert five.too_short == 1
    eight = of_texts(tmp_path, " ".join(COUNT), words=8)
    assert eight.contaminated(" ".join(COUNT[2:10])) == "items.jsonl:1"
    assert eight.contaminated(" ".join(COUNT[2:9])) is None


def test_strings_are_found_at_any_depth_of_a_record_but_keys_are_no_items(tmp_path: Path) -> None:
    key = " ".join(reversed(COUNT))
    write(tmp_path / "deep.jsonl", [1, {"a": [None, {key: [{"b": " ".join(COUNT)}]}]}])
    found = Decontaminate(files=("deep.jsonl",)).read(tmp_path)
    assert found.contaminated(" ".join(COUNT)) == "deep.jsonl:2"
    assert found.contaminated(key) is None


def test_a_text_file_is_one_item_and_patterns_reach_into_folders(tmp_path: Path) -> None:
    (tmp_path / "tests" / "maths").mkdir(parents=True)
    (tmp_path / "tests" / "maths" / "sums.txt").write_text("\n".join(COUNT))
    found = Decontaminate(files=("tests/**/*.txt",)).read(tmp_path)
    assert found.contaminated(" ".join(COUNT)) == "sums.txt"


def test_an_overlap_is_named_by_the_first_item_that_has_it(tmp_path: Path) -> None:
    found = of_texts(tmp_path, "other " + " ".join(COUNT), " ".join(COUNT))
    assert found.contaminated(" ".join(COUNT)) == "items.jsonl:1"


def test_workers_may_be_sent_benchmarks(human_eval: Benchmarks) -> None:
    copy = pickle.loads(pickle.dumps(human_eval))
    assert copy.contaminated(PROMPT) == "HumanEval.jsonl.gz:2"
    assert copy.contaminated("clean") is None


def test_no_other_text_of_a_million_words_is_taken_for_an_item(tmp_path: Path) -> None:
    found = of_texts(tmp_path, " ".join(f"item{number}" for number in range(100_000)))
    assert found.contaminated(" ".join(f"text{number}" for number in range(1_000_000))) is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("other.jsonl", b"", "`files`: 'x.jsonl' matches no file in"),
        ("x.jsonl", b'{"a": \n', "cannot be read as evaluation items"),
        ("x.jsonl", b'"\xff"\n', "cannot be read as evaluation items"),
        ("x.jsonl", b"[" * 100_000, "cannot be read as evaluation items"),
        ("x.jsonl.gz", b"no gzip", "get the file again"),
        ("x.jsonl.gz", gzip.compress(b'"a"\n' * 99)[:-9], "get the file again"),
        ("x.csv", b"a,b\n", "`files` takes JSON lines and .txt files"),
        ("x.jsonl", b'"too short"\n\n', "`files` must hold items of 8 words or more, found none in"),
    ],
)
def test_files_that_cannot_be_used_are_told_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    pattern = name if name.startswith("x") else "x.jsonl"
    with pytest.raises(UsageError) as error:
        Decontaminate(files=(pattern,)).read(tmp_path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("table", "told"), [({"files": []}, "`files` must name"), ({"files": ["a"], "words": 4}, "`words`")]
)
def test_a_setting_out_of_range_is_refused(table: dict, told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.convert(table, Decontaminate)
