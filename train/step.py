"""One optimizer step, pure: (state, batch) -> (state, metrics)."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float32, Int

from model.loss import source_losses, token_losses
from model.sharding import parameter_shardings
from model.transformer import Transformer
from train.state import TrainState


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
) -> tuple[TrainState, Metrics]:
    """Descend once on the mean loss of all tokens of the batch."""

    def mean_loss(model: Transformer) -> tuple[Array, tuple[Array, Array]]:
        losses = token_losses(model, batch.rows, mesh=mesh)
        return losses.mean(), source_losses(losses, batch.source, sources)

    (loss, by_source), grads = eqx.filter_value_and_grad(mean_loss, has_aux=True)(state.model)
    direction, optimizer_state = optimizer.update(grads, state.optimizer, state.model)  # pyright: ignore[reportArgumentType]
    updates = jax.tree.map(lambda step: -batch.learning_rate * step, direction)
    model = eqx.apply_updates(state.model, updates)
    return TrainState(model, optimizer_state), Metrics(loss, optax.tree.norm(grads), *by_source)


def jit_step(
    state: TrainState, optimizer: optax.GradientTransformation, *, sources: int, mesh: Mesh
) -> Callable[[TrainState, Batch], tuple[TrainState, Metrics]]:
    """`train_step`, compiled for the devices of `mesh`; it takes over the state's memory and keeps its sharding."""
    return jax.jit(
        functools.partial(train_step, optimizer=optimizer, sources=sources, mesh=mesh),
        donate_argnums=0,
        out_shardings=(parameter_shardings(state, mesh), None),
    )
