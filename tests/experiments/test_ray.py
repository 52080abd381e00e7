"""A grid on a real Ray cluster of this machine. Run by `make test-cluster`, where there is Ray."""

import os
import signal

import pytest
from grids import Grid, write_experiment, write_parent_and_child

from eval.rundir import RunFolder
from train.rundir import last_checkpoint

pytestmark = pytest.mark.skipif(
    "TRAIN_CLUSTER" not in os.environ, reason="needs the package ray: make test-cluster runs this"
)
ON_RAY = ("--on=ray", "--jobs=2", "--suite=none", "--checkpoint-every-steps=100000")
STEPS = 640


@pytest.fixture
def grid(tiny_grid, tmp_path) -> Grid:
    grid: Grid = tiny_grid(tmp_path, steps=STEPS)
    write_parent_and_child(tmp_path / "experiments")
    write_experiment(tmp_path / "experiments", "failing", mix='{"math": 1}')
    return grid


def test_a_grid_on_a_cluster_saves_when_it_is_interrupted_and_goes_on(grid):
    process = grid.start("run", "child", *ON_RAY)
    output = grid.stop(process, "parent-nano-seed0", after_lines=20, by=signal.SIGINT)
    assert process.returncode == 130, output
    steps_done = grid.metrics_lines("parent-nano-seed0")
    assert last_checkpoint(RunFolder(grid.runs / "parent-nano-seed0")) == steps_done < STEPS
    output = grid.finish("run", "child", "failing", *ON_RAY, code=1)
    assert grid.metrics_lines("parent-nano-seed0") == STEPS
    assert grid.metrics_lines("child-nano-seed0") == STEPS // 10
    assert "failed failing-nano-seed0: the mix names the source 'math'" in output
    assert "Traceback" not in output
