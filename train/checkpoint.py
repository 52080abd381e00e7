"""Saves and restores a run: model, optimizer state, and the plan that they belong to, with all its amendments."""

import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import orbax.checkpoint as ocp
from jax.sharding import Mesh

import mixsched
from mixsched.declaration import departures
from mixsched.errors import UsageError
from model.checkpoint import MODEL, SUMS, abstract_tree, damage_of, named_arrays, restore_item
from model.sums import sums_of
from train.state import TrainState

OPTIMIZER = "optimizer"
PLAN = "plan"
# What Orbax writes beside the arrays is some 100 kB at most.
METADATA_BYTES = 2**18


def save(checkpoints: ocp.CheckpointManager, steps_done: int, state: TrainState, plan: mixsched.Plan) -> None:
    """Start writing a checkpoint named by the steps done; until it is whole, it is no checkpoint.

    With several processes all of them call it, and the first looks for room for what all of them write. Raises
    UsageError before it writes anything if the disk has no room for it.
    """
    if jax.process_index() == 0:
        _check_room(Path(checkpoints.directory), state)
    arrays = {MODEL: named_arrays(state.model), OPTIMIZER: named_arrays(state.optimizer)}
    checkpoints.save(
        steps_done,
        args=ocp.args.Composite(
            **{
                **{item: ocp.args.StandardSave(named) for item, named in arrays.items()},
                SUMS: ocp.args.JsonSave({item: sums_of(named) for item, named in arrays.items()}),
                PLAN: ocp.args.JsonSave(plan.to_json()),
            }
        ),
    )


def _check_room(folder: Path, state: TrainState) -> None:
    needed = sum(leaf.nbytes for leaf in jax.tree.leaves(state)) + METADATA_BYTES
    if shutil.disk_usage(folder).free < needed:
        raise UsageError(
            f"no space left on the device that holds '{folder}' for a checkpoint of {needed:,} bytes; free some space "
            "and give the same command again with --resume: what was finished is kept"
        )


def restore(
    checkpoints: ocp.CheckpointManager,
    steps_done: int,
    make_state: Callable[[], TrainState],
    plan: mixsched.Plan,
    mesh: Mesh,
) -> TrainState:
    """The state after `steps_done` steps; raises UsageError if the checkpoint is damaged or belongs to another plan."""
    try:
        return _restore(checkpoints, steps_done, make_state, plan, mesh)
    except UsageError:
        raise
    except Exception as error:
        why = damage_of(error)
        if why is None:
            raise
        folder = Path(checkpoints.directory) / str(steps_done)
        before = [step for step in checkpoints.all_steps() if step < steps_done]
        go_on = f"the one before, after step {max(before)}" if before else "the start"
        raise UsageError(
            f"the checkpoint in '{folder}' is damaged ({why}); restore it from a copy, or remove that folder and give "
            f"the same command again with --resume: it goes on from {go_on}"
        ) from error


def _restore(
    checkpoints: ocp.CheckpointManager,
    steps_done: int,
    make_state: Callable[[], TrainState],
    plan: mixsched.Plan,
    mesh: Mesh,
) -> TrainState:
    told = checkpoints.restore(steps_done, args=ocp.args.Composite(**{PLAN: ocp.args.JsonRestore()}))[PLAN]
    told.pop("fingerprint", None)
    differing = departures(told, plan.declaration, served_steps=steps_done)
    if differing:
        raise UsageError(
            f"the checkpoint after step {steps_done} belongs to another plan than this run's: {'; '.join(differing)}; "
            "continue it with the configuration that it was started with"
        )
    abstract = abstract_tree(make_state, mesh)
    return TrainState(
        model=restore_item(checkpoints, steps_done, MODEL, abstract.model),
        optimizer=restore_item(checkpoints, steps_done, OPTIMIZER, abstract.optimizer),
    )
