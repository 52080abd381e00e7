"""A whole grid by the real command: its order, what fails in it, what is missing, and what is told and kept of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from grids import Grid, write_experiment
from launch import one_device

from eval.results import read_rows


@pytest.fixture(scope="module")
def grid(tiny_grid, tmp_path_factory) -> Grid:
    """A grid that was run once: a parent and its child, one that fails and its child, and one beside them."""
    grid: Grid = tiny_grid(tmp_path_factory.mktemp("grid"))
    files = grid.folder / "experiments"
    write_experiment(files, "parent")
    write_experiment(files, "child", starts_from="parent", billions=100)
    write_experiment(files, "failing", mix='{"math": 1}')
    write_experiment(files, "failing_child", starts_from="failing")
    write_experiment(files, "unrelated", mix='{"web_code": 1}')
    output = grid.finish("run", "child", "failing_child", "unrelated", "--jobs=2", "--suite=none", code=1)
    (grid.folder / "output.txt").write_text(output)
    return grid


@pytest.fixture
def output(grid) -> list[str]:
    return (grid.folder / "output.txt").read_text().splitlines()


def test_a_child_begins_when_its_parent_is_done(output):
    assert "parent is added: child starts from it" in output
    assert output.index("parent-nano-seed0: done") < output.index("child-nano-seed0: begins")


def test_what_fails_is_told_in_a_sentence_and_stops_only_what_needs_it(output):
    [why] = [line for line in output if line.startswith("failed failing-nano-seed0: ")]
    assert "the mix names the source 'math', which is not in" in why
    assert "skipped failing_child-nano-seed0: it needs failing-nano-seed0" in output
    assert "unrelated-nano-seed0: done" in output
    assert not any("Traceback" in line for line in output)


def test_a_run_has_a_log_of_what_its_training_printed(grid):
    log = (grid.runs / "parent-nano-seed0" / "log.txt").read_text()
    assert "step 32/32  loss" in log
    assert log.endswith("parent-nano-seed0: done\n")


def test_only_what_is_missing_is_done_again(grid):
    before = {path: path.read_bytes() for path in grid.runs.glob("*/metrics.jsonl")}
    output = grid.finish("run", "child", "failing", "unrelated", "--suite=none", code=1)
    assert "4 jobs at scale nano, of which 3 are done" in output
    assert [line for line in output.splitlines() if line.endswith(": begins")] == ["failing-nano-seed0: begins"]
    assert {path: path.read_bytes() for path in grid.runs.glob("*/metrics.jsonl")} == before


def test_a_dry_run_does_nothing_and_tells_what_it_would_do(grid):
    before = sorted(grid.runs.rglob("*"))
    output = grid.finish("run", "failing_child", "unrelated", "--suite=none", "--dry-run", "--seeds=2")
    assert "would train and evaluate failing-nano-seed0: 32 steps" in output
    assert "unrelated-nano-seed0" not in output
    assert "would train and evaluate unrelated-nano-seed1: 32 steps" in output
    assert "5 runs of 160 steps and 40,960 tokens in all" in output
    # One run of all that were asked for is timed, though it is not to be done again.
    assert "the median of the 1 runs at this scale" in output
    assert sorted(grid.runs.rglob("*")) == before


def test_status_tells_what_is_done_and_what_failed_and_why(grid):
    lines = grid.finish("status", "child", "failing_child", "--suite=none").splitlines()
    assert [line.split()[:4] for line in lines if line.startswith("child-")] == [
        ["child-nano-seed0", "trained", "16", "16"]
    ]
    assert f"2 of 4 runs at scale nano and 0 of 0 judgements are done in '{grid.runs}'" in lines
    assert [line for line in lines if line.startswith("failed failing-nano-seed0: the mix names")]
    assert lines[-1] == "16,384 tokens are to be trained, and no run trains now"


def test_status_of_another_configuration_says_so(grid):
    output = grid.finish("status", "child", "--suite=none", "--batch-size=4")
    assert "holds a run of another configuration: settings.batch_size was 8, now 4" in output


def test_rows_are_kept_in_order_and_keeping_them_again_changes_nothing(grid, tmp_path):
    words = ("keep", "child", "unrelated", "--suite=none", f"--results={tmp_path}")
    assert f"kept '{tmp_path / 'nano' / 'child.jsonl'}'" in grid.finish(*words)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "nano").iterdir()}
    assert sorted(kept) == ["child.jsonl", "parent.jsonl", "unrelated.jsonl"]
    rows = read_rows(tmp_path / "nano" / "parent.jsonl")
    assert rows == sorted(rows, key=lambda row: (row.step, row.task))
    assert sorted(rows, key=str) == sorted(read_rows(grid.runs / "parent-nano-seed0" / "results.jsonl"), key=str)
    assert "nothing new" in grid.finish(*words)
    assert {path.name: path.read_bytes() for path in (tmp_path / "nano").iterdir()} == kept


def test_the_commands_of_a_plan_are_those_of_a_shell(grid, tmp_path):
    script = grid.finish("plan", "child", "--commands").replace(str(grid.runs), str(tmp_path / "runs"))
    first, second = [line for line in script.splitlines() if not line.startswith("#")]
    assert first.endswith("# 1")
    assert second.endswith("# 2 waits for 1")
    training, evaluation = second.split(" && ")
    assert evaluation.startswith(f"python -m eval --run={tmp_path / 'runs' / 'child-nano-seed0'} --suite=nano")
    # What a shell makes of the line, told without training it.
    environment = {**one_device(), "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    command = ["sh", "-c", f"{training} --plan"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "steps 0..31 are of parent, from which it starts; its own are 32..47" in done.stdout


def test_rows_that_cannot_be_kept_are_told_and_stop_nothing(grid, tmp_path):
    shutil.copytree(grid.runs, tmp_path / "runs")
    with (tmp_path / "runs" / "parent-nano-seed0" / "results.jsonl").open("a") as stream:
        stream.write("null\n")
    results = tmp_path / "results"
    words = ("--suite=none", "--keep", f"--results={results}", f"--runs={tmp_path / 'runs'}")
    output = grid.finish("run", "child", "unrelated", *words, code=1)
    assert "not kept parent-nano-seed0: line" in output
    assert "Traceback" not in output
    assert sorted(path.name for path in (results / "nano").iterdir()) == ["child.jsonl", "unrelated.jsonl"]
