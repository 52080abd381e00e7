"""What tests hold runs against each other by, and against their plans: last parameters, and lines of metrics."""

import json

import jax
import numpy as np

import mixsched
from eval.rundir import RunFolder, read_config
from model.checkpoint import named_arrays, read_checkpoints, restore_model
from model.sharding import device_mesh


def final_parameters(folder: RunFolder) -> dict[str, np.ndarray]:
    """The parameters of a run's last checkpoint, by name."""
    with read_checkpoints(folder.checkpoints) as checkpoints:
        step = checkpoints.latest_step()
        assert step is not None
        model = restore_model(checkpoints, step, read_config(folder).model, device_mesh(jax.devices()[:1]))
    return {name: np.asarray(array) for name, array in named_arrays(model).items()}


def same_parameters(one: RunFolder, other: RunFolder) -> bool:
    """Whether two runs ended with the same bits."""
    first, second = final_parameters(one), final_parameters(other)
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def lines_of(run: RunFolder) -> list[dict]:
    """The lines of metrics without what a clock says."""
    clocks = {"tokens_per_s", "wait_share"}
    lines = (json.loads(line) for line in run.metrics.read_text().splitlines())
    return [{name: value for name, value in line.items() if name not in clocks} for line in lines]


def check_served(run: RunFolder, plan: mixsched.Plan) -> None:
    """Hold every line of metrics of a tiny run, which tells of one step, against what the plan says of that step."""
    for line in lines_of(run):
        step = line["steps_done"] - 1
        assert list(line["counts"].values()) == plan.counts(step).tolist()
        assert list(line["served"].values()) == plan.served(step + 1).tolist()
        assert line["learning_rate"] == plan.learning_rate(step)
        assert line["tokens"] == line["steps_done"] * 8 * 32
