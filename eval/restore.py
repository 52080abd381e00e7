"""A run's checkpoint, opened to be measured: nobody writes the run meanwhile."""

import contextlib
from collections.abc import Iterator, Sequence

import orbax.checkpoint as ocp
from jax.sharding import Mesh

from eval.rundir import RunConfig, RunFolder, locked
from mixsched.errors import UsageError
from model.checkpoint import damage_of, read_checkpoints, restore_model
from model.transformer import Transformer


@contextlib.contextmanager
def restored(
    folder: RunFolder, config: RunConfig, *, step: int | None, mesh: Mesh
) -> Iterator[tuple[int, Transformer]]:
    """The steps done of a run's checkpoint (None: the last) and its model, for a block that holds the run's lock.

    Raises UsageError if there is no such checkpoint, it is damaged, or another process writes the run.
    """
    missing = UsageError(f"'{folder.path}' holds no checkpoints; train it first, or continue it with --resume")
    if not folder.checkpoints.is_dir():
        raise missing
    # Under the lock: a run that is being written replaces its checkpoints and appends to the same results.
    with locked(folder):
        with read_checkpoints(folder.checkpoints) as checkpoints:
            steps = sorted(checkpoints.all_steps())
            if not steps:
                raise missing
            if step is not None and step not in steps:
                have = ", ".join(map(str, steps))
                raise UsageError(f"'{folder.path}' has no checkpoint after step {step}; it has: {have}")
            chosen = steps[-1] if step is None else step
            model = _model(
                folder, config, checkpoints, chosen, others=[each for each in steps if each != chosen], mesh=mesh
            )
        yield chosen, model


def _model(
    folder: RunFolder,
    config: RunConfig,
    checkpoints: ocp.CheckpointManager,
    step: int,
    *,
    others: Sequence[int],
    mesh: Mesh,
) -> Transformer:
    try:
        return restore_model(checkpoints, step, config.model, mesh)
    except Exception as error:
        why = damage_of(error)
        if why is None:
            raise
        have = f"take another by `--step`: {', '.join(map(str, others))}" if others else "there is no other"
        raise UsageError(
            f"the checkpoint in '{folder.checkpoints / str(step)}' is damaged or not of this run ({why}); restore it "
            f"from a copy, or {have}"
        ) from error
