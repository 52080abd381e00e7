"""`python -m eval` on a real run: what is asked, kept, asked again, and told."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from launch import one_device

import eval.__main__
import eval.benchmarks
from eval.items import Answers, answered_tasks, answers_folder, read_answers
from eval.results import read_rows
from eval.rundir import RunFolder
from eval.statistics import estimate
from eval.suites import SUITES
from mixsched.errors import UsageError

ASK = eval.benchmarks.ask
PIQA = {"goal": "To open a jar,", "sol1": "freeze it.", "sol2": "warm its lid.", "label": 1}


@pytest.fixture(scope="module")
def suite_run(finished_run, tmp_path_factory):
    """A run after `--suite nano --limit 6`; tests that change it copy it."""
    folder = RunFolder(shutil.copytree(finished_run.path, tmp_path_factory.mktemp("suite") / "run"))
    call(folder, "--suite=nano", "--limit=6", "--rows=8")
    return folder


@pytest.fixture(scope="module")
def whole_run(suite_run, tmp_path_factory):
    """The same after the whole suite."""
    folder = RunFolder(shutil.copytree(suite_run.path, tmp_path_factory.mktemp("whole") / "run"))
    call(folder, "--suite=nano", "--rows=8")
    return folder


@pytest.fixture
def run(suite_run, tmp_path):
    return RunFolder(shutil.copytree(suite_run.path, tmp_path / "run"))


def call(run: RunFolder, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["eval", f"--run={run.path}", *arguments])
        eval.__main__.main()


def asked_by(run: RunFolder, *arguments: str) -> list[str]:
    """The tasks that the command puts to the model."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            eval.benchmarks, "ask", lambda task, *rest, **more: asked.append(task.task_name) or ASK(task, *rest, **more)
        )
        call(run, *arguments)
    return asked


def kept_answers(run: RunFolder, task: str) -> Answers:
    answers = read_answers(answers_folder(run, 32), task)
    assert answers is not None
    return answers


def test_a_suite_leaves_answers_to_every_task_and_rows_that_follow_from_them_alone(whole_run):
    folder = answers_folder(whole_run, 32)
    assert set(SUITES["nano"].tasks) < set(answered_tasks(folder))
    rows = {(row.task, row.metric): row for row in read_rows(whole_run.results) if row.step == 32}
    for task in answered_tasks(folder):
        answers = kept_answers(whole_run, task)
        for metric in answers.record.metrics:
            told, row = estimate(answers, metric), rows[task, metric]
            assert (row.value, row.stderr) == (pytest.approx(told.value), pytest.approx(told.stderr))
            assert row.n == (8 if task.startswith("heldout/") else len(answers.items))
            assert row.asked == answers.record.asked


def test_averages_say_which_tasks_they_cover(whole_run):
    rows = {row.task: row for row in read_rows(whole_run.results) if row.metric == "average"}
    assert rows["nano/knowledge"].covers == ["nano_capitals", "nano_kinds", "nano_glosses"]
    values = {row.task: row.value for row in read_rows(whole_run.results) if row.metric in ("acc", "pass@1")}
    assert rows["nano/reasoning"].value == pytest.approx(
        (values["nano_cloze"] + values["nano_agreement"] + values["nano_order"]) / 3
    )
    assert rows["nano/total_average"].n == 7


def test_a_few_items_are_no_results_and_all_of_them_are(suite_run, run, tmp_path, capsys):
    def covered() -> list[list[str]]:
        return [row.covers for row in read_rows(run.results) if row.task == "paper/reasoning"]

    assert {row.task.partition("/")[0] for row in read_rows(suite_run.results)} == {"heldout"}
    (tmp_path / "piqa.jsonl").write_text(json.dumps(PIQA) + "\n")
    call(run, "--suite=paper", f"--data={tmp_path}", "--limit=1")
    assert covered() == []
    assert "piqa: asked only the first 1 (`--limit`)" in capsys.readouterr().out
    call(run, "--suite=paper", f"--data={tmp_path}")
    assert covered() == [["piqa"]]
    assert "--limit" not in capsys.readouterr().out


def test_greedy_and_sampled_programs_are_two_measurements(run):
    call(run, "--tasks=nano_functions")
    call(run, "--tasks=nano_functions", "--temperature=0.5")
    rows = [row for row in read_rows(run.results) if (row.task, row.metric) == ("nano_functions", "pass@1")]
    assert len({row.asked for row in rows}) == len(rows) == 2


