"""The decoder-only transformer: parallel blocks, SwiGLU, rotary positions, tied embeddings."""

import enum
import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name
from jax.sharding import Mesh
from jaxtyping import Array, DTypeLike, Float, Float32, Int, PRNGKeyArray

from model.attention import ATTENTION, attend
from model.config import ModelConfig
from model.packed import Layout, number_documents
from model.sharding import ROWS, TENSOR, gradient_on_each_device, keep_rows_split, on_each_device, on_one_cpu, whole

# Small enough that a new model's logits are nearly flat, and its loss nearly ln(vocab_size).
EMBEDDING_STD = 0.02
NORM_EPSILON = 1e-6

# What a block makes, by the names under which its rematerialisation can keep it.
QKV, GATE_UP = "qkv", "gate_up"
KEPT = {"inputs": (), "attention": (ATTENTION,), "qkv": (ATTENTION, QKV), "products": (ATTENTION, QKV, GATE_UP)}

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
        config: ModelConfig,
        mesh: Mesh | None,
        layout: Layout | None,
        documents: Int[Array, "batch time"] | None,
    ) -> Float[Array, "batch time width"]:
        normed, q, k, v = self.project(x, turns, config.heads, mesh)
        attended = attend(
            q, k, v, mesh=mesh, layout=layout, documents=documents, largest_block=config.attention_block_tokens
        )
        return self.finish(x, normed, attended, mesh)

    def project(
        self, x: Float[Array, "batch time width"], turns: Turns, heads: int, mesh: Mesh | None = None
    ) -> tuple[
        Float[Array, "batch time width"],
        Float[Array, "batch time heads head_width"],
        Float[Array, "batch time heads head_width"],
        Float[Array, "batch time heads head_width"],
    ]:
        """The layer's normalised input, and its queries, keys and values, turned by their positions."""
        width = x.shape[-1]
        normed = whole(layer_norm(x, self.norm), mesh, ROWS)
        qkv = whole(self.qkv.astype(x.dtype).reshape(width, 3, heads, -1), mesh, None, None, TENSOR)
        if on_one_cpu(mesh):
            # A plain product of matrices, which are what CPUs multiply fast, forward and backward.
            made = normed.reshape(-1, width) @ qkv.reshape(width, -1)
            q, k, v = jnp.transpose(made.reshape(*x.shape[:2], 3, heads, -1), (2, 0, 3, 1, 4))
        else:
            # One product, with heads apart and outermost from the start, as attention works: cut out of a wide result
            # or moved later, each of the three would be a copy.
            q, k, v = jnp.einsum("btw,wchd->cbhtd", normed, qkv)
        turned = rotate(q, turns), rotate(k, turns), v
        q, k, v = (jnp.swapaxes(checkpoint_name(each, QKV), 1, 2) for each in turned)
        return normed, q, k, v

    def finish(
        self,
        x: Float[Array, "batch time width"],
        normed: Float[Array, "batch time width"],
        attended: Float[Array, "batch time heads head_width"],
        mesh: Mesh | None = None,
    ) -> Float[Array, "batch time width"]:
        """The layer's output, of its input, that normalised, and what attention made of `project`'s three."""
        width = x.shape[-1]
        out = self.attention_out.astype(x.dtype).reshape(*attended.shape[2:], width)
        out = whole(out, mesh, TENSOR)
        if on_one_cpu(mesh):
            mixed = (attended.reshape(-1, width) @ out.reshape(width, width)).reshape(x.shape)
        else:
            mixed = jnp.einsum("bthd,hdw->btw", attended, out)
        gate_up = whole(self.gate_up.astype(x.dtype).reshape(width, 2, -1), mesh, None, None, TENSOR)
        gate, up = _gate_and_up(normed, gate_up, mesh)
        # SwiGLU (Shazeer 2020): silu(gate) * up.
        fed = (jax.nn.silu(gate) * up) @ whole(self.down.astype(x.dtype), mesh, TENSOR)
        return x + mixed + fed.reshape(x.shape)


