"""Checkpoints on disk: tensorstore databases written through Orbax, arrays under their dotted names.

checkpoints/<steps done>/model/      blocks.qkv, embedding, ...
checkpoints/<steps done>/<another item>/
"""

import contextlib
import errno
import gc
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import orbax.checkpoint as ocp
from jax.sharding import Mesh
from jaxtyping import Array, PyTree

from model.config import ModelConfig
from model.sharding import parameter_shardings
from model.transformer import Transformer

MODEL = "model"

# What goes wrong in Orbax's threads reaches the caller as an exception; their tracebacks would only stand before it.
logging.getLogger("absl").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def open_checkpoints(folder: Path, *, keep: int | None = None) -> Iterator[ocp.CheckpointManager]:
    """The checkpoints in `folder`, of which the last `keep` stay (None: all), until the block ends.

    Half-written checkpoints of a killed process are no checkpoints and are removed. A full disk raises OSError,
    at the latest when the block ends, and leaves the checkpoints before it whole.
    """
    options = ocp.CheckpointManagerOptions(max_to_keep=keep, cleanup_tmp_directories=True)
    try:
        with ocp.CheckpointManager(folder.absolute(), options=options) as checkpoints:
            yield checkpoints
    except ValueError as error:
        # tensorstore wraps the system's error in one of its own.
        if "No space left" not in str(error):
            raise
        full = OSError(errno.ENOSPC, "No space left on device", str(folder))
    else:
        return
    # Writers that were cut off clean up after themselves now, while the interpreter still stands.
    gc.collect()
    raise full


def named_arrays(tree: PyTree) -> dict[str, Array]:
    """The leaves of a tree of arrays by their dotted names: the form that is written."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def restore_item(checkpoints: ocp.CheckpointManager, step: int, item: str, abstract: PyTree) -> PyTree:
    """An item of a checkpoint in the structure of `abstract`, whose leaves give shape, dtype and sharding."""
    args = ocp.args.Composite(**{item: ocp.args.StandardRestore(named_arrays(abstract))})
    named = checkpoints.restore(step, args=args)[item]
    return jax.tree_util.tree_unflatten(
        jax.tree_util.tree_structure(abstract), [named[name] for name in named_arrays(abstract)]
    )


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
