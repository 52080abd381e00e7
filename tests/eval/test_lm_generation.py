"""What the model as lm-eval asks it goes on with: as without a cache, whatever is asked beside it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sentencepiece
from small_lm import (
    CONTEXT,
    EOS,
    EXACT,
    MODEL,
    SENTENCES,
    USUAL,
    a_model,
    an_lm,
    generated,
    likelihoods,
    without_cache,
)

from eval.lm.generation import fit, sampling_key
from eval.lm.model import RunLM
from mixsched.errors import UsageError
from model.sharding import device_mesh


def test_greedy_text_is_what_the_plain_forward_pass_gives_and_ends_at_eos() -> None:
    for context in ("the cat", "", "def add"):
        tokens = without_cache(context, 20)
        whole = tokens[: tokens.index(EOS)] if EOS in tokens else tokens
        assert generated([context], max_gen_toks=20) == [EXACT.decode(whole)]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_text_ends_before_the_first_of_its_until_wherever_tokens_and_calls_end(size: int) -> None:
    (whole,) = generated(["the cat"], max_gen_toks=40, temperature=1.0)
    # As every place serves once, some ends lie across two tokens and some across two calls.
    for start in range(0, len(whole) - size, 3):
        until = whole[start : start + size]
        known = whole[: whole.index(until)]
        asked = {"max_gen_toks": 40, "temperature": 1.0, "until": ["never in it", until, ""]}
        assert generated(["the cat"], **asked) == [known]
    assert generated(["the cat"], max_gen_toks=40, temperature=1.0, until=whole[7:9]) == [
        whole[: whole.index(whole[7:9])]
    ]


def test_of_several_ends_the_first_in_the_text_counts() -> None:
    (whole,) = generated(["the cat"], max_gen_toks=40, temperature=1.0)
    early, late = whole[2:5], whole[6:9]
    for until in ([early, late], [late, early]):
        assert generated(["the cat"], max_gen_toks=40, temperature=1.0, until=until) == [whole[: whole.index(early)]]


def test_samples_depend_on_seed_context_and_repeat_alone() -> None:
    asked = {"max_gen_toks": 12, "do_sample": True, "temperature": 0.9}
    known = generated(["the cat", "the cat", "def"], **asked)
    assert known[0] != known[1]
    assert generated(["def", "the cat", "", "the cat"], **asked)[:2] == [known[2], known[0]]
    assert generated(["the cat"], an_lm(seed=1), **asked) != known[:1]
    eight = RunLM(MODEL, EXACT, mesh=device_mesh(), seed=0)
    assert generated(["the cat", "the cat", "def"], eight, **asked) == known
    assert sampling_key("a", seed=0, repeat=1) != sampling_key("a", seed=1, repeat=0)


def test_a_temperature_of_the_lm_stands_in_for_the_tasks() -> None:
    asked = {"max_gen_toks": 12}
    greedy, sampled = generated(["the cat"], **asked), generated(["the cat"], temperature=0.7, **asked)
    assert greedy != sampled
    assert generated(["the cat"], temperature=0.7, do_sample=False, **asked) == greedy
    assert generated(["the cat"], an_lm(temperature=0.7), do_sample=False, **asked) == sampled
    assert generated(["the cat"], an_lm(temperature=0.0), temperature=0.7, top_p=0.9, **asked) == greedy


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"top_p": 0.9, "temperature": 0.5}, "`top_p` of a task's generation_kwargs is 0.9"),
        ({"num_beams": 4}, "`num_beams` .* is 4"),
        ({"temprature": 0.5}, "did you mean 'temperature'"),
        ({"temperature": -1}, "`temperature` must not be negative, got -1"),
        ({"max_gen_toks": 0}, "`max_gen_toks` must be at least 1, got 0"),
    ],
)
def test_an_argument_that_would_change_the_answer_is_refused(asked: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        generated(["the cat"], **asked)


def test_arguments_that_change_nothing_are_taken() -> None:
    (known,) = generated(["the cat"], max_gen_toks=5)
    neutral = {"top_p": 0.9, "top_k": 50, "do_sample": False, "num_beams": 1, "repetition_penalty": 1.0}
    assert generated(["the cat"], max_new_tokens=5, **neutral) == [known]


@pytest.mark.parametrize(
    ("prompt", "limit", "kept", "room"),
    [(10, 20, 10, 20), (40, 20, 28, 20), (40, 48, 24, 24), (40, 1_000, 24, 24), (10, 1_000, 10, 38)],
)
def test_prompt_and_answer_fit_the_context(prompt: int, limit: int, kept: int, room: int) -> None:
    tokens = list(range(prompt))
    assert fit(tokens, limit, context_tokens=CONTEXT) == (tokens[-kept:], room)


def test_a_cut_prompt_is_counted_and_its_end_is_read() -> None:
    lm = an_lm()
    assert len(EXACT.encode(SENTENCES[3] * 6)) > 2 * CONTEXT
    texts = generated([SENTENCES[0] + SENTENCES[3] * 6, SENTENCES[1] + SENTENCES[3] * 6, "a"], lm, max_gen_toks=1_000)
    assert lm.truncated == 2
    assert texts[0] == texts[1] != ""


@pytest.mark.parametrize("tokenizer", [EXACT, USUAL], ids=["exact", "usual"])
def test_a_generated_text_keeps_the_space_that_it_begins_with(tokenizer: sentencepiece.SentencePieceProcessor) -> None:
    # A model that says one word always: its states are all of one direction, that of the word's embedding.
    word = tokenizer.piece_to_id("\u2581the")
    centred = MODEL.embedding[word] - MODEL.embedding[word].mean()
    said = eqx.tree_at(
        lambda model: model.embedding, MODEL, MODEL.embedding.at[:].set(centred).at[word].set(2 * centred)
    )
    flat = jax.tree.map(jnp.zeros_like, MODEL.blocks)
    always = eqx.tree_at(lambda model: model.blocks, said, flat)
    assert generated(["cat", ""], an_lm(always, tokenizer), max_gen_toks=3) == [" the the the"] * 2


def test_bfloat16_generates_and_scores() -> None:
    lm = an_lm(a_model(dtype="bfloat16"))
    (text,) = generated(["the cat"], lm, max_gen_toks=6)
    ((nats, _),) = likelihoods([("the cat", text)], lm)
    assert text
    assert np.isfinite(nats)
