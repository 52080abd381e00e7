"""Packed, shared, batched and split over devices, a likelihood is that of its text read alone."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eval.lm.scoring
from eval.lm.scoring import Likelihood, batches, score_texts
from eval.lm.trees import Text
from model.config import ModelConfig
from model.serving import serving
from model.sharding import device_mesh
from model.transformer import Transformer

CONTEXT = 24
CONFIG = ModelConfig(vocab_size=32, context_tokens=CONTEXT, width=32, layers=2, heads=2, hidden=48)


@functools.cache
def a_model(devices: int = 1, **changes) -> Transformer:
    model = Transformer(dataclasses.replace(CONFIG, **changes), key=jax.random.key(0))
    # A new model is nearly indifferent: larger weights have something to be wrong about.
    model = eqx.tree_at(lambda model: model.embedding, model, 20 * model.embedding)
    return serving(model, device_mesh(jax.devices()[:devices]))


@jax.jit
def log_probabilities(model: Transformer, tokens: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(model.logits(model(tokens)))[0]


def alone(text: Text, model: Transformer | None = None) -> Likelihood:
    """Of one sequence, by the plain forward pass."""
    tokens = np.zeros(CONTEXT, np.int32)
    tokens[: len(text.tokens) - 1] = text.tokens[:-1]
    log_probability = np.asarray(log_probabilities(model or a_model(), tokens[None]))
    rows = log_probability[text.asked - 1 : len(text.tokens) - 1]
    targets = text.tokens[text.asked :]
    return Likelihood(float(rows[range(text.scored), targets].sum()), rows.argmax(-1).tolist() == targets)


def scored(texts: list[Text], devices: int = 1) -> list[Likelihood]:
    return score_texts(a_model(devices), texts, mesh=device_mesh(jax.devices()[:devices]))[0]


def assert_same(found: list[Likelihood], known: list[Likelihood]) -> None:
    np.testing.assert_allclose([each.nats for each in found], [each.nats for each in known], rtol=0, atol=1e-4)
    assert [each.greedy for each in found] == [each.greedy for each in known]


def some_texts(count: int, seed: int = 0) -> list[Text]:
    """Questions with four choices, and every fifth time a text by itself."""
    random = np.random.default_rng(seed)
    texts: list[Text] = []
    while len(texts) < count:
        question = random.integers(0, 32, random.integers(1, 16)).tolist()
        for _ in range(4 if random.random() < 0.8 else 1):
            choice = random.integers(0, 32, random.integers(1, 9)).tolist()
            texts.append(Text(question + choice, len(choice)))
    return texts[:count]


@st.composite
def texts(draw: st.DrawFn) -> list[Text]:
    tokens = st.integers(0, 31)
    made: list[Text] = []
    for _ in range(draw(st.integers(1, 6))):
        question = draw(st.lists(tokens, min_size=1, max_size=16))
        for _ in range(draw(st.integers(1, 4))):
            # Choices may be of no token, of one, begin alike, or change the end of the question too.
            kept = question[: draw(st.integers(max(1, len(question) - 2), len(question)))]
            choice = draw(st.lists(tokens, max_size=CONTEXT - 16))
            made.append(Text(kept + choice, len(choice)))
    return made


@settings(max_examples=30)
@given(texts())
def test_a_likelihood_is_that_of_the_text_alone(made: list[Text]) -> None:
    assert_same(scored(made), [alone(text) if text.scored else Likelihood(0.0, True) for text in made])


def test_a_greedy_text_is_told_from_one_that_is_greedy_but_for_a_token() -> None:
    tokens = [3, 4]
    for _ in range(5):
        rows = log_probabilities(a_model(), jnp.array([tokens + [0] * (CONTEXT - len(tokens))]))
        tokens.append(int(rows[len(tokens) - 1].argmax()))
    other = [*tokens[:4], (tokens[4] + 1) % 32, *tokens[5:]]
    assert [each.greedy for each in scored([Text(tokens, 5), Text(other, 5)])] == [True, False]


def test_order_and_company_change_no_number() -> None:
    made = some_texts(200)
    known = scored(made)
    order = np.random.default_rng(1).permutation(200)
    assert_same(scored([made[number] for number in order]), [known[number] for number in order])
    assert_same(scored(made[50:60]), known[50:60])


@pytest.mark.parametrize("count", [3, 150])
def test_eight_devices_give_the_numbers_of_one(count: int) -> None:
    made = some_texts(count)
    assert_same(scored(made, devices=8), scored(made))


def test_batches_that_are_not_full_and_chunks_that_are_not_full_change_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = some_texts(200)
    known = scored(made)
    # Its shape of batch is new, so that the chunk is read again.
    monkeypatch.setattr(eval.lm.scoring, "TOKENS_A_DEVICE", 512)
    monkeypatch.setattr(eval.lm.scoring, "CHUNK", 24)
    assert len(list(batches(made, context_tokens=CONTEXT, devices=1))) > 2
    assert_same(scored(made), known)


def test_bfloat16_scores_near_float32() -> None:
    made = some_texts(40)
    mesh = device_mesh(jax.devices()[:1])
    half, _ = score_texts(a_model(dtype="bfloat16"), made, mesh=mesh)
    whole, _ = score_texts(a_model(), made, mesh=mesh)
    error = [abs(a.nats - b.nats) / text.scored for a, b, text in zip(half, whole, made, strict=True)]
    assert 0 < max(error) < 0.5
    assert float(np.mean(error)) < 0.05
    # Rounding is that of the model itself, not of packing.
    direct = [alone(text, a_model(dtype="bfloat16")).nats / text.scored for text in made]
    np.testing.assert_allclose(
        [each.nats / text.scored for each, text in zip(half, made, strict=True)], direct, atol=0.2
    )


def test_thousands_of_texts_of_all_lengths_compile_once() -> None:
    made = some_texts(3_000, seed=5)
    mesh = device_mesh(jax.devices()[:2])
    before = eval.lm.scoring._score._cache_size()  # pyright: ignore[reportFunctionMemberAccess]
    _, shapes = score_texts(a_model(2), made, mesh=mesh)
    assert eval.lm.scoring._score._cache_size() - before == len(shapes) == 1  # pyright: ignore[reportFunctionMemberAccess]


def test_progress_is_told_up_to_the_end() -> None:
    told = []
    made = [*some_texts(1_500), Text([1], 0)]
    score_texts(
        a_model(), made, mesh=device_mesh(jax.devices()[:1]), told=lambda done, total: told.append((done, total))
    )
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (1_501, 1_501)
