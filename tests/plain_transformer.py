"""The model and its loss written out from their papers: one row, one layer and one head at a time, in float32.

No scan, no chunks, no sharding, no kernel, and nothing of `model/` but the arrays: what all ways of computing the model
are held against.
"""

import jax
import jax.numpy as jnp
import numpy as np

from model.transformer import Transformer

NORM_EPSILON = 1e-6


def plain_losses(model: Transformer, rows: np.ndarray) -> jax.Array:
    """The loss of every token but the first of each row, in nats."""
    return jax.vmap(lambda hidden, targets: _losses(model, hidden, targets))(
        plain_hidden(model, rows[:, :-1]), rows[:, 1:]
    )


def plain_hidden(model: Transformer, tokens: np.ndarray) -> jax.Array:
    """The normalised states behind the last layer."""
    seen = np.stack([_seen(row, model.config.document_end) for row in tokens])
    return jax.vmap(lambda *row: _hidden(model, *row))(tokens, seen)


def _losses(model: Transformer, hidden: jax.Array, targets: jax.Array) -> jax.Array:
    # The embedding is tied (Press and Wolf 2017): words are scored by the vectors that they are looked up by.
    logits = hidden @ model.embedding.T
    likelihood = jnp.exp(logits) / jnp.exp(logits).sum(1, keepdims=True)
    return -jnp.log(likelihood[jnp.arange(len(targets)), targets])


def _hidden(model: Transformer, tokens: jax.Array, seen: jax.Array) -> jax.Array:
    config, blocks = model.config, model.blocks
    x = model.embedding[tokens]
    for layer in range(config.layers):
        # Attention and MLP side by side behind one norm (Wang and Komatsuzaki 2021).
        normed = _layer_norm(x, blocks.norm[layer])
        attended = _attention(normed, blocks.qkv[layer], seen, config.heads, config.rope_base)
        x = x + attended @ blocks.attention_out[layer] + _swiglu(normed, blocks.gate_up[layer]) @ blocks.down[layer]
    return _layer_norm(x, model.norm)


def _seen(tokens: np.ndarray, document_end: int | None) -> np.ndarray:
    """Which keys (columns) a query (rows) looks at: those up to itself, back to the last end of a document."""
    rows, began = [], 0
    for place, word in enumerate(tokens.tolist()):
        began = place if word == document_end else began
        rows.append([began <= key <= place for key in range(len(tokens))])
    return np.array(rows)


def _layer_norm(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Ba et al. 2016, equation 4, without bias."""
    mean = x.mean(1, keepdims=True)
    variance = ((x - mean) ** 2).mean(1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + NORM_EPSILON) * scale[None]


def _attention(normed: jax.Array, qkv: jax.Array, seen: jax.Array, heads: int, rope_base: float) -> jax.Array:
    """softmax(Q K' / sqrt(d)) V of every head, side by side (Vaswani et al. 2017, section 3.2)."""
    width = normed.shape[1]
    head_width = width // heads
    queries, keys, values = (normed @ qkv[:, part * width : (part + 1) * width] for part in range(3))
    attended = []
    for head in range(heads):
        own = slice(head * head_width, (head + 1) * head_width)
        q, k, v = _rotated(queries[:, own], rope_base), _rotated(keys[:, own], rope_base), values[:, own]
        weights = jnp.where(seen, jnp.exp(q @ k.T / head_width**0.5), 0)
        attended.append(weights / weights.sum(1, keepdims=True) @ v)
    return jnp.concatenate(attended, axis=1)


def _rotated(x: jax.Array, base: float) -> jax.Array:
    """Pairs of elements turned by angles in proportion to the position (Su et al. 2021, equation 15).

    A pair are the elements n and n + width / 2, the order in which GPT-NeoX has them (the paper has 2n and 2n + 1).
    """
    half = x.shape[1] // 2
    angle = jnp.arange(len(x))[:, None] * base ** (-2 * jnp.arange(half) / (2 * half))[None]
    left, right = x[:, :half], x[:, half:]
    turned = [left * jnp.cos(angle) - right * jnp.sin(angle), right * jnp.cos(angle) + left * jnp.sin(angle)]
    return jnp.concatenate(turned, axis=1)


def _swiglu(normed: jax.Array, gate_up: jax.Array) -> jax.Array:
    """Swish(x W) * (x V) (Shazeer 2020, equation 5)."""
    hidden = gate_up.shape[1] // 2
    gate, up = normed @ gate_up[:, :hidden], normed @ gate_up[:, hidden:]
    return gate / (1 + jnp.exp(-gate)) * up
