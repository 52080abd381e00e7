"""Several texts in a row give the numbers of each alone, and no token sees another text or branch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import model.attention
from model.attention import attend
from model.config import ModelConfig
from model.packed import Layout, visible
from model.transformer import Transformer

CONFIG = ModelConfig(vocab_size=64, context_tokens=16, width=32, layers=3, heads=4, hidden=48)
MODEL = Transformer(CONFIG, key=jax.random.key(0))
# Two items: a tree of a beginning of four tokens with endings of three and five, and a text of six; then padding.
POSITION = [0, 1, 2, 3, 4, 5, 6, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 0]
ITEM = [0] * 12 + [1] * 6 + [-1] * 2
BRANCH = [0] * 4 + [1] * 3 + [2] * 5 + [0] * 6 + [0] * 2
TEXTS = [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 7, 8, 9, 10, 11], [12, 13, 14, 15, 16, 17]]


def layout(*columns: list[int]) -> Layout:
    return Layout(*(jnp.array([column]) for column in columns))


TREE = layout(POSITION, ITEM, BRANCH)
TOKENS = jax.random.randint(jax.random.key(7), (1, len(ITEM)), 0, 64)


@pytest.mark.parametrize("places", TEXTS)
def test_a_packed_text_has_the_states_that_it_has_alone(places: list[int]) -> None:
    packed, alone = MODEL(TOKENS, layout=TREE), MODEL(TOKENS[:, jnp.array(places)])
    np.testing.assert_allclose(packed[:, jnp.array(places)], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "touched"),
    [(5, {5, 6}), (8, {8, 9, 10, 11}), (2, set(range(2, 12))), (14, {14, 15, 16, 17}), (18, {18})],
)
def test_a_token_changes_only_what_comes_after_it_in_its_branch(changed: int, touched: set[int]) -> None:
    # Two tokens of padding stand at one position, and so see each other; nothing else sees them.
    before = MODEL(TOKENS, layout=TREE)
    after = MODEL(TOKENS.at[0, changed].set((TOKENS[0, changed] + 1) % 64), layout=TREE)
    differ = set(np.flatnonzero((before != after).any(-1)[0]).tolist())
    assert differ - {18, 19} == touched - {18, 19}


def test_one_text_laid_out_is_a_plain_row() -> None:
    plain = jnp.arange(16)[None]
    whole = MODEL(TOKENS[:, :16], layout=Layout(plain, 0 * plain, 0 * plain))
    np.testing.assert_allclose(whole, MODEL(TOKENS[:, :16]), rtol=1e-5, atol=1e-6)


def test_scores_of_some_queries_at_a_time_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    q, k, v = (jax.random.normal(jax.random.key(n), (1, 20, 2, 8)) for n in range(3))
    whole = attend(q, k, v, layout=TREE)
    monkeypatch.setattr(model.attention, "MOST_QUERIES", 7)
    held = jax.make_jaxpr(lambda: attend(q, k, v, layout=TREE))()
    assert "f32[1,2,5,20]" in str(held)
    assert "f32[1,2,20,20]" not in str(held)
    np.testing.assert_allclose(attend(q, k, v, layout=TREE), whole, rtol=1e-5, atol=1e-6)


def test_every_token_sees_itself_so_that_no_row_of_scores_is_empty() -> None:
    assert visible(TREE, TREE)[0].diagonal().all()


def test_a_gradient_goes_through_packed_rows_and_stays_in_its_text() -> None:
    def first_text(embedded: jax.Array) -> jax.Array:
        q = k = v = embedded.reshape(1, 20, 2, 8)
        return jnp.square(attend(q, k, v, layout=TREE)[:, :12]).sum()

    slope = jax.grad(first_text)(jax.random.normal(jax.random.key(1), (1, 20, 16)))
    assert jnp.isfinite(slope).all()
    assert (slope[:, :12] != 0).any(-1).all()
    assert (slope[:, 12:] == 0).all()


def test_kernels_that_know_no_branches_are_refused() -> None:
    q = jnp.zeros((1, 20, 2, 8))
    with pytest.raises(ValueError, match="`implementation` 'splash' takes no `layout`"):
        attend(q, q, q, implementation="splash", layout=TREE)
