"""The decoder-only transformer: parallel blocks, SwiGLU, rotary positions, tied embeddings."""

import enum
import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float, Float32, Int, PRNGKeyArray

from model.attention import attend
from model.config import ModelConfig
from model.packed import Layout
from model.sharding import keep_rows_split, on_each_device

# Small enough that a new model's logits are nearly flat, and its loss nearly ln(vocab_size).
EMBEDDING_STD = 0.02
NORM_EPSILON = 1e-6

# Cosine and sine of the angles of some positions, the same in every row or each row's own.
Turns = tuple[Float32[Array, "*rows time half_head"], Float32[Array, "*rows time half_head"]]


class Draw(enum.IntEnum):
    """What a random number is for; the numbers are part of every seed's meaning."""

    EMBEDDING = 0
    BLOCKS = 1
    QKV = 2
    ATTENTION_OUT = 3
    GATE_UP = 4
    DOWN = 5


class Block(eqx.Module):
    """One layer, `x + attention(norm(x)) + mlp(norm(x))` (Wang & Komatsuzaki 2021).

    Matrices are drawn from a normal of standard deviation 1 / sqrt(inputs); the two that write
    into the residual stream are divided by sqrt(2 * layers) too, so that its variance does not
    grow with depth (Radford et al. 2019, section 2.3).
    """

    norm: Float32[Array, " width"]
    qkv: Float32[Array, "width 3*width"]
    attention_out: Float32[Array, "width width"]
    gate_up: Float32[Array, "width 2*hidden"]
    down: Float32[Array, "hidden width"]

    def __init__(self, config: ModelConfig, *, key: PRNGKeyArray) -> None:
        width, hidden = config.width, config.hidden

        def dense(draw: Draw, inputs: int, outputs: int, scale: float = 1.0) -> Array:
            std = scale / math.sqrt(inputs)
            return std * jax.random.normal(jax.random.fold_in(key, draw), (inputs, outputs))

        to_residual = 1 / math.sqrt(2 * config.layers)
        self.norm = jnp.ones(width)
        self.qkv = dense(Draw.QKV, width, 3 * width)
        self.attention_out = dense(Draw.ATTENTION_OUT, width, width, to_residual)
        self.gate_up = dense(Draw.GATE_UP, width, 2 * hidden)
        self.down = dense(Draw.DOWN, hidden, width, to_residual)

    def __call__(
        self,
        x: Float[Array, "batch time width"],
        turns: Turns,
        heads: int,
        mesh: Mesh | None,
        layout: Layout | None,
    ) -> Float[Array, "batch time width"]:
        normed, q, k, v = self.project(x, turns, heads)
        return self.finish(x, normed, attend(q, k, v, mesh=mesh, layout=layout))

    def project(
        self, x: Float[Array, "batch time width"], turns: Turns, heads: int
    ) -> tuple[
        Float[Array, "batch time width"],
        Float[Array, "batch time heads head_width"],
        Float[Array, "batch time heads head_width"],
        Float[Array, "batch time heads head_width"],
    ]:
        """The layer's normalised input, and its queries, keys and values, turned by their positions."""
        batch, time, width = x.shape
        normed = layer_norm(x, self.norm)
        qkv = (normed @ self.qkv.astype(x.dtype)).reshape(batch, time, 3, heads, width // heads)
        return normed, rotate(qkv[:, :, 0], turns), rotate(qkv[:, :, 1], turns), qkv[:, :, 2]

    def finish(
        self,
        x: Float[Array, "batch time width"],
        normed: Float[Array, "batch time width"],
        attended: Float[Array, "batch time heads head_width"],
    ) -> Float[Array, "batch time width"]:
        """The layer's output, of its input, that normalised, and what attention made of `project`'s three."""
        mixed = attended.reshape(x.shape) @ self.attention_out.astype(x.dtype)
        # SwiGLU (Shazeer 2020): silu(gate) * up.
        gate, up = jnp.split(normed @ self.gate_up.astype(x.dtype), 2, axis=-1)
        fed = (jax.nn.silu(gate) * up) @ self.down.astype(x.dtype)
        return x + mixed + fed


class Transformer(eqx.Module):
    """A decoder-only transformer whose parameters are float32, whatever it computes in.

    `blocks` holds all layers: each of its arrays has a leading axis of layers. The embedding is
    drawn from a normal of standard deviation `EMBEDDING_STD`.
    """

    embedding: Float32[Array, "vocab width"]
    blocks: Block
    norm: Float32[Array, " width"]
    config: ModelConfig = eqx.field(static=True)

    def __init__(self, config: ModelConfig, *, key: PRNGKeyArray) -> None:
        shape = (config.vocab_size, config.width)
        embedding_key = jax.random.fold_in(key, Draw.EMBEDDING)
        self.embedding = EMBEDDING_STD * jax.random.normal(embedding_key, shape)
        one_layer = functools.partial(jax.random.fold_in, jax.random.fold_in(key, Draw.BLOCKS))
        layer_keys = jax.vmap(one_layer)(jnp.arange(config.layers))
        self.blocks = eqx.filter_vmap(lambda key: Block(config, key=key))(layer_keys)
        self.norm = jnp.ones(config.width)
        self.config = config

    def __call__(
        self, tokens: Int[Array, "batch time"], *, mesh: Mesh | None = None, layout: Layout | None = None
    ) -> Float[Array, "batch time width"]:
        """Final hidden states, normalised, in the config's dtype; `logits` takes them further.

        - `mesh`: the devices that the rows are split over, if they are.
        - `layout`: which tokens of a row are one text, where a row holds several; attention is then
            plain XLA. Without it a row is one text.

        Token ids outside the vocabulary give NaN.
        """
        config = self.config
        if layout is None:
            turns = rotary_turns(tokens.shape[1], config.head_width, config.rope_base)
        else:
            turns = turns_at(layout.position, config.head_width, config.rope_base)
        embedded = on_each_device(look_up, self.embedding, tokens, mesh=mesh)
        x = keep_rows_split(embedded.astype(config.dtype), mesh)

        def layer(x: Array, block: Block) -> tuple[Array, None]:
            return keep_rows_split(block(x, turns, config.heads, mesh, layout), mesh), None

        if config.remat:
            # Keep only each block's input: at 8,192 tokens of context, keeping the products too
            # (the `dots` policies) takes 3 + 2 * hidden / width times its memory and more.
            layer = jax.checkpoint(layer, policy=jax.checkpoint_policies.nothing_saveable)
        x, _ = jax.lax.scan(layer, x, self.blocks)
        return layer_norm(x, self.norm)

    def logits(self, hidden: Float[Array, "batch time width"]) -> Float32[Array, "batch time vocab"]:
        """`score` with the tied embedding."""
        return score(self.embedding, hidden)


def look_up(
    embedding: Float[Array, "vocab width"], tokens: Int[Array, "batch time"]
) -> Float[Array, "batch time width"]:
    """The embedding of every token; NaN where an id is outside the vocabulary."""
    return embedding.at[tokens].get(mode="fill", fill_value=jnp.nan)


def score(
    embedding: Float[Array, "vocab width"], hidden: Float[Array, "batch time width"]
) -> Float32[Array, "batch time vocab"]:
    """Logits of the next token, accumulated and kept in float32."""
    # Cast here, inside a caller's chunk, so that the gradient of all chunks adds up in float32.
    words = embedding.astype(hidden.dtype)
    return jnp.einsum("btw,vw->btv", hidden, words, preferred_element_type=jnp.float32)


def layer_norm(
    x: Float[Array, "batch time width"], scale: Float32[Array, " width"]
) -> Float[Array, "batch time width"]:
    """Layer normalisation without bias; statistics in float32, the result in the dtype of `x`."""
    centred = x.astype(jnp.float32)
    centred -= centred.mean(-1, keepdims=True)
    variance = jnp.square(centred).mean(-1, keepdims=True)
    return (centred * jax.lax.rsqrt(variance + NORM_EPSILON) * scale[None, None]).astype(x.dtype)


def rotary_turns(time: int, head_width: int, base: float) -> Turns:
    """`turns_at` the positions from 0 to `time` - 1."""
    return turns_at(jnp.arange(time), head_width, base)


def turns_at(position: Int[Array, "*rows time"], head_width: int, base: float) -> Turns:
    """Cosine and sine of the positions' angles (Su et al. 2021, section 3.2.2)."""
    frequency = base ** (-jnp.arange(0, head_width, 2, dtype=jnp.float32) / head_width)
    frequency = jnp.expand_dims(frequency, tuple(range(position.ndim)))
    angle = position.astype(jnp.float32)[..., None] * frequency
    return jnp.cos(angle), jnp.sin(angle)


def rotate(x: Float[Array, "batch time heads head_width"], turns: Turns) -> Float[Array, "batch time heads head_width"]:
    """Queries or keys turned by their position, in float32; the result in the dtype of `x`.

    Element `i` pairs with element `i + head_width / 2`, so that no lane is interleaved.
    """
    cosine, sine = (turn.reshape(-1, *turn.shape[-2:])[:, :, None] for turn in turns)
    left, right = jnp.split(x.astype(jnp.float32), 2, axis=-1)
    turned = [left * cosine - right * sine, right * cosine + left * sine]
    return jnp.concatenate(turned, axis=-1).astype(x.dtype)
