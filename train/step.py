"""One optimizer step, pure: (state, batch) -> (state, metrics)."""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float32, Int, PyTree

from model.loss import mean_loss, source_losses
from model.sharding import parameter_shardings, rows_on
from model.transformer import Transformer
from train.numbers import USUAL, NumberOptions
from train.state import TrainState
from train.xla_options import compiler_options


class Batch(NamedTuple):
    """Rows of token ids, the index of the source of each row, and the learning rate of this step."""

    rows: Int[Array, "batch time+1"]
    source: Int[Array, " batch"]
    learning_rate: Float32[Array, ""]


class LayerNorms(NamedTuple):
    """Gradient norms before clipping of the embedding, of each layer, and of the norm behind the last layer."""

    embedding: Float32[Array, ""]
    layers: Float32[Array, " layers"]
    norm: Float32[Array, ""]


class Metrics(NamedTuple):
    """What a step tells: mean loss in nats a token, gradient norm before clipping, losses and tokens by source.

    `layer_norms` only where they were asked for.
    """

    loss: Float32[Array, ""]
    grad_norm: Float32[Array, ""]
    source_loss_sum: Float32[Array, " sources"]
    source_tokens: Int[Array, " sources"]
    layer_norms: LayerNorms | None = None


def train_step(
    state: TrainState,
    batch: Batch,
    *,
    optimizer: optax.GradientTransformation,
    sources: int,
    mesh: Mesh | None = None,
    microbatches: int = 1,
    numbers: NumberOptions = USUAL,
) -> tuple[TrainState, Metrics]:
    """Descend once on the mean loss of all tokens of the batch.

    With `microbatches` it goes forward and backward with so many parts of the batch, one after another, and descends on
    the mean of their gradients: the same numbers but for rounding, of fewer activations at a time. Where `numbers` says
    so, a step whose loss or gradient norm is not finite leaves the state as it was, and norms are told by layer.
    """
    gradient, losses = _mean_gradient(state.model, batch.rows, mesh, microbatches)
    with jax.named_scope("optimizer"):
        direction, optimizer_state = optimizer.update(gradient, state.optimizer, state.model)  # pyright: ignore[reportArgumentType]
        updates = jax.tree.map(lambda step: -batch.learning_rate * step, direction)
        model = eqx.apply_updates(state.model, updates)
    by_source = source_losses(losses, batch.source, sources)
    after, metrics = TrainState(model, optimizer_state), Metrics(losses.mean(), optax.tree.norm(gradient), *by_source)
    if numbers.grad_norms_by_layer:
        metrics = metrics._replace(layer_norms=_layer_norms(gradient, mesh))
    if numbers.skips:
        # The host, which counts the step as skipped, asks the same of the same two numbers.
        finite = jnp.isfinite(metrics.loss) & jnp.isfinite(metrics.grad_norm)
        after = jax.tree.map(lambda new, old: jnp.where(finite, new, old), after, state)
    return after, metrics


def _layer_norms(gradient: PyTree, mesh: Mesh | None) -> LayerNorms:
    squares = [jnp.sum(leaf**2, axis=tuple(range(1, leaf.ndim))) for leaf in jax.tree.leaves(gradient.blocks)]
    layers = jnp.sqrt(functools.reduce(jnp.add, squares))
    told = LayerNorms(optax.tree.norm(gradient.embedding), layers, optax.tree.norm(gradient.norm))
    # Every host reads all of them.
    return told if mesh is None else jax.lax.with_sharding_constraint(told, NamedSharding(mesh, PartitionSpec()))


def _mean_gradient(
    model: Transformer, rows: Int[Array, "batch length"], mesh: Mesh | None, microbatches: int
) -> tuple[PyTree, Float32[Array, "batch length-1"]]:
    """The gradient of the mean loss, and the loss of every token."""
    gradient_of = eqx.filter_grad(functools.partial(mean_loss, mesh=mesh), has_aux=True)
    if microbatches == 1:
        return gradient_of(model, rows)

    def add(total: PyTree, part: Array) -> tuple[PyTree, Array]:
        gradient, losses = gradient_of(model, part)
        return jax.tree.map(jnp.add, total, gradient), losses

    # Every device keeps its rows: a part takes some of each device's.
    devices = 1 if mesh is None else rows_on(mesh)
    parts = jnp.moveaxis(rows.reshape(devices, microbatches, -1, rows.shape[1]), 1, 0)
    parts = parts.reshape(microbatches, -1, rows.shape[1])
    nothing = jax.tree.map(jnp.zeros_like, eqx.filter(model, eqx.is_array))
    total, losses = jax.lax.scan(add, nothing, parts)
    losses = jnp.moveaxis(losses.reshape(microbatches, devices, -1, losses.shape[-1]), 0, 1)
    return jax.tree.map(lambda sum_: sum_ / microbatches, total), losses.reshape(len(rows), -1)


def jit_step(
    state: TrainState,
    optimizer: optax.GradientTransformation,
    *,
    sources: int,
    mesh: Mesh,
    microbatches: int = 1,
    numbers: NumberOptions = USUAL,
) -> jax.stages.Wrapped:
    """`train_step`, compiled for the devices of `mesh`; it takes over the state's memory and keeps its sharding."""
    return jax.jit(
        functools.partial(
            train_step, optimizer=optimizer, sources=sources, mesh=mesh, microbatches=microbatches, numbers=numbers
        ),
        donate_argnums=0,
        out_shardings=(parameter_shardings(state, mesh), None),
        compiler_options=compiler_options(mesh.devices.flat[0].platform),
    )
