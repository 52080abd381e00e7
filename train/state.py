"""What a run carries from step to step: the model and its optimizer's state, sharded from birth."""

from collections.abc import Callable

import equinox as eqx
import jax
import optax
from jax.sharding import Mesh
from jaxtyping import PRNGKeyArray, PyTree

from model.config import ModelConfig
from model.sharding import parameter_shardings
from model.transformer import Transformer
from train.scales import OptimizerConfig


class TrainState(eqx.Module):
    """Model and optimizer state; the step is not in here, it is what names a checkpoint."""

    model: Transformer
    optimizer: optax.OptState


def make_optimizer(config: OptimizerConfig) -> optax.GradientTransformation:
    """AdamW (Loshchilov and Hutter, 2019) behind a clip by global norm, without its learning rate.

    The learning rate is the plan's and comes with each batch, so that no copy of the schedule lives here.
    """
    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm),
        optax.scale_by_adam(b1=config.b1, b2=config.b2, eps=config.eps),
        optax.add_decayed_weights(config.weight_decay, mask=_is_matrix),
    )


def init_state(make: Callable[[], TrainState], mesh: Mesh) -> TrainState:
    """A new state on the devices of `mesh`; no device ever holds more than its part."""
    return jax.jit(make, out_shardings=parameter_shardings(jax.eval_shape(make), mesh))()


def state_maker(
    model: ModelConfig, optimizer: optax.GradientTransformation, *, key: PRNGKeyArray
) -> Callable[[], TrainState]:
    """A function without arguments that makes a new state, for `jax.jit` and `jax.eval_shape`."""

    def make() -> TrainState:
        fresh = Transformer(model, key=key)
        return TrainState(fresh, optimizer.init(fresh))  # pyright: ignore[reportArgumentType]

    return make


def _is_matrix(params: PyTree) -> PyTree:
    """True for what is decayed: matrices and the embedding, not the scales of layer norms."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: not jax.tree_util.keystr(path, simple=True, separator=".").endswith("norm"), params
    )
