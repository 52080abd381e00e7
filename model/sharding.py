"""Where arrays live: rows and parameters both split over the one axis of a mesh (FSDP)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, PyTree, Shaped

DATA = "data"
# Below this many elements (16 KiB of float32) gathering an array costs more than keeping it whole.
SMALLEST_SPLIT = 2**12


def data_mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:  # pyright: ignore[reportInvalidTypeForm]
    """A mesh with the one axis `"data"` over `devices`, by default all of them."""
    chosen = np.array(jax.devices() if devices is None else list(devices))
    return Mesh(chosen, (DATA,), axis_types=(AxisType.Auto,))


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Rows split over the devices, every row whole on its device."""
    return NamedSharding(mesh, PartitionSpec(DATA))


def parameter_shardings(tree: PyTree, mesh: Mesh) -> PyTree:
    """The sharding of every array of a model, or of an optimizer state made from one.

    Each array is split on its largest axis that the number of devices divides (the first of equal
    ones), as in fully sharded data parallelism (Rajbhandari et al. 2020, stage 3). Arrays under
    `SMALLEST_SPLIT` elements, and those that no axis of fits, are whole on every device. Axis 0 of
    an array under `blocks` counts layers and is never split: the scan takes one layer a turn, so
    each turn would wait for the one device that owns the layer.

    Leaves may be arrays or `jax.ShapeDtypeStruct`; any other leaf becomes `None`. The result has
    the structure that `jax.device_put` and the `in_shardings` of `jax.jit` take.
    """

    def sharding(path: tuple[Any, ...], leaf: Any) -> NamedSharding | None:
        if not isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct):
            return None
        stacked = any(jax.tree_util.keystr((entry,)) == ".blocks" for entry in path)
        return NamedSharding(mesh, _split(leaf.shape, int(stacked), mesh))

    return jax.tree_util.tree_map_with_path(sharding, tree)


def _split(shape: tuple[int, ...], first_axis: int, mesh: Mesh) -> PartitionSpec:
    axes = [axis for axis in range(first_axis, len(shape)) if shape[axis] % mesh.size == 0]
    if math.prod(shape) < SMALLEST_SPLIT or not axes:
        return PartitionSpec()
    widest = max(axes, key=lambda axis: shape[axis])
    return PartitionSpec(*(DATA if axis == widest else None for axis in range(len(shape))))


def keep_rows_split(x: Shaped[Array, "batch ..."], mesh: Mesh | None) -> Shaped[Array, "batch ..."]:
    """Activations with their rows pinned to their devices; `x` itself without a mesh.

    Rows and parameters share an axis, so in a product of the two XLA must gather one of them. Left
    to itself it may gather the rows, which are the larger.
    """
    return x if mesh is None else jax.lax.with_sharding_constraint(x, batch_sharding(mesh))


def on_each_device(
    function: Callable[..., Array],
    parameter: Float[Array, "rows columns"],
    *inputs: Shaped[Array, "batch ..."],
    mesh: Mesh | None,
) -> Shaped[Array, "batch ..."]:
    """`function(parameter, *inputs)`, by every device for its own rows of the inputs.

    The parameter, which lives where `parameter_shardings` puts it, is gathered once before, and its
    gradient is added up and scattered once after. Looking words up and scoring them need this: left
    to itself XLA gathers every row's activations for the one, and adds the whole gradient up
    across devices once a chunk for the other. Without a mesh it is a plain call.
    """
    if mesh is None:
        return function(parameter, *inputs)
    spec = _split(parameter.shape, 0, mesh)

    def on_one_device(shard: Array, *own: Array) -> Array:
        for axis, name in enumerate(spec):
            if name is not None:
                shard = jax.lax.all_gather(shard, DATA, axis=axis, tiled=True)
        return function(shard, *own)

    rows = PartitionSpec(DATA)
    in_specs = (spec, *(rows for _ in inputs))
    split = jax.shard_map(on_one_device, mesh=mesh, in_specs=in_specs, out_specs=rows)
    return split(parameter, *inputs)
