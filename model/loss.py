"""Next-token cross-entropy that never holds all logits, and its share of each source."""

import functools

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float, Float32, Int

from model.sharding import on_each_device
from model.transformer import Transformer, score


def token_losses(
    model: Transformer, rows: Int[Array, "batch length"], *, mesh: Mesh | None = None
) -> Float32[Array, "batch length-1"]:
    """The loss of every token but the first of each row, in nats.

    With `loss_chunk_tokens` in the model's config, hidden states meet the vocabulary a few
    positions of all rows at a time, again so in the backward pass, so that a device never holds
    the logits of more tokens than that (or of more than one position, if it has more rows).
    Positions are cut by the largest divisor of their number that fits.

    - `mesh`: the devices that the rows are split over, if they are.
    """
    hidden = model(rows[:, :-1], mesh=mesh)
    losses = functools.partial(_chunked_losses, chunk_tokens=model.config.loss_chunk_tokens)
    return on_each_device(losses, model.embedding, hidden, rows[:, 1:], mesh=mesh)


def _chunked_losses(
    embedding: Float32[Array, "vocab width"],
    hidden: Float[Array, "batch time width"],
    targets: Int[Array, "batch time"],
    chunk_tokens: int,
) -> Float32[Array, "batch time"]:
    batch, time = targets.shape
    positions = chunk_positions(batch, time, chunk_tokens)
    if positions == time:
        return _cross_entropy(embedding, hidden, targets)

    def cut(x: Array) -> Array:
        return jnp.moveaxis(x.reshape(batch, -1, positions, *x.shape[2:]), 1, 0)

    @jax.checkpoint
    def one_chunk(carry: None, chunk: tuple[Array, Array]) -> tuple[None, Array]:
        return carry, _cross_entropy(embedding, *chunk)

    _, losses = jax.lax.scan(one_chunk, None, (cut(hidden), cut(targets)))
    return jnp.moveaxis(losses, 0, 1).reshape(batch, time)


def chunk_positions(batch: int, time: int, chunk_tokens: int) -> int:
    """How many positions of `batch` rows share a chunk: a divisor of `time`, at least 1."""
    most = min(time, max(1, chunk_tokens // batch)) if chunk_tokens else time
    return max(positions for positions in range(1, most + 1) if time % positions == 0)


def _cross_entropy(
    embedding: Float32[Array, "vocab width"],
    hidden: Float[Array, "batch time width"],
    targets: Int[Array, "batch time"],
) -> Float32[Array, "batch time"]:
    logits = score(embedding, hidden)
    # A comparison that XLA fuses, where indexing would scatter into the gradient of the logits.
    word = jax.lax.broadcasted_iota(targets.dtype, logits.shape, 2)
    target_logit = jnp.where(word == targets[:, :, None], logits, 0).sum(-1)
    return jax.nn.logsumexp(logits, axis=-1) - target_logit


def source_losses(
    token_loss: Float32[Array, "batch time"], source: Int[Array, " batch"], sources: int
) -> tuple[Float32[Array, " sources"], Int[Array, " sources"]]:
    """The loss of each source's tokens added up, in nats, and how many tokens those are.

    `source` numbers the source of each row from 0; a row with a number outside 0..sources-1 counts
    nowhere. A source without rows has loss 0 of 0 tokens.
    """
    belongs = source[:, None] == jnp.arange(sources, dtype=source.dtype)[None]
    loss_sum = jnp.where(belongs, token_loss.sum(1)[:, None], 0).sum(0)
    return loss_sum, belongs.sum(0) * token_loss.shape[1]
