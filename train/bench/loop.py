"""The two ways that are timed: the step alone on one batch, and a real run of the loop around it."""

import dataclasses
import json
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from eval.rundir import RunFolder
from model.sharding import device_mesh
from train.data import put_batch
from train.job import Job
from train.lineage import load_lineage
from train.loop import train
from train.scales import Scale
from train.state import init_state, make_optimizer, state_maker
from train.step import jit_step

# The first lines of a run hold compilation and the filling of the read-ahead buffer.
WARM_STEPS = 10


def bare_steps_s(settings: Scale, steps: int) -> float:
    """Seconds a step of the jitted step on one batch that is already on the devices."""
    mesh = device_mesh()
    optimizer = make_optimizer(settings.optimizer)
    make_state = state_maker(settings.model, optimizer, key=jax.random.key(0))
    state = init_state(make_state, mesh)
    step = jit_step(state, optimizer, sources=3, mesh=mesh)
    shape = (settings.batch_size, settings.model.context_tokens + 1)
    read = {
        "rows": np.random.default_rng(0).integers(0, settings.model.vocab_size, shape, np.int32),
        "source": np.zeros(settings.batch_size, np.int32),
    }
    batch = put_batch(read, learning_rate=1e-3, mesh=mesh)
    for _ in range(WARM_STEPS):
        state, _ = step(state, batch)
    jax.block_until_ready(state)
    began_s = time.perf_counter()
    for _ in range(steps):
        state, _ = step(state, batch)
    jax.block_until_ready(state)
    return (time.perf_counter() - began_s) / steps


def loop_steps_s(settings: Scale, scale: str, steps: int) -> tuple[float, float]:
    """Seconds a step of a real run on the bundled corpus, from its own metrics, and its share of waiting."""
    total_steps = WARM_STEPS + steps
    settings = dataclasses.replace(settings, eval_every_steps=total_steps, checkpoint_every_steps=total_steps)
    lineage = load_lineage(Path("experiments/code25.py"))
    tokens = total_steps * settings.batch_size * settings.model.context_tokens
    (stage,) = lineage.experiment.stages
    stage = dataclasses.replace(stage, paper_tokens=tokens * settings.paper_tokens_per_token)
    lineage = dataclasses.replace(lineage, experiments=(dataclasses.replace(lineage.experiment, stages=(stage,)),))
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder) / "bench")
        train(Job(lineage, scale, 0, settings, settings.shards, run), resume=False)
        lines = [json.loads(line) for line in run.metrics.read_text().splitlines()][WARM_STEPS:]
    tokens = np.diff([line["tokens"] for line in lines])
    took_s = tokens / np.array([line["tokens_per_s"] for line in lines[1:]])
    waited_s = took_s * np.array([line["wait_share"] for line in lines[1:]])
    return float(took_s.sum() / len(took_s)), float(waited_s.sum() / took_s.sum())
