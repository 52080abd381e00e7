"""Every way of computing the model gives the numbers of the plain one, forward and backward."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from plain_transformer import plain_hidden, plain_losses

import model.attention
from model.config import REMAT_KEEPS, ModelConfig
from model.loss import mean_loss, token_losses
from model.sharding import batch_sharding, device_mesh, parameter_shardings
from model.transformer import Transformer

# Splash works on 128 positions at least; each row has some ends of documents, one of them two in a row.
END = 3
CONFIG = ModelConfig(vocab_size=64, context_tokens=128, width=32, layers=2, heads=2, hidden=48)
ROWS = np.random.default_rng(0).integers(4, 64, (8, 129), np.int32)
ROWS[np.arange(8), 10 * np.arange(8)] = END
ROWS[:, [60, 100, 101]] = END
WEIGHTS = np.random.default_rng(1).normal(size=(8, 128)).astype(np.float32)
# Of the largest element of an array.
ROUNDING = {"float32": 5e-6, "bfloat16": 5e-2}


def a_model(document_end: int | None, **changes) -> Transformer:
    """A model whose numbers are far from those of a new one, where norms are 1 and logits nearly flat."""
    config = dataclasses.replace(CONFIG, document_end=document_end, **changes)
    fresh, keys = Transformer(config, key=jax.random.key(0)), iter(jax.random.split(jax.random.key(1), 7))
    return jax.tree.map(lambda x: x + 0.1 * jax.random.normal(next(keys), x.shape), fresh)


@functools.cache
def plain(document_end: int | None):
    """States and losses, and the gradients of the losses' mean and of a weighted sum, of the plain model."""

    @eqx.filter_jit
    def computed(model):
        losses, back = jax.vjp(lambda model: plain_losses(model, ROWS), model)
        return plain_hidden(model, ROWS[:, :-1]), losses, *back(jnp.full_like(losses, 1 / losses.size)), *back(WEIGHTS)

    return jax.device_get(computed(a_model(document_end)))


def assert_close(ours, theirs, rounding: float) -> None:
    """Every array of one tree is that of the other to a share of its largest element."""
    for (path, one), other in zip(jax.tree.leaves_with_path(ours), jax.tree.leaves(theirs), strict=True):
        bound = rounding * np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=bound, err_msg=jax.tree_util.keystr(path))


def assert_step_agrees(model: Transformer, *, rounding: float = ROUNDING["float32"], devices: int = 1, tensor: int = 1):
    """Losses and the gradient of their mean, computed on so many devices, are those of the plain model."""
    mesh = device_mesh(jax.devices()[:devices], tensor=tensor)
    arrays = jax.device_put(model, parameter_shardings(model, mesh))
    rows = jax.device_put(ROWS, batch_sharding(mesh))
    step = eqx.filter_jit(eqx.filter_grad(lambda model: mean_loss(model, rows, mesh=mesh), has_aux=True))
    gradient, losses = step(arrays)
    assert_close(jax.device_get((losses, gradient)), plain(model.config.document_end)[1:3], rounding)


@pytest.fixture(params=["xla", "splash"])
def implementation(request, monkeypatch: pytest.MonkeyPatch) -> str:
    """One after the other, whatever suits the device; off TPUs splash is interpreted."""
    monkeypatch.setattr(model.attention, "default_implementation", lambda *_, **__: request.param)
    return request.param


@pytest.mark.parametrize("document_end", [None, END])
def test_states_losses_and_any_gradient(implementation: str, document_end: int | None) -> None:
    rows = jnp.asarray(ROWS)

    @eqx.filter_jit
    def computed(model):
        def weighted(model):
            losses = token_losses(model, rows)
            return jnp.vdot(losses, WEIGHTS), losses

        return model(rows[:, :-1]), eqx.filter_grad(weighted, has_aux=True)(model)

    hidden, (gradient, losses) = jax.device_get(computed(a_model(document_end, loss_chunk_tokens=96)))
    plain_states, plain_loss, _, plain_gradient = plain(document_end)
    assert_close((hidden, losses, gradient), (plain_states, plain_loss, plain_gradient), ROUNDING["float32"])


@pytest.mark.parametrize("loss_chunk_tokens", [0, 96])
def test_a_step_with_its_logits_whole_or_in_chunks(loss_chunk_tokens: int) -> None:
    assert_step_agrees(a_model(None, loss_chunk_tokens=loss_chunk_tokens))


@pytest.mark.parametrize("keeps", REMAT_KEEPS)
def test_a_step_that_computes_again_what_it_does_not_keep(implementation: str, keeps: str) -> None:
    assert_step_agrees(a_model(END, remat=True, remat_keeps=keeps))


@pytest.mark.parametrize("tensor", [1, 2])
def test_a_step_of_eight_devices(implementation: str, tensor: int) -> None:
    assert_step_agrees(a_model(END, remat=True, loss_chunk_tokens=64), devices=8, tensor=tensor)


def test_a_step_in_bfloat16_within_its_rounding(implementation: str) -> None:
    assert_step_agrees(a_model(END, dtype="bfloat16"), rounding=ROUNDING["bfloat16"])


def test_the_plain_model_is_told_from_one_that_sees_other_documents() -> None:
    """What the tests above would find: the agreement is far closer than what one sight more makes."""
    for ours, theirs in zip(plain(END)[:2], plain(None)[:2], strict=True):
        assert np.abs(ours - theirs).max() > 0.05 * np.abs(theirs).max()