def _gate_and_up(
    normed: Float[Array, "batch time width"], gate_up: Float[Array, "width 2 hidden"], mesh: Mesh | None
) -> tuple[Float[Array, "*tokens hidden"], Float[Array, "*tokens hidden"]]:
    """The MLP's two inner products, on one CPU without the axis of rows."""
    if on_one_cpu(mesh):
        # Forward and backward, plain matrices take CPUs half the time of one product of both for all rows.
        tokens = normed.reshape(-1, normed.shape[-1])
        gate, up = (checkpoint_name(tokens @ gate_up[:, which], GATE_UP) for which in (0, 1))
    else:
        gate, up = checkpoint_name(jnp.einsum("btw,wch->cbth", normed, gate_up), GATE_UP)
    return gate, up


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
            plain XLA. Without it a row is one text, or the config's `document_end` parts it into
            documents, whose positions go on through the row: only their distances count.

        Token ids outside the vocabulary give NaN.
        """
        config = self.config
        documents = None
        if layout is not None:
            turns = turns_at(layout.position, config.head_width, config.rope_base)
        else:
            turns = rotary_turns(tokens.shape[1], config.head_width, config.rope_base)
            if config.document_end is not None:
                documents = number_documents(tokens, config.document_end)
        x = keep_rows_split(_embed(self.embedding, tokens, jnp.dtype(config.dtype), mesh), mesh)

        def layer(x: Array, block: Block) -> tuple[Array, None]:
            return keep_rows_split(block(x, turns, config, mesh, layout, documents), mesh), None

        if config.remat:
            keeps = jax.checkpoint_policies.save_only_these_names(*KEPT[config.remat_keeps])
            layer = jax.checkpoint(layer, policy=keeps)
        # What a layer of a loop keeps for its gradient is copied in and out of one array for all: CPUs feel that.
        unroll = on_one_cpu(mesh) and not config.remat
        x, _ = jax.lax.scan(layer, x, self.blocks, unroll=unroll)
        return layer_norm(x, self.norm)

    def logits(self, hidden: Float[Array, "batch time width"]) -> Float32[Array, "batch time vocab"]:
        """`score` with the tied embedding."""
        return score(self.embedding, hidden)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _embed(
    embedding: Float[Array, "vocab width"], tokens: Int[Array, "batch time"], dtype: DTypeLike, mesh: Mesh | None
) -> Float[Array, "batch time width"]:
    """`look_up` in `dtype`, by every device for its own tokens; the gradient is added up in float32."""
    return on_each_device(look_up, embedding, tokens, mesh=mesh, dtype=dtype)


def _embed_forward(embedding: Array, tokens: Array, dtype: DTypeLike, mesh: Mesh | None) -> tuple[Array, tuple]:
    return _embed(embedding, tokens, dtype, mesh), (embedding, tokens)


def _embed_backward(
    dtype: DTypeLike, mesh: Mesh | None, used: tuple[Array, Array], to_embedded: Array
) -> tuple[Array, None]:
    def of_device(words: Array, tokens: Array, to_embedded: Array) -> tuple[tuple[()], Array]:
        nothing = jnp.zeros_like(words, jnp.float32)
        return (), nothing.at[tokens].add(to_embedded.astype(jnp.float32))

    embedding, tokens = used
    return gradient_on_each_device(of_device, embedding, tokens, to_embedded, mesh=mesh, dtype=dtype)[1], None


_embed.defvjp(_embed_forward, _embed_backward)


def look_up(
    embedding: Float[Array, "vocab width"], tokens: Int[Array, "batch time"]
) -> Float[Array, "batch time width"]:
    """The embedding of every token; NaN where an id is outside the vocabulary."""
    return embedding.at[tokens].get(mode="fill", fill_value=jnp.nan)


def score(
    embedding: Float[Array, "vocab width"], hidden: Float[Array, "*tokens width"]
) -> Float32[Array, "*tokens vocab"]:
    """Logits of the next token, accumulated and kept in float32."""
    words = embedding.astype(hidden.dtype)
    return jnp.einsum("...w,vw->...v", hidden, words, preferred_element_type=jnp.float32)


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


def rotate(x: Float[Array, "batch heads time head_width"], turns: Turns) -> Float[Array, "batch heads time head_width"]:
    """Queries or keys turned by their position, in float32; the result in the dtype of `x`.

    Element `i` pairs with element `i + head_width / 2`, so that no lane is interleaved.
    """
    cosine, sine = (turn.reshape(-1, 1, *turn.shape[-2:]) for turn in turns)
    cosine, sine = (jnp.concatenate([turn, turn], axis=-1) for turn in (cosine, sine))
    turned = x.astype(jnp.float32) * cosine + _quarter_turn(x) * sine
    return turned.astype(x.dtype)


def _quarter_turn(x: Float[Array, "batch heads time head_width"]) -> Float32[Array, "batch heads time head_width"]:
    """The other element of each pair, negative for the first one: what is turned by 90 degrees."""
    if x.dtype != jnp.bfloat16:
        left, right = jnp.split(x.astype(jnp.float32), 2, axis=-1)
        return jnp.concatenate([-right, left], axis=-1)
    # A product with ones and zeros, which is exact, costs the matrix unit next to nothing, where cutting a vector of
    # lanes in half and joining the halves again costs as much as a layer's projections.
    half = x.shape[-1] // 2
    swap = np.kron([[0, 1], [-1, 0]], np.eye(half))
    return jnp.einsum("bhtd,de->bhte", x, jnp.asarray(swap, x.dtype), preferred_element_type=jnp.float32)
