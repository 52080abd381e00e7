"""What the transformer promises: no look ahead, relative positions, float32 masters, a fixed loss."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from model.config import SIZES, ModelConfig
from model.loss import token_losses
from model.transformer import Transformer, rotary_turns, rotate

TINY = ModelConfig(vocab_size=64, context_tokens=16, width=32, layers=3, heads=4, hidden=48)
NANO = SIZES["nano"]


def tiny(**changes) -> Transformer:
    return Transformer(dataclasses.replace(TINY, **changes), key=jax.random.key(0))


def some_rows(batch: int, length: int, vocab: int) -> jax.Array:
    return jax.random.randint(jax.random.key(7), (batch, length), 0, vocab)


def mean_loss(model: Transformer, rows: jax.Array) -> jax.Array:
    return token_losses(model, rows).mean()


def test_a_token_leaves_the_states_before_it_unchanged() -> None:
    model, tokens = tiny(), some_rows(2, 16, 64)
    changed = tokens.at[:, 9].set((tokens[:, 9] + 1) % 64)
    before, after = model(tokens), model(changed)
    np.testing.assert_array_equal(before[:, :9], after[:, :9])
    assert (before[:, 9:] != after[:, 9:]).any(-1).all()


def test_rotary_scores_depend_on_the_distance_only() -> None:
    q, k = jax.random.normal(jax.random.key(1), (2, 8))
    everywhere = jnp.broadcast_to(jnp.stack([q, k])[:, None, None], (2, 1, 40, 8))
    turned = rotate(everywhere, rotary_turns(40, 8, 10_000.0))[:, 0]
    scores = np.asarray(turned[0] @ turned[1].T)
    for distance in (-7, 0, 1, 20):
        diagonal = np.diagonal(scores, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=0, atol=1e-5)
    assert abs(scores[0, 0] - scores[0, 7]) > 1e-2


def test_rotation_in_bfloat16_is_that_of_float32_rounded_once() -> None:
    x = jax.random.normal(jax.random.key(1), (2, 3, 40, 8)).astype("bfloat16")
    turns = rotary_turns(40, 8, 10_000.0)
    np.testing.assert_array_equal(rotate(x, turns), rotate(x.astype("float32"), turns).astype("bfloat16"))


def test_remat_changes_no_number() -> None:
    rows = some_rows(2, 17, 64)
    plain = jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(mean_loss))(tiny(), rows))
    recomputed = jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(mean_loss))(tiny(remat=True), rows))
    for ours, theirs in zip(recomputed, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_bfloat16_keeps_float32_parameters_and_nearly_the_loss() -> None:
    rows = some_rows(4, 17, 64)
    model = tiny(dtype="bfloat16")
    loss, gradient = eqx.filter_jit(eqx.filter_value_and_grad(mean_loss))(model, rows)
    for leaf in jax.tree.leaves((model, gradient)):
        assert leaf.dtype == jnp.float32
        assert jnp.isfinite(leaf).all()
    assert model(rows[:, :-1]).dtype == jnp.bfloat16
    assert abs(float(loss - mean_loss(tiny(), rows))) < 5e-3


def test_layers_and_depths_are_drawn_apart() -> None:
    blocks = tiny().blocks
    assert not jnp.array_equal(blocks.qkv[0], blocks.qkv[1])
    deeper = tiny(layers=5).blocks
    np.testing.assert_array_equal(blocks.qkv, deeper.qkv[:3])
    np.testing.assert_allclose(deeper.down[:3] * math.sqrt(5 / 3), blocks.down, rtol=1e-6)


def test_a_token_outside_the_vocabulary_is_seen() -> None:
    assert jnp.isnan(tiny()(jnp.full((1, 4), 64))).all()


def test_a_new_model_knows_nothing() -> None:
    model = Transformer(NANO, key=jax.random.key(0))
    loss = eqx.filter_jit(mean_loss)(model, some_rows(2, 257, 2_048))
    assert abs(float(loss) - math.log(2_048)) < 0.05


def test_nano_has_the_same_loss_as_ever() -> None:
    model = Transformer(NANO, key=jax.random.key(0))
    rows = (np.arange(2 * 257) ** 2 % 2_039).reshape(2, 257).astype(np.int32)
    step = eqx.filter_jit(eqx.filter_value_and_grad(mean_loss))
    before, gradient = step(model, jnp.asarray(rows))
    stepped = jax.tree.map(lambda parameter, slope: parameter - 0.1 * slope, model, gradient)
    after, _ = step(stepped, jnp.asarray(rows))
    np.testing.assert_allclose([before, after], [7.668436, 7.527422], rtol=0, atol=1e-5)