def test_what_was_asked_is_not_asked_again(run):
    before = read_rows(run.results)
    assert asked_by(run, "--suite=nano", "--limit=6", "--rows=8") == []
    assert read_rows(run.results) == before
    assert asked_by(run, "--tasks", "nano_kinds", "nano_open", "--limit=6") == []


def test_another_way_of_asking_and_the_wish_to_ask_again_ask(run):
    assert asked_by(run, "--tasks=nano_kinds", "--limit=5") == ["nano_kinds"]
    answers = read_answers(answers_folder(run, 32), "nano_kinds")
    assert answers is not None
    assert (len(answers.items), answers.record.settings["limit"]) == (5, 5)
    assert asked_by(run, "--tasks=nano_kinds", "--limit=5", "--again") == ["nano_kinds"]


def test_answers_to_a_few_items_do_not_replace_those_to_all(run):
    call(run, "--tasks=nano_solutions")
    whole = kept_answers(run, "nano_solutions")
    assert len(whole.items) == 152
    assert asked_by(run, "--tasks=nano_solutions", "--limit=2", "--again") == ["nano_solutions"]
    assert kept_answers(run, "nano_solutions") == whole


DAMAGES = {
    "a broken line": lambda folder: append(folder / "nano_kinds.jsonl", '{"item":'),
    "a file that was cut": lambda folder: append(folder / "nano_kinds.jsonl", "", keep_lines=2),
    "no items": lambda folder: (folder / "nano_kinds.jsonl").unlink(),
    "a broken description": lambda folder: append(folder / "nano_kinds.json", "{"),
}


def append(path: Path, line: str, *, keep_lines: int | None = None) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:keep_lines]) + line)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_answers_are_asked_again_and_no_others(damage, run):
    before = kept_answers(run, "nano_kinds")
    DAMAGES[damage](answers_folder(run, 32))
    assert asked_by(run, "--tasks", "nano_kinds", "nano_glosses", "--limit=6") == ["nano_kinds"]
    assert [item.item for item in kept_answers(run, "nano_kinds").items] == [item.item for item in before.items]


@pytest.mark.parametrize("left_bytes", [0, 100])
def test_a_damaged_checkpoint_is_told_with_the_others(left_bytes, run):
    for path in run.checkpoints.glob("32/model/**/*"):
        if path.is_file() and path.stat().st_size > 4096:
            path.write_bytes(path.read_bytes()[:left_bytes])
    # In a process of its own: threads that were still reading may complain of it after the sentence.
    command = [sys.executable, "-m", "eval", f"--run={run.path}"]
    done = subprocess.run(command, capture_output=True, text=True, env=one_device(), check=False)
    assert done.returncode == 2
    assert f"the checkpoint in '{run.checkpoints / '32'}' is damaged or not of this run" in done.stderr
    assert "take another by `--step`: 16" in done.stderr
    call(run, "--step=16", "--rows=8")


def test_mistakes_in_tasks_are_told_before_anything_is_measured(run, tmp_path, refused):
    shutil.rmtree(answers_folder(run, 32))
    (tmp_path / "piqa.jsonl").write_text("{}\n")
    assert "field 'goal' is missing" in refused("eval", f"--run={run.path}", "--suite=paper", f"--data={tmp_path}")
    assert not answers_folder(run, 32).exists()


