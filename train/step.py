"""One optimizer step, pure: (state, batch) -> (state, metrics)."""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float32, Int, PyTree

from model.loss import mean_loss, source_losses
from model.sharding import parameter_shardings, rows_on
from model.transformer import Transformer
from train.state import TrainState
from train.xla_options import compiler_options


class Batch(NamedTuple):
    """Rows of token ids, the index of the source of each row, and the learning rate of this step."""

    rows: Int[Array, "batch time+1"]
    source: Int[Array, " batch"]
    learning_rate: Float32[Array, ""]


class Metrics(NamedTuple):
    """What a step tells: mean loss in nats a token, gradient norm before clipping, losses and tokens by source."""

    loss: Float32[Array, ""]
    grad_norm: Float32[Array, ""]
    source_loss_sum: Float32[Array, " sources"]
    source_tokens: Int[Array, " sources"]


def train_step(
    state: TrainState,
    batch: Batch,
    *,
    optimizer: optax.GradientTransformation,
    sources: int,
    mesh: Mesh | None = None,
    microbatches: int = 1,
) -> tuple[TrainState, Metrics]:
    """Descend once on the mean loss of all tokens of the batch.

    With `microbatches` it goes forward and backward with so many parts of the batch, one after another, and descends on
    the mean of their gradients: the same numbers but for rounding, of fewer activations at a time.
    """
    gradient, losses = _mean_gradient(state.model, batch.rows, mesh, microbatches)
    with jax.named_scope("optimizer"):
        direction, optimizer_state = optimizer.update(gradient, state.optimizer, state.model)  # pyright: ignore[reportArgumentType]
        updates = jax.tree.map(lambda step: -batch.learning_rate * step, direction)
        model = eqx.apply_updates(state.model, updates)
    by_source = source_losses(losses, batch.source, sources)
    return TrainState(model, optimizer_state), Metrics(losses.mean(), optax.tree.norm(gradient), *by_source)


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
    state: TrainState, optimizer: optax.GradientTransformation, *, sources: int, mesh: Mesh, microbatches: int = 1
) -> jax.stages.Wrapped:
    """`train_step`, compiled for the devices of `mesh`; it takes over the state's memory and keeps its sharding."""
    return jax.jit(
        functools.partial(train_step, optimizer=optimizer, sources=sources, mesh=mesh, microbatches=microbatches),
        donate_argnums=0,
        out_shardings=(parameter_shardings(state, mesh), None),
        compiler_options=compiler_options(mesh.devices.flat[0].platform),
    )
