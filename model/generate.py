"""Continues rows token by token, with the keys and values of what came before kept in a cache."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Float32, Int, UInt32

from model.attention import attend, attend_cached
from model.sharding import ROWS
from model.transformer import Block, Transformer, layer_norm, look_up, rotary_turns, turns_at

# Most tokens that one call draws, so that the host can look for a text that ends a row.
MOST_STEPS = 32


class Draws(NamedTuple):
    """How each row's tokens are drawn; a row's numbers depend on no other row, nor on how rows are batched.

    - `key`: data of a threefry key; token number n of the row is drawn with `n` folded into it.
    - `temperature`: 0 takes the likeliest token.
    - `limit`: most tokens to draw.
    """

    key: UInt32[Array, "batch 2"]
    temperature: Float32[Array, " batch"]
    limit: Int[Array, " batch"]


class Decoding(NamedTuple):
    """Where every row stands: the cache, and the last token drawn, which is not in the cache yet."""

    keys: Float[Array, "layers batch heads slots head_width"]
    values: Float[Array, "layers batch heads slots head_width"]
    token: Int[Array, " batch"]
    position: Int[Array, " batch"]
    """Of that token."""
    drawn: Int[Array, " batch"]
    done: Bool[Array, " batch"]


@functools.partial(jax.jit, static_argnames=("slots", "eos", "mesh"))
def start(
    model: Transformer,
    prompts: Int[Array, "batch time"],
    lengths: Int[Array, " batch"],
    draws: Draws,
    *,
    slots: int,
    eos: int,
    mesh: Mesh,
) -> Decoding:
    """Read prompts, each `lengths` tokens and then anything, and draw the first token of every row.

    The model is whole on every device (`model.serving`), and each takes its share of the rows. `slots` is how many
    tokens of a row the cache has room for.
    """
    rows = PartitionSpec(ROWS)
    read = functools.partial(_start, slots=slots, eos=eos)
    in_specs = (PartitionSpec(), rows, rows, rows)
    return jax.shard_map(read, mesh=mesh, in_specs=in_specs, out_specs=_decoding_spec(), check_vma=False)(
        model, prompts, lengths, draws
    )


@functools.partial(jax.jit, static_argnames=("eos", "mesh"), donate_argnames="decoding")
def go_on(
    model: Transformer, decoding: Decoding, draws: Draws, steps: Int[Array, ""], *, eos: int, mesh: Mesh
) -> tuple[Decoding, Int[Array, "batch most_steps"]]:
    """Draw up to `steps` more tokens, at most `MOST_STEPS`, of every row that is not done.

    `decoding` is used up: its memory becomes that of the next. A row is done when it has drawn EOS or its limit, or
    when the caller marked it so; what is returned for it from there on is EOS. A device stops when all of its rows are
    done.
    """
    rows = PartitionSpec(ROWS)
    draw = functools.partial(_go_on, eos=eos)
    in_specs = (PartitionSpec(), _decoding_spec(), rows, PartitionSpec())
    return jax.shard_map(draw, mesh=mesh, in_specs=in_specs, out_specs=(_decoding_spec(), rows), check_vma=False)(
        model, decoding, draws, steps
    )


def _decoding_spec() -> Decoding:
    cache, rows = PartitionSpec(None, ROWS), PartitionSpec(ROWS)
    return Decoding(cache, cache, rows, rows, rows, rows)  # pyright: ignore[reportArgumentType]


def _start(model: Transformer, prompts: Array, lengths: Array, draws: Draws, *, slots: int, eos: int) -> Decoding:
    config = model.config
    turns = rotary_turns(prompts.shape[1], config.head_width, config.rope_base)

    def layer(x: Array, block: Block) -> tuple[Array, tuple[Array, Array]]:
        normed, q, k, v = block.project(x, turns, config.heads)
        attended = attend(q, k, v, largest_block=config.attention_block_tokens)
        return block.finish(x, normed, attended), (_to_slots(k, slots), _to_slots(v, slots))

    x = look_up(model.embedding, prompts).astype(config.dtype)
    x, (keys, values) = jax.lax.scan(layer, x, model.blocks)
    last = jnp.take_along_axis(x, (lengths - 1)[:, None, None], axis=1)
    token = _draw(model, last, draws, jnp.zeros_like(lengths))
    done = (token == eos) | (draws.limit <= 1)
    return Decoding(keys, values, token, lengths, jnp.ones_like(lengths), done)


def _to_slots(x: Float[Array, "batch time heads head_width"], slots: int) -> Array:
    # What stands after a prompt's end is never seen: a slot is written anew before a token looks that far.
    return jnp.pad(jnp.swapaxes(x, 1, 2), ((0, 0), (0, 0), (0, slots - x.shape[1]), (0, 0)))


def _go_on(model: Transformer, decoding: Decoding, draws: Draws, steps: Array, *, eos: int) -> tuple[Decoding, Array]:
    def goes_on(carry: tuple[Decoding, Array, Array]) -> Array:
        decoding, _, step = carry
        return (step < steps) & ~decoding.done.all()

    def draw(carry: tuple[Decoding, Array, Array]) -> tuple[Decoding, Array, Array]:
        old, tokens, step = carry
        x, keys, values = _advance(model, old)
        token = jnp.where(old.done, eos, _draw(model, x, draws, old.drawn))
        drawn = old.drawn + ~old.done
        done = old.done | (token == eos) | (drawn >= draws.limit)
        new = Decoding(keys, values, token, old.position + ~old.done, drawn, done)
        return new, tokens.at[:, step].set(token), step + 1

    tokens = jnp.full((len(decoding.token), MOST_STEPS), eos, decoding.token.dtype)
    decoding, tokens, _ = jax.lax.while_loop(goes_on, draw, (decoding, tokens, jnp.zeros_like(steps)))
    return decoding, tokens


def _advance(model: Transformer, decoding: Decoding) -> tuple[Array, Array, Array]:
    """The residual stream of every row's last token, and the cache with it."""
    config = model.config
    position, rows = decoding.position, jnp.arange(len(decoding.position))
    turns = turns_at(position[:, None], config.head_width, config.rope_base)
    seen = jnp.arange(decoding.keys.shape[3])[None] <= position[:, None]

    def layer(carry: tuple[Array, Array, Array], this: tuple[Block, Array]) -> tuple[tuple[Array, Array, Array], None]:
        (x, keys, values), (block, number) = carry, this
        normed, q, k, v = block.project(x, turns, config.heads)
        keys = keys.at[number, rows, :, position].set(k[:, 0])
        values = values.at[number, rows, :, position].set(v[:, 0])
        attended = attend_cached(q, keys[number], values[number], seen)
        return (block.finish(x, normed, attended), keys, values), None

    x = look_up(model.embedding, decoding.token[:, None]).astype(config.dtype)
    carry = x, decoding.keys, decoding.values
    return jax.lax.scan(layer, carry, (model.blocks, jnp.arange(config.layers)))[0]


def _draw(
    model: Transformer, x: Float[Array, "batch 1 width"], draws: Draws, number: Int[Array, " batch"]
) -> Int[Array, " batch"]:
    logits = model.logits(layer_norm(x, model.norm))[:, 0]

    def sampled(logits: Array) -> Array:
        keys = jax.vmap(jax.random.fold_in)(jax.random.wrap_key_data(draws.key), number)
        heated = logits / jnp.where(draws.temperature > 0, draws.temperature, 1)[:, None]
        return jax.vmap(jax.random.categorical)(keys, heated)

    def likeliest(logits: Array) -> Array:
        return logits.argmax(-1)

    # Noise for a large vocabulary costs more than the model's own work on a row: only where it is asked for.
    some = jax.lax.cond((draws.temperature > 0).any(), sampled, likeliest, logits)
    return jnp.where(draws.temperature > 0, some, likeliest(logits)).astype(number.dtype)
