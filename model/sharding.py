"""Where arrays live: rows over the axes `data` and `fsdp` of a mesh, parameters over `fsdp`, heads over `tensor`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, DTypeLike, Float, PyTree, Shaped

DATA, FSDP, TENSOR = "data", "fsdp", "tensor"
# What rows are split over: every device that does not share its rows with others.
ROWS = (DATA, FSDP)
# Below this many elements (16 KiB of float32) gathering an array costs more than keeping it whole.
SMALLEST_SPLIT = 2**12


def device_mesh(
    devices: Sequence[jax.Device] | None = None,  # pyright: ignore[reportInvalidTypeForm]
    *,
    fsdp: int = 0,
    tensor: int = 1,
) -> Mesh:
    """A mesh with the axes `data`, `fsdp` and `tensor` over `devices`, by default all of them.

    Each row lives on `tensor` devices, which share its heads and its positions; parameters and optimizer state are
    split over `fsdp * tensor` devices (0: over all of them), of which there are as many copies as `data` is long: few
    gather faster and in larger pieces, many hold less. Raises `ValueError` if the devices do not divide so.
    """
    chosen = np.array(jax.devices() if devices is None else list(devices))
    fsdp = fsdp or max(1, len(chosen) // tensor)
    if len(chosen) % (fsdp * tensor):
        raise ValueError(
            f"`fsdp` times `tensor` must divide the {len(chosen)} devices, got {fsdp} times {tensor}; "
            "pass 0 for `fsdp` to split over all of them"
        )
    return Mesh(chosen.reshape(-1, fsdp, tensor), (DATA, FSDP, TENSOR), axis_types=(AxisType.Auto,) * 3)


def rows_on(mesh: Mesh) -> int:
    """How many ways rows are split: the devices, but those that share their rows count once."""
    return mesh.shape[DATA] * mesh.shape[FSDP]


def platform(mesh: Mesh | None) -> str:
    """What the devices of `mesh` are, or without one JAX's own: `"cpu"`, `"gpu"` or `"tpu"`."""
    # The mesh speaks first: compiling ahead for a TPU happens on a machine that has none.
    return jax.default_backend() if mesh is None else mesh.devices.flat[0].platform


def on_one_cpu(mesh: Mesh | None) -> bool:
    """Whether all of a program runs on one CPU device."""
    return platform(mesh) == "cpu" and (mesh is None or mesh.size == 1)


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Rows split over the devices, every row whole on its device (or on those that share it)."""
    return NamedSharding(mesh, PartitionSpec(ROWS))


def parameter_shardings(tree: PyTree, mesh: Mesh) -> PyTree:
    """The sharding of every array of a model, or of an optimizer state made from one.

    Each array is split on one axis, as in fully sharded data parallelism (Rajbhandari et al. 2020, stage 3): its
    largest that the number of devices divides (the first of equal ones), and the last axis, which fills the lanes of a
    tile on TPUs, only where no other fits. Arrays under `SMALLEST_SPLIT` elements, and those that no axis of fits, are
    whole on every device. Axis 0 of an array under `blocks` counts layers and is never split: the scan takes one layer
    a turn, so each turn would wait for the one device that owns the layer.

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
    devices = mesh.shape[FSDP] * mesh.shape[TENSOR]
    axes = [axis for axis in range(first_axis, len(shape)) if shape[axis] % devices == 0]
    if math.prod(shape) < SMALLEST_SPLIT or not axes:
        return PartitionSpec()
    widest = max(axes, key=lambda axis: (axis < len(shape) - 1, shape[axis]))
    return PartitionSpec(*((FSDP, TENSOR) if axis == widest else None for axis in range(len(shape))))


def keep_rows_split(x: Shaped[Array, "batch time ..."], mesh: Mesh | None) -> Shaped[Array, "batch time ..."]:
    """Activations with their rows pinned to their devices, and positions to those that share a row.

    Rows and parameters share an axis, so in a product of the two XLA must gather one of them. Left to itself it may
    gather the rows, which are the larger. It is `x` itself without a mesh.
    """
    return x if mesh is None else jax.lax.with_sharding_constraint(x, NamedSharding(mesh, _ROWS_AND_TIME))


_ROWS_AND_TIME = PartitionSpec(ROWS, TENSOR)


def whole(x: Shaped[Array, "..."], mesh: Mesh | None, *axes: str | tuple[str, ...] | None) -> Shaped[Array, "..."]:
    """An array gathered from where it is split, but for the leading axes that are named; `x` itself without a mesh.

    Said of a parameter in the dtype of the product that it is for: half the bytes are moved where that is bfloat16.
    """
    return x if mesh is None else jax.lax.with_sharding_constraint(x, NamedSharding(mesh, PartitionSpec(*axes)))


def on_each_device(
    function: Callable[..., PyTree],
    parameter: Float[Array, "rows columns"],
    *inputs: Shaped[Array, "batch time ..."],
    mesh: Mesh | None,
    dtype: DTypeLike,
) -> PyTree:
    """`function(parameter, *inputs)`, by every device for its own rows (and positions) of the inputs.

    The parameter, which lives where `parameter_shardings` puts it, is gathered once before, in `dtype`. Looking words
    up and scoring them need this: left to itself XLA gathers every row's activations for the one, and the gradient
    once a chunk for the other. Without a mesh it is a plain call. What comes out has rows (and positions) as well.
    """
    if mesh is None:
        return function(parameter.astype(dtype), *inputs)
    spec = _split(parameter.shape, 0, mesh)

    def on_one_device(shard: Array, *own: Array) -> PyTree:
        return function(_gather(shard.astype(dtype), spec), *own)

    in_specs = (spec, *(_ROWS_AND_TIME for _ in inputs))
    split = jax.shard_map(on_one_device, mesh=mesh, in_specs=in_specs, out_specs=_ROWS_AND_TIME)
    return split(parameter, *inputs)


def gradient_on_each_device(
    function: Callable[..., tuple[PyTree, Array]],
    parameter: Float[Array, "rows columns"],
    *inputs: Shaped[Array, "batch time ..."],
    mesh: Mesh | None,
    dtype: DTypeLike,
) -> tuple[PyTree, Float[Array, "rows columns"]]:
    """The same for a `function` whose result is a pair: the second is a gradient of the whole parameter.

    The gradients of all devices are added up in their own dtype and scattered, once, to where the parameter lives.
    """
    if mesh is None:
        return function(parameter.astype(dtype), *inputs)
    spec = _split(parameter.shape, 0, mesh)

    def on_one_device(shard: Array, *own: Array) -> tuple[PyTree, Array]:
        out, gradient = function(_gather(shard.astype(dtype), spec), *own)
        return out, _scatter(gradient, spec)

    in_specs = (spec, *(_ROWS_AND_TIME for _ in inputs))
    split = jax.shard_map(on_one_device, mesh=mesh, in_specs=in_specs, out_specs=(_ROWS_AND_TIME, spec))
    return split(parameter, *inputs)


def _gather(shard: Array, spec: PartitionSpec) -> Array:
    for axis, names in enumerate(spec):
        if names is not None:
            shard = jax.lax.all_gather(shard, names, axis=axis, tiled=True)
    return shard


def _scatter(gradient: Array, spec: PartitionSpec) -> Array:
    for axis, names in enumerate(spec):
        if names is not None:
            gradient = jax.lax.psum_scatter(gradient, names, scatter_dimension=axis, tiled=True)
            return jax.lax.psum(gradient, DATA)
    return jax.lax.psum(gradient, (DATA, FSDP, TENSOR))
