"""A run's checkpoint, opened to be measured: nobody writes the run meanwhile."""

import contextlib
from collections.abc import Iterator

from jax.sharding import Mesh

from eval.rundir import RunConfig, RunFolder, locked
from mixsched.errors import UsageError
from model.checkpoint import read_checkpoints, restore_model
from model.transformer import Transformer


@contextlib.contextmanager
def restored(
    folder: RunFolder, config: RunConfig, *, step: int | None, mesh: Mesh
) -> Iterator[tuple[int, Transformer]]:
    """The steps done of a run's checkpoint (None: the last) and its model, for a block that holds the run's lock.

    Raises UsageError if there is no such checkpoint, or another process writes the run.
    """
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
        yield chosen, model
