"""The chunked loss against the whole one, optax, and a bound on what it holds."""

import dataclasses
import math
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.extend.core import ClosedJaxpr, Jaxpr

from model.config import ModelConfig
from model.loss import cut, mean_loss, source_losses, token_losses
from model.sharding import SMALLEST_SPLIT, device_mesh
from model.transformer import Transformer

WHOLE = ModelConfig(vocab_size=512, context_tokens=24, width=32, layers=2, heads=2, hidden=48)
ROWS = jax.random.randint(jax.random.key(7), (4, 25), 0, 512)


def a_model(loss_chunk_tokens: int, dtype: str = "float32") -> Transformer:
    config = dataclasses.replace(WHOLE, loss_chunk_tokens=loss_chunk_tokens, dtype=dtype)
    return Transformer(config, key=jax.random.key(0))


def weighted_loss(model: Transformer) -> jax.Array:
    losses = token_losses(model, ROWS)
    return jnp.vdot(losses, jax.random.normal(jax.random.key(3), losses.shape))


@pytest.mark.parametrize("chunk", [1, 20])
def test_chunks_change_no_number(chunk: int) -> None:
    chunked, whole = a_model(chunk), a_model(0)
    losses = eqx.filter_jit(token_losses)
    np.testing.assert_allclose(losses(chunked, ROWS), losses(whole, ROWS), rtol=1e-6)
    ours = jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(weighted_loss))(chunked))
    theirs = jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(weighted_loss))(whole))
    for ours_of, theirs_of in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(ours_of, theirs_of, rtol=2e-5, atol=4e-6)


def test_the_loss_is_that_of_optax() -> None:
    model = a_model(16)
    logits = model.logits(model(ROWS[:, :-1]))
    theirs = optax.softmax_cross_entropy_with_integer_labels(logits, ROWS[:, 1:])
    np.testing.assert_allclose(token_losses(model, ROWS), theirs, rtol=1e-6, atol=1e-6)


def intermediates(jaxpr: Jaxpr) -> list[int]:
    sizes = []
    for equation in jaxpr.eqns:
        sizes += [math.prod(variable.aval.shape) for variable in equation.outvars]
        for inner in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda x: isinstance(x, Jaxpr | ClosedJaxpr)
        ):
            if isinstance(inner, Jaxpr | ClosedJaxpr):
                sizes += intermediates(inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner)
    return sizes


@pytest.mark.parametrize(("chunk", "tokens_held"), [(0, 4 * 24), (16, 16)])
def test_no_intermediate_holds_more_logits_than_a_chunk(chunk: int, tokens_held: int) -> None:
    parameters, static = eqx.partition(a_model(chunk), eqx.is_array)

    def loss(parameters):
        return weighted_loss(eqx.combine(parameters, static))

    largest = max(intermediates(jax.make_jaxpr(jax.value_and_grad(loss))(parameters).jaxpr))
    assert largest == max(tokens_held * 512, 512 * 32)


@pytest.mark.parametrize(("chunk", "tokens"), [(0, 192), (1_000, 192), (64, 64), (63, 48), (1, 1)])
def test_a_chunk_is_the_largest_divisor_that_fits(chunk: int, tokens: int) -> None:
    hidden, targets = jnp.zeros((8, 24, 2)), jnp.arange(192).reshape(8, 24)
    hidden_cut, targets_cut = cut(hidden, targets, chunk_tokens=chunk)
    assert hidden_cut.shape == (192 // tokens, tokens, 2)
    np.testing.assert_array_equal(targets_cut.ravel(), targets.ravel())


@pytest.mark.parametrize("chunk", [0, 20])
@pytest.mark.parametrize("layout", [None, {"devices": 1}, {"devices": 4}, {"devices": 8, "fsdp": 2, "tensor": 2}])
def test_the_mean_has_the_gradient_of_the_mean_of_all_losses(chunk: int, layout: dict[str, int] | None) -> None:
    model = a_model(chunk)
    mesh = None
    if layout is not None:
        axes = {name: length for name, length in layout.items() if name != "devices"}
        mesh = device_mesh(jax.devices()[: layout["devices"]], **axes)
        # Large enough to be split, so that its gradient is scattered, and added up over copies where there are some.
        assert WHOLE.vocab_size * WHOLE.width >= SMALLEST_SPLIT

    def plain(model: Transformer) -> tuple[jax.Array, jax.Array]:
        losses = token_losses(model, ROWS)
        return 3 * losses.mean(), losses

    def descended(model: Transformer) -> tuple[jax.Array, jax.Array]:
        mean, losses = mean_loss(model, ROWS, mesh=mesh)
        return 3 * mean, losses

    (value, losses), ours = eqx.filter_jit(eqx.filter_value_and_grad(descended, has_aux=True))(model)
    (its_value, its_losses), theirs = eqx.filter_jit(eqx.filter_value_and_grad(plain, has_aux=True))(model)
    np.testing.assert_allclose(value, its_value, rtol=1e-6)
    np.testing.assert_allclose(losses, its_losses, rtol=1e-6, atol=1e-6)
    for ours_of, theirs_of in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(ours_of, theirs_of, rtol=2e-5, atol=5e-7)


def test_the_mean_computes_a_chunks_logits_once() -> None:
    parameters, static = eqx.partition(a_model(16), eqx.is_array)

    def descended(parameters):
        return mean_loss(eqx.combine(parameters, static), ROWS)[0]

    traced = str(jax.make_jaxpr(jax.grad(descended))(parameters))
    assert len(re.findall(r"f32\[16,512\] = dot_general", traced)) == 1


def test_bfloat16_logits_are_accumulated_in_float32() -> None:
    model = a_model(16, "bfloat16")
    assert model.logits(model(ROWS[:, :-1])).dtype == jnp.float32
    assert token_losses(model, ROWS).dtype == jnp.float32


def test_sources_share_out_the_loss() -> None:
    losses = jnp.arange(12.0).reshape(4, 3)
    loss_sum, tokens = source_losses(losses, jnp.array([2, 0, 2, 7]), 4)
    np.testing.assert_array_equal(loss_sum, [12.0, 0.0, 24.0, 0.0])
    np.testing.assert_array_equal(tokens, [3, 0, 6, 0])


def test_a_loss_that_is_not_finite_stays_with_its_source() -> None:
    losses = jnp.array([[jnp.nan], [1.0]])
    loss_sum, _ = source_losses(losses, jnp.array([0, 1]), 2)
    np.testing.assert_array_equal(loss_sum, [np.nan, 1.0])
