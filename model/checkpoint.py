"""Checkpoints on disk: tensorstore databases written through Orbax, arrays under their dotted names.

checkpoints/<steps done>/model/      blocks.qkv, embedding, ...
checkpoints/<steps done>/<another item>/
checkpoints/<steps done>/sums/       checksums of all of them
"""

import contextlib
import logging
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from jax.sharding import Mesh
from jaxtyping import PyTree

from model.config import ModelConfig
from model.event_loops import loops_closed_last
from model.sharding import parameter_shardings
from model.sums import sums_of
from model.transformer import Transformer

MODEL = "model"
# Of every item with arrays, a sum of each: the format has none, and a byte that changed on the disk would be served.
SUMS = "sums"

# What goes wrong in Orbax's threads reaches the caller as an exception; their tracebacks would only stand before it.
for name in ("absl", "asyncio"):
    logging.getLogger(name).setLevel(logging.CRITICAL)


@contextlib.contextmanager
def write_checkpoints(folder: Path, *, keep: int) -> Iterator[ocp.CheckpointManager]:
    """The checkpoints in `folder`, of which the last `keep` stay, for a `with` block of the one run that writes.

    All processes of the run enter it and call for every save, in which each of them writes its own part. Half-written
    checkpoints of a killed process are no checkpoints and are cleared away. What goes wrong while a checkpoint is
    written in the background is raised by the next save, or when the block ends.
    """
    options = ocp.CheckpointManagerOptions(max_to_keep=keep, cleanup_tmp_directories=True)
    checkpoints = ocp.CheckpointManager(folder.absolute(), options=options)
    try:
        yield checkpoints
    except BaseException:
        # Closing waits for a checkpoint to be whole: with others, who may not come any more, for ever.
        if jax.process_count() == 1:
            checkpoints.close()
        raise
    checkpoints.close()


def read_checkpoints(folder: Path) -> ocp.CheckpointManager:
    """The checkpoints in `folder`, to read, for a `with` block; nothing there is touched."""
    return ocp.CheckpointManager(folder.absolute(), options=ocp.CheckpointManagerOptions(read_only=True))


def named_arrays(tree: PyTree) -> dict[str, Any]:
    """The leaves of a tree, arrays or descriptions of them, by their dotted names: the form that is written."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def restore_item(checkpoints: ocp.CheckpointManager, step: int, item: str, abstract: PyTree) -> PyTree:
    """An item of a checkpoint in the structure of `abstract`, whose leaves give shape, dtype and sharding.

    Raises DamagedError, naming the array, if one is not what was saved, and what Orbax raises for files that it cannot
    read.
    """
    args = ocp.args.Composite(**{item: ocp.args.StandardRestore(named_arrays(abstract))})
    with loops_closed_last():
        named = checkpoints.restore(step, args=args)[item]
    _check_sums(checkpoints, step, item, named)
    return jax.tree_util.tree_unflatten(
        jax.tree_util.tree_structure(abstract), [named[name] for name in named_arrays(abstract)]
    )


class DamagedError(ValueError):
    """Arrays of a checkpoint that are not what was saved."""


def damage_of(error: Exception) -> str | None:
    """What an error says of a damaged checkpoint in a few words; None for an error of another kind.

    What Orbax raises for files that are missing, cut or changed, or of other shapes; for some a bare Exception.
    """
    if type(error) is not Exception and not isinstance(
        error, (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError)
    ):
        return None
    return textwrap.shorten(str(error), 120, placeholder=" ...")


def _check_sums(checkpoints: ocp.CheckpointManager, step: int, item: str, named: dict[str, Any]) -> None:
    if not (Path(checkpoints.directory) / str(step) / SUMS).is_dir():
        # From before there were sums.
        return
    told = checkpoints.restore(step, args=ocp.args.Composite(**{SUMS: ocp.args.JsonRestore()}))[SUMS]
    if not isinstance(told, dict) or not isinstance(told.get(item), dict):
        raise DamagedError(f"it holds no sums of {item}")
    wrong = [name for name, sum_ in sums_of(named).items() if told[item].get(name) != sum_]
    if wrong:
        raise DamagedError(f"{wrong[0]} of {item} is not what was saved")


def abstract_tree(make: Callable[[], PyTree], mesh: Mesh) -> PyTree:
    """Shapes, dtypes and shardings of what `make()` would return, without making it."""
    shapes = jax.eval_shape(make)
    return jax.tree.map(
        lambda shape, sharding: jax.ShapeDtypeStruct(shape.shape, shape.dtype, sharding=sharding),
        shapes,
        parameter_shardings(shapes, mesh),
    )


def restore_model(checkpoints: ocp.CheckpointManager, step: int, config: ModelConfig, mesh: Mesh) -> Transformer:
    """The model of a checkpoint, on the devices of `mesh`."""
    abstract = abstract_tree(lambda: Transformer(config, key=jax.random.key(0)), mesh)
    return restore_item(checkpoints, step, MODEL, abstract)
