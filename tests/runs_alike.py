"""What tests hold runs against each other by: their last parameters, and their lines of metrics without the clock's."""

import json

import jax
import numpy as np

from eval.rundir import RunFolder, read_config
from model.checkpoint import named_arrays, read_checkpoints, restore_model
from model.sharding import data_mesh


def final_parameters(folder: RunFolder) -> dict[str, np.ndarray]:
    """The parameters of a run's last checkpoint, by name."""
    with read_checkpoints(folder.checkpoints) as checkpoints:
        step = checkpoints.latest_step()
        assert step is not None
        model = restore_model(checkpoints, step, read_config(folder).model, data_mesh(jax.devices()[:1]))
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
