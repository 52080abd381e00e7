"""Measures a checkpoint: restores the model, evaluates it on held-out rows, makes result rows of that."""

import math
from pathlib import Path

from jax.sharding import Mesh

import mixsched
from eval.heldout import HeldoutSet, evaluate_heldout, load_heldout
from eval.results import Row, append_rows, now, read_rows
from eval.rundir import RunConfig, RunFolder, locked
from mixsched.errors import UsageError
from model.checkpoint import read_checkpoints, restore_model
from model.sharding import data_mesh
from model.transformer import Transformer


def measure_run(
    folder: RunFolder,
    config: RunConfig,
    plan: mixsched.Plan,
    *,
    step: int | None,
    heldout_rows: int | None,
    shards: Path,
) -> tuple[list[Row], int]:
    """The rows of a run's checkpoint after `step` steps (None: the last), and how many of them were new.

    Raises UsageError if there is no such checkpoint or the shards are not those of the run.
    """
    if heldout_rows is not None and heldout_rows < 1:
        raise UsageError(f"`--rows` must be at least 1, got {heldout_rows}; leave it out to read all")
    heldout = load_heldout(
        shards, rows=heldout_rows, context_tokens=config.model.context_tokens, tokenizer=config.tokenizer
    )
    for held in heldout:
        if config.data.get(f"{held.source}/heldout", held.fingerprint) != held.fingerprint:
            raise UsageError(
                f"the held-out rows of {held.source!r} in '{shards}' are not those that this run was measured on; "
                "name the `--shards` that it was trained with"
            )
    mesh = data_mesh()
    if not folder.checkpoints.is_dir():
        raise UsageError(f"'{folder.path}' holds no checkpoints; train it first, or continue it with --resume")
    # Under the lock: a run that is being written replaces its checkpoints and appends to the same results.
    with locked(folder):
        with read_checkpoints(folder.checkpoints) as checkpoints:
            steps = sorted(checkpoints.all_steps())
            if not steps or (step is not None and step not in steps):
                have = ", ".join(map(str, steps)) or "none"
                which = "" if step is None else f" after step {step}"
                raise UsageError(f"'{folder.path}' has no checkpoint{which}; it has: {have}")
            chosen = steps[-1] if step is None else step
            model = restore_model(checkpoints, chosen, config.model, mesh)
        rows = heldout_rows_of(model, heldout, config, plan, steps_done=chosen, mesh=mesh)
        known = {(row.step, row.task, row.metric, row.n) for row in read_rows(folder.results)}
        new = [row for row in rows if (row.step, row.task, row.metric, row.n) not in known]
        append_rows(folder.results, new)
    return rows, len(new)


def heldout_rows_of(
    model: Transformer,
    heldout: list[HeldoutSet],
    config: RunConfig,
    plan: mixsched.Plan,
    *,
    steps_done: int,
    mesh: Mesh,
) -> list[Row]:
    """A result row for the bits per byte of each held-out source; raises UsageError if one is not finite."""
    measured = evaluate_heldout(model, heldout, batch_size=config.batch_size, mesh=mesh)
    for source, told in measured.items():
        if not math.isfinite(told.value):
            raise UsageError(
                f"after step {steps_done} the loss on held-out {source!r} is {told.value}; start a new run with a "
                "lower `--optimizer.peak-lr`"
            )
    return [
        Row(
            run=config.run,
            experiment=config.experiment,
            scale=config.scale,
            seed=config.seed,
            step=steps_done,
            tokens=plan.tokens(steps_done),
            task=f"heldout/{source}",
            metric="bits_per_byte",
            value=told.value,
            stderr=told.stderr,
            n=told.n,
            when=now(),
            version=mixsched.__version__,
        )
        for source, told in measured.items()
    ]
