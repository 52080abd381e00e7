"""Documents packed into a row know nothing of each other, if the model is told which token ends one."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import model.attention
from model.attention import attend
from model.config import ModelConfig
from model.loss import token_losses
from model.packed import Layout, number_documents
from model.transformer import Transformer

END = 2
CONFIG = ModelConfig(vocab_size=64, context_tokens=128, width=32, layers=2, heads=2, hidden=48, document_end=END)
# A row of 128 tokens and the last target: the rest of a document that began before it, two whole ones, a beginning.
ROW = np.random.default_rng(0).integers(3, 64, (1, 129), np.int32)
ENDS = [17, 60, 101]
ROW[0, ENDS] = END
DOCUMENTS = list(zip([0, *ENDS], [*ENDS, 128], strict=True))


@pytest.fixture(params=["xla", "splash"])
def implementation(request, monkeypatch: pytest.MonkeyPatch) -> str:
    """One after the other, whatever suits the device; off TPUs splash is interpreted."""
    monkeypatch.setattr(model.attention, "default_implementation", lambda *_, **__: request.param)
    return request.param


def losses(config: ModelConfig, row: np.ndarray) -> np.ndarray:
    return np.asarray(jax.jit(token_losses)(Transformer(config, key=jax.random.key(0)), row)[0])


def test_a_document_has_the_losses_that_it_has_alone(implementation: str) -> None:
    packed, apart = losses(CONFIG, ROW), 0.0
    whole_row = losses(dataclasses.replace(CONFIG, document_end=None), ROW)
    for first, last in DOCUMENTS:
        # Alone at the beginning of a row, ends in it and all; what comes behind is not seen.
        alone = np.full_like(ROW, 40)
        alone[0, : last - first + 1] = ROW[0, first : last + 1]
        expected = losses(CONFIG, alone)[: last - first]
        np.testing.assert_allclose(packed[first:last], expected, rtol=1e-5, atol=2e-6)
        apart = max(apart, np.abs(whole_row[first:last] - expected).max())
    assert apart > 1e-3


def test_no_gradient_leaves_its_document(implementation: str) -> None:
    documents = number_documents(jnp.asarray(ROW[:, :-1]), END)
    qkv = [jax.random.normal(jax.random.key(draw), (1, 128, 2, 16)) for draw in range(3)]
    first, last = DOCUMENTS[1]

    def of_one(q, k, v):
        return jnp.square(attend(q, k, v, documents=documents)[:, first:last]).sum()

    for slope in jax.jit(jax.grad(of_one, argnums=(0, 1, 2)))(*qkv):
        moved = np.flatnonzero(np.abs(slope).max((0, 2, 3)) > 0)
        assert set(moved) <= set(range(first, last))
        assert len(moved) >= last - first - 1


def test_the_token_that_ends_a_document_begins_the_next() -> None:
    tokens = jnp.array([[5, 6, END, 7, END, END, 8], [END, 5, 6, 7, 8, 9, END]])
    np.testing.assert_array_equal(number_documents(tokens, END), [[0, 0, 1, 1, 2, 3, 3], [1, 1, 1, 1, 1, 1, 2]])


def test_a_prompt_that_begins_with_the_end_token_is_one_document() -> None:
    prompt = np.concatenate([[[END]], ROW[:, :16]], axis=1)
    whole_row = dataclasses.replace(CONFIG, document_end=None)
    np.testing.assert_array_equal(losses(CONFIG, prompt), losses(whole_row, prompt))


def test_a_layout_and_documents_are_two_sayings_of_one_thing() -> None:
    place = jnp.zeros((1, 4), jnp.int32)
    q = jnp.zeros((1, 4, 2, 8))
    with pytest.raises(ValueError, match="leave it or `documents` out"):
        attend(q, q, q, layout=Layout(place, place, place), documents=place)
