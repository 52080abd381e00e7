"""A trained model in the form that answers: whole on every device, its matrices in the dtype it computes in."""

from typing import Any

import equinox as eqx
import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from model.transformer import Transformer


def serving(model: Transformer, mesh: Mesh) -> Transformer:
    """The model with matrices cast once to the config's dtype, and all of it on every device of `mesh`.

    It computes the numbers of the model itself, which casts them at every use; norms stay float32. With no array
    split, devices work on rows of their own without waiting for each other. 2.8 billion parameters in bfloat16 take
    5.6 GB of each.
    """
    arrays, static = eqx.partition(model, eqx.is_array)
    whole = NamedSharding(mesh, PartitionSpec())
    return eqx.combine(jax.jit(_cast, static_argnums=1, out_shardings=whole)(arrays, model.config.dtype), static)


def _cast(arrays: Transformer, dtype: str) -> Transformer:
    return eqx.tree_at(_matrices, arrays, replace_fn=lambda matrix: matrix.astype(dtype))


def _matrices(model: Transformer) -> tuple[Any, ...]:
    blocks = model.blocks
    return model.embedding, blocks.qkv, blocks.attention_out, blocks.gate_up, blocks.down
