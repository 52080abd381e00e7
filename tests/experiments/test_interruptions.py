"""Grids that are interrupted, killed, and started twice: nothing is lost, and nothing is trained twice."""

import json
import os
import signal
import time

import pytest
from grids import Grid, write_experiment, write_parent_and_child

from eval.rundir import RunFolder
from experiments.grid.state import being_written
from train.rundir import last_checkpoint

STEPS = 480
PARENT, OTHER = "parent-nano-seed0", "unrelated-nano-seed0"
RUN = ("run", "child", "unrelated", "--jobs=2", "--suite=none", "--checkpoint-every-steps=100000")


def saved_all(grid: Grid, run: str) -> int:
    """The steps that a run has done, all of which must be saved."""
    steps_done = grid.metrics_lines(run)
    assert last_checkpoint(RunFolder(grid.runs / run)) == steps_done
    return steps_done


@pytest.fixture
def grid(tiny_grid, tmp_path) -> Grid:
    grid: Grid = tiny_grid(tmp_path, steps=STEPS)
    write_parent_and_child(tmp_path / "experiments")
    write_experiment(tmp_path / "experiments", "unrelated", mix='{"web_code": 1}')
    return grid


def test_an_interrupted_grid_and_a_killed_one_go_on_and_two_at_once_share_the_rest(grid):
    process = grid.start(*RUN)
    # A worker that is ended by itself saves, and another goes on.
    grid.wait_for(process, PARENT, lines=20)
    os.kill(grid.workers(process)[0], signal.SIGTERM)
    grid.wait_for(process, PARENT, lines=60)
    output = grid.stop(process, PARENT, after_lines=60, by=signal.SIGINT)
    assert process.returncode == 130, output
    assert "the same command goes on from here" in output
    assert "failed" not in output
    first = saved_all(grid, PARENT)
    assert 60 <= first < STEPS

    process = grid.start(*RUN)
    grid.stop(process, PARENT, after_lines=first + 20, by=signal.SIGKILL)
    # Its workers find that it is gone, save, and end.
    ended_s = time.monotonic() + 60
    while any(being_written(RunFolder(grid.runs / run)) for run in (PARENT, OTHER)):
        assert time.monotonic() < ended_s
        time.sleep(0.05)
    second = saved_all(grid, PARENT)
    assert first + 20 <= second < STEPS

    together = [grid.start(*RUN), grid.start(*RUN)]
    outputs = [process.communicate(timeout=300)[0] for process in together]
    assert [process.returncode for process in together] == [0, 0], outputs
    for run, first_step, last_step in ((PARENT, 1, STEPS), (OTHER, 1, STEPS), ("child-nano-seed0", STEPS + 1, 528)):
        lines = (grid.runs / run / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["steps_done"] for line in lines] == list(range(first_step, last_step + 1))
    log = (grid.runs / PARENT / "log.txt").read_text()
    assert log.count("stopped\n") == 3
    # The rest of it in one go; the last step is told once.
    assert log.count(f"step {STEPS}/{STEPS}") == 1
