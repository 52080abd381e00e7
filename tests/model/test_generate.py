"""With a cache come the tokens that come without one; what a row draws is its own affair."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from model.config import ModelConfig
from model.generate import MOST_STEPS, Draws, go_on, start
from model.serving import serving
from model.sharding import device_mesh
from model.transformer import Transformer

CONFIG = ModelConfig(vocab_size=64, context_tokens=64, width=32, layers=3, heads=4, hidden=48)
NO_EOS = 64
LENGTHS = (1, 5, 12, 3, 12, 7, 2, 9)
PROMPTS = np.random.default_rng(0).integers(0, 64, (8, 12)).astype(np.int32)
NEW = 20


def a_model(**changes) -> Transformer:
    model = Transformer(dataclasses.replace(CONFIG, **changes), key=jax.random.key(0))
    # A new model's next token is hardly more than its last one; so it looks further back.
    return eqx.tree_at(lambda model: model.blocks, model, jax.tree.map(lambda weights: 3 * weights, model.blocks))


def some_draws(temperature: float, limit: int = NEW) -> Draws:
    keys = np.random.default_rng(1).integers(0, 2**32, (8, 2), np.uint32)
    return Draws(jnp.asarray(keys), jnp.full(8, temperature, jnp.float32), jnp.full(8, limit))


def with_cache(
    model: Transformer, draws: Draws, *, devices: int = 1, eos: int = NO_EOS, steps: int = 7, rows=slice(None)
):
    mesh = device_mesh(jax.devices()[:devices])
    model, own = serving(model, mesh), Draws(*(each[rows] for each in draws))
    lengths = jnp.asarray(LENGTHS)[rows]
    decoding = start(model, jnp.asarray(PROMPTS)[rows], lengths, own, slots=40, eos=eos, mesh=mesh)
    tokens = [np.asarray(decoding.token)[:, None]]
    while not decoding.done.all():
        decoding, new = go_on(model, decoding, own, jnp.int32(steps), eos=eos, mesh=mesh)
        tokens.append(np.asarray(new)[:, :steps])
    return np.concatenate(tokens, axis=1), decoding


def without_cache(model: Transformer, draws: Draws, row: int) -> list[int]:
    tokens = PROMPTS[row, : LENGTHS[row]].tolist()
    forward = jax.jit(lambda tokens: model.logits(model(tokens)))
    for number in range(NEW):
        # Padding on the right is never looked at.
        padded = jnp.array([tokens + [0] * (40 - len(tokens))])
        logits = forward(padded)[0, len(tokens) - 1]
        if draws.temperature[row] > 0:
            key = jax.random.fold_in(jax.random.wrap_key_data(draws.key[row]), number)
            tokens.append(int(jax.random.categorical(key, logits / draws.temperature[row])))
        else:
            tokens.append(int(logits.argmax()))
    return tokens[LENGTHS[row] :]


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_cache_changes_no_token(temperature: float) -> None:
    model, draws = a_model(), some_draws(temperature)
    cached, _ = with_cache(model, draws)
    for row in range(8):
        assert cached[row, :NEW].tolist() == without_cache(model, draws, row)


def test_rows_at_different_temperatures_share_a_batch() -> None:
    mixed = some_draws(0.8)._replace(temperature=jnp.array([0, 0.8] * 4, jnp.float32))
    found, _ = with_cache(a_model(), mixed)
    np.testing.assert_array_equal(found[::2], with_cache(a_model(), some_draws(0.0))[0][::2])
    np.testing.assert_array_equal(found[1::2], with_cache(a_model(), some_draws(0.8))[0][1::2])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_eight_devices_draw_what_one_draws(dtype: str) -> None:
    one, _ = with_cache(a_model(dtype=dtype), some_draws(0.8))
    eight, _ = with_cache(a_model(dtype=dtype), some_draws(0.8), devices=8)
    np.testing.assert_array_equal(one, eight)
    assert len(np.unique(one)) > 10


@pytest.mark.parametrize("steps", [1, MOST_STEPS])
def test_how_many_tokens_a_call_draws_changes_none(steps: int) -> None:
    known, _ = with_cache(a_model(), some_draws(0.8))
    found, _ = with_cache(a_model(), some_draws(0.8), steps=steps)
    np.testing.assert_array_equal(found[:, :NEW], known[:, :NEW])


def test_a_row_draws_what_it_draws_in_any_company() -> None:
    known, _ = with_cache(a_model(), some_draws(0.8))
    found, _ = with_cache(a_model(), some_draws(0.8), rows=slice(6, 2, -2))
    np.testing.assert_array_equal(found, known[6:2:-2])


def test_a_row_ends_at_eos_or_its_limit_and_stays_as_it_is() -> None:
    known, _ = with_cache(a_model(), some_draws(0.8))
    eos = int(known[0, 4])
    limits = jnp.array([20, 1, 2, 20, 20, 20, 20, 20])
    found, decoding = with_cache(a_model(), some_draws(0.8)._replace(limit=limits), eos=eos)
    for row in range(8):
        ends = [*np.flatnonzero(known[row] == eos).tolist(), 20]
        last = min(ends[0] + 1, int(limits[row]))
        assert found[row, :last].tolist() == known[row, :last].tolist()
        assert (found[row, last:] == eos).all()
        assert (int(decoding.drawn[row]), int(decoding.position[row])) == (last, LENGTHS[row] + last - 1)


def test_bfloat16_serves_half_the_bytes_and_the_same_numbers() -> None:
    model = a_model(dtype="bfloat16")
    served = serving(model, device_mesh())
    assert {leaf.dtype.name for leaf in jax.tree.leaves(served)} == {"bfloat16", "float32"}
    assert served.blocks.norm.dtype == served.norm.dtype == jnp.float32
    assert all(leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(served))
    tokens = jnp.asarray(PROMPTS)
    np.testing.assert_array_equal(served.logits(served(tokens)), model.logits(model(tokens)))