@pytest.mark.parametrize("package", ["lm_eval", "openai"])
def test_a_package_that_is_not_installed_is_named(package, run, tmp_path):
    other = shutil.copytree(run.path, tmp_path / "other")
    asks = {
        "lm_eval": [f"--run={run.path}", "--tasks=nano_kinds"],
        "openai": [
            "judge",
            str(run.path),
            str(other),
            "--task=nano_open",
            "--judge=openai:m",
            "--base-url=http://[::1]:1",
        ],
    }
    script = (
        f"import runpy, sys; sys.modules[{package!r}] = None; sys.argv[1:] = {asks[package]!r}; "
        "runpy.run_module('eval', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=one_device(), check=False)
    assert done.returncode == 2
    assert done.stderr == f"error: the package '{package}' is not installed; `make setup` installs all that is needed\n"


def test_a_terminal_without_a_character_is_shown_its_number(run):
    command = [sys.executable, "-m", "eval", "show", str(run.path), "nano_kinds"]
    environment = one_device() | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "acc 0" in done.stdout
    assert "\\xb1" in done.stdout


def test_an_interrupted_suite_goes_on_where_it_was(run):
    shutil.rmtree(answers_folder(run, 32))
    begun = []

    def interrupted(task, *rest, **more):
        begun.append(task.task_name)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return ASK(task, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval.benchmarks, "ask", interrupted)
        with pytest.raises(KeyboardInterrupt):
            call(run, "--tasks", "nano_order", "nano_kinds", "nano_glosses", "--limit=4")
    assert asked_by(run, "--tasks", "nano_order", "nano_kinds", "nano_glosses", "--limit=4") == begun[2:]


def test_samples_at_a_temperature_give_pass_at_k_and_do_not_depend_on_what_else_is_asked(run):
    sampled = ("--samples=10", "--temperature=1.0", "--limit=3")
    call(run, "--tasks=nano_functions", *sampled)
    folder = answers_folder(run, 32)
    alone = read_answers(folder, "nano_functions")
    assert alone is not None
    assert set(alone.record.metrics) == {"pass@1", "pass@10"}
    first = alone.items[0].outputs
    assert first is not None
    assert len(set(first)) > 1
    call(run, "--tasks=nano_functions", "--samples=10", "--temperature=1.0", "--limit=2")
    fewer = read_answers(folder, "nano_functions")
    assert fewer is not None
    assert fewer.items == alone.items[:2]
    call(run, "--tasks=nano_functions", "--seed=1", *sampled)
    other = read_answers(folder, "nano_functions")
    assert other is not None
    assert other.items[0].outputs != first


def test_texts_that_were_cut_to_the_context_are_told(run, capsys):
    call(run, "--tasks=nano_order", "--limit=6")
    told = capsys.readouterr().out
    assert re.search(r"nano_order: [\d,]+ requests were cut to fit the model's context", told)


def test_a_task_without_data_is_skipped_by_name_and_the_average_says_so(run, tmp_path, capsys):
    (tmp_path / "piqa.jsonl").write_text(json.dumps(PIQA) + "\n")
    call(run, "--suite=paper", f"--data={tmp_path}")
    told = capsys.readouterr().out
    assert re.search(r"skipped hellaswag: '.*' has no file of it, such as 'hellaswag_val.jsonl'", told)
    assert re.search(r"paper/reasoning .* 1 of 11, without boolq, sciq", told)
    assert "paper/knowledge" not in told


def test_programs_without_a_sandbox_are_skipped_and_never_run(run, monkeypatch, capsys):
    def missing():
        raise UsageError("`bwrap` isn't installed")

    monkeypatch.setattr(eval.benchmarks, "require_sandbox", missing)
    call(run, "--tasks", "nano_functions", "nano_kinds", "--limit=4", "--again")
    told = capsys.readouterr().out
    assert "skipped nano_functions: `bwrap` isn't installed" in told
    assert "nano_kinds" in told
    with pytest.raises(UsageError, match="no task is left to ask: nano_functions: `bwrap`"):
        call(run, "--tasks=nano_functions")


REFUSALS = {
    "no run": ("--run=/nowhere", "is no run: it holds no config.json"),
    "a step that is not there": ("--step=7 --suite=nano", "has no checkpoint after step 7; it has: 16, 32"),
    "a suite that is not there": ("--suite=nanoo", "`suite` 'nanoo' is unknown; did you mean 'nano'?"),
    "a task that is not there": ("--tasks nano_kind", "did you mean 'nano_kinds'"),
    "data for no task": ("--data=/tmp", "say which with `--suite paper` or `--tasks`"),
    "no such data": ("--suite=paper --data=/nowhere", "/nowhere"),
    "samples that would be alike": ("--suite=nano --samples=5", "would write the same program 5 times"),
    "no item": ("--suite=nano --limit=0", "`--limit` must be at least 1, got 0"),
    "a temperature below zero": ("--suite=nano --temperature=-1", "must lie in 0..10, got -1.0"),
    "a folder without shards": ("--suite=nano --shards=/nowhere", "holds no tokenizer.model"),
    "a seed below zero": ("--suite=nano --seed=-1", "`--seed` must be at least 0, got -1"),
    "an empty suite": ("--suite=", "`suite` '' is unknown; known: nano, paper"),
    "no data at all": ("--suite=paper --data=tests/eval", "no task is left to ask: boolq: 'tests/eval' has no file"),
    "a word that is no command": ("compares", "there is no command 'compares'; did you mean 'compare'?"),
}


@pytest.mark.parametrize("mistake", REFUSALS)
def test_mistakes_are_told_in_a_sentence(mistake, suite_run, refused):
    line, sentence = REFUSALS[mistake]
    words = line.split()
    run = [] if "--run" in line or not line.startswith("-") else [f"--run={suite_run.path}"]
    assert sentence in refused("eval", *words, *run)
