"""Runs that are evaluated and judged by the real command, and their rows kept as they come."""

import os

import pytest
from launch import need_sandbox

from eval.results import read_rows


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    need_sandbox(of_module=False)


def test_runs_are_evaluated_then_judged_and_kept(tiny_grid, tmp_path):
    grid = tiny_grid(tmp_path)
    (tmp_path / "experiments").mkdir()
    # A judge is a run of the same folder, however that is written.
    runs = os.path.relpath(grid.runs)
    words = ("balanced_only", "text_only", "code25", f"--runs={runs}", "--jobs=2", "--keep")
    words = (*words, f"--results={tmp_path / 'results'}")
    output = grid.finish("run", *words).splitlines()
    judgement = "balanced_only-nano-seed0-vs-text_only-nano-seed0"
    assert output[-1] == "4 of 4 jobs done, 0 running"
    assert output.index(f"{judgement}: begins") > output.index("code25-nano-seed0: done")
    rows = read_rows(tmp_path / "results" / "nano" / "balanced_only.jsonl")
    assert {row.seed for row in rows} == {0}
    assert {row.step for row in rows} == {16, 32, 48, 64}
    assert {"nano/reasoning", "nano_functions", "heldout/text"} <= {row.task for row in rows if row.step == 64}
    task = "win_rate/nano_open/vs/text_only-nano-seed0@64/likelihood:code25-nano-seed0@32"
    assert [row.metric for row in rows if row.task == task and row.n == 110]
    assert "4 jobs at scale nano, of which 4 are done" in grid.finish("run", *words, "--dry-run")
    status = grid.finish("status", *words[:4])
    assert f"3 of 3 runs at scale nano and 1 of 1 judgements are done in '{runs}'" in status
    assert f"{judgement}  judged" in status
