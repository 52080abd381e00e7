"""The model as lm-eval sees it: its contract, tokens and texts at their seams, and a task run by lm-eval itself."""

import dataclasses
import io
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sentencepiece
from lm_eval.api.instance import Instance

from eval.lm.generation import fit, sampling_key
from eval.lm.model import RunLM
from mixsched.errors import UsageError
from model.config import ModelConfig
from model.sharding import data_mesh
from model.transformer import Transformer

CONTEXT = 48
SENTENCES = [
    "the cat sat on the mat, and the dog ran.",
    "def add(one, other):\n    return one + other\n",
    "  indented   text, with   spaces \n\n and lines",
    "a red house; a blue house; the end of the house",
]


def train_tokenizer(**settings) -> sentencepiece.SentencePieceProcessor:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=340,
        model_type="bpe",
        byte_fallback=True,
        unk_id=0,
        eos_id=1,
        bos_id=-1,
        minloglevel=2,
        **settings,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


EXACT = train_tokenizer(
    add_dummy_prefix=False, normalization_rule_name="identity", remove_extra_whitespaces=False, split_by_whitespace=True
)
# What SentencePiece makes of text unless it is told otherwise.
USUAL = train_tokenizer()
EOS = EXACT.eos_id()


def a_model(**changes) -> Transformer:
    config = ModelConfig(vocab_size=340, context_tokens=CONTEXT, width=32, layers=2, heads=2, hidden=48)
    model = Transformer(dataclasses.replace(config, **changes), key=jax.random.key(0))
    model = eqx.tree_at(lambda model: model.embedding, model, 20 * model.embedding)
    return eqx.tree_at(lambda model: model.blocks, model, jax.tree.map(lambda weights: 2 * weights, model.blocks))


MODEL = a_model()


def an_lm(model: Transformer = MODEL, tokenizer=EXACT, **settings) -> RunLM:
    return RunLM(model, tokenizer, mesh=data_mesh(jax.devices()[:1]), **settings)


LM = an_lm()


@jax.jit
def log_probabilities(tokens: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(MODEL.logits(MODEL(tokens)))[0]


def direct(before: list[int], scored: list[int]) -> float:
    """Log-probability of tokens after others, read alone."""
    tokens = [*before, *scored]
    padded = np.zeros(CONTEXT, np.int32)
    padded[: len(tokens) - 1] = tokens[:-1]
    rows = np.asarray(log_probabilities(padded[None]))
    return float(sum(rows[len(before) - 1 + number, token] for number, token in enumerate(scored)))


def likelihoods(pairs: list[tuple[str, str]], lm: RunLM = LM) -> list[tuple[float, bool]]:
    return lm.loglikelihood([Instance("loglikelihood", {}, pair, 0) for pair in pairs])


def rolling(texts: list[str], lm: RunLM = LM) -> list[float]:
    return lm.loglikelihood_rolling([Instance("loglikelihood_rolling", {}, (text,), 0) for text in texts])


def generated(contexts: list[str], lm: RunLM = LM, **asked) -> list[str]:
    return lm.generate_until([Instance("generate_until", {}, (context, asked), 0) for context in contexts])


@pytest.mark.parametrize(
    ("context", "continuation"),
    [
        ("the cat sat", " on the mat"),
        ("the cat sat on ", "the mat"),
        ("the cat\n\n", "dog"),
        ("", "the dog"),
        ("   ", "the dog"),
        ("straße", " \u6f22\u5b57 \U0001f600"),
    ],
)
def test_a_continuation_is_scored_after_eos_and_its_context(context: str, continuation: str) -> None:
    kept = context.rstrip()
    before = EXACT.encode(kept)
    scored = EXACT.encode(context + continuation)[len(before) :]
    ((nats, greedy),) = likelihoods([(context, continuation)])
    assert nats == pytest.approx(direct([EOS, *before], scored), abs=1e-4)
    assert type(nats) is float
    assert greedy is False


def test_the_greedy_continuation_is_called_so() -> None:
    contexts = [sentence[:size] for sentence in SENTENCES for size in range(5, 25, 2) if sentence[size - 1].strip()]
    texts = generated(contexts, max_gen_toks=2)
    found = [greedy for _, greedy in likelihoods(list(zip(contexts, texts, strict=True)))]
    # Not every generated text is cut into the tokens that it was generated as.
    again = [EXACT.encode(each + text)[len(EXACT.encode(each)) :] for each, text in zip(contexts, texts, strict=True)]
    known = [tokens == without_cache(each, 2)[: len(tokens)] for each, tokens in zip(contexts, again, strict=True)]
    assert found == known
    assert {True, False} == set(known)


def test_nothing_to_score_has_log_probability_0_and_what_merges_into_the_context_has_not() -> None:
    (empty, _), (merged, _) = likelihoods([("the cat", ""), ("the hous", "e")])
    assert EXACT.encode("the house")[: len(EXACT.encode("the hous"))] != EXACT.encode("the hous")
    assert empty == 0
    assert merged < -0.01


def test_requests_come_back_in_the_order_they_came_in_and_to_progress() -> None:
    told = []
    lm = an_lm(progress=lambda done, total: told.append((done, total)))
    pairs = [(sentence[:size], sentence[size:]) for size in (3, 20, 9) for sentence in SENTENCES]
    together = likelihoods(pairs, lm)
    for pair, (nats, _) in zip(pairs, together, strict=True):
        assert nats == pytest.approx(likelihoods([pair])[0][0], abs=1e-4)
    assert told[-1] == (len(pairs), len(pairs))
    assert likelihoods([]) == rolling([]) == generated([]) == []


def test_a_long_context_is_cut_on_the_left_and_counted() -> None:
    lm = an_lm()
    context = SENTENCES[3] * 5
    tokens = [EOS, *EXACT.encode(context + " house")]
    scored = len(tokens) - 1 - len(EXACT.encode(context))
    kept = tokens[-CONTEXT - 1 :]
    (found, short) = likelihoods([(context, " house"), ("a", " house")], lm)
    assert found[0] == pytest.approx(direct(kept[:-scored], kept[-scored:]), abs=1e-4)
    assert short[0] == pytest.approx(likelihoods([("a", " house")])[0][0], abs=1e-4)
    assert lm.truncated == 1
    (all_cut,) = likelihoods([("a", context)], lm)
    assert all_cut[0] == pytest.approx(direct(kept_of("a" + context)[:1], kept_of("a" + context)[1:]), abs=1e-3)
    assert lm.truncated == 2


def kept_of(text: str) -> list[int]:
    return EXACT.encode(text)[-CONTEXT - 1 :]


def test_rolling_counts_each_token_once_with_as_much_before_it_as_fits() -> None:
    text = " ".join(SENTENCES)
    tokens = EXACT.encode(text)
    assert CONTEXT < len(tokens) < 4 * CONTEXT
    first = [EOS, *tokens][: CONTEXT + 1]
    total = direct(first[:1], first[1:])
    for start in range(CONTEXT, len(tokens), CONTEXT):
        scored = tokens[start : start + CONTEXT]
        end = start + len(scored)
        total += direct(tokens[end - CONTEXT - 1 : start], scored)
    lm = an_lm()
    found = rolling(["the cat", text, ""], lm)
    assert found == [pytest.approx(direct([EOS], EXACT.encode("the cat")), abs=1e-4), pytest.approx(total, abs=1e-3), 0]
    assert lm.truncated == 0


def without_cache(context: str, count: int) -> list[int]:
    tokens = [EOS, *EXACT.encode(context)]
    before = len(tokens)
    while len(tokens) < before + count:
        padded = np.zeros(CONTEXT, np.int32)
        padded[: len(tokens)] = tokens
        tokens.append(int(log_probabilities(padded[None])[len(tokens) - 1].argmax()))
    return tokens[before:]


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
    eight = RunLM(MODEL, EXACT, mesh=data_mesh(), seed=0)
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


def test_a_model_whose_numbers_are_not_finite_answers_nothing() -> None:
    diverged = eqx.tree_at(lambda model: model.blocks.down, MODEL, MODEL.blocks.down.at[0, 0, 0].set(jnp.nan))
    with pytest.raises(UsageError, match="the model's parameters are not finite numbers; take an earlier `--step`"):
        an_lm(diverged)
    overflowing = eqx.tree_at(lambda model: model.norm, MODEL, jnp.full_like(MODEL.norm, 3e38))
    with pytest.raises(UsageError, match="the model's likelihoods of some texts are not finite numbers"):
        likelihoods([("the cat", " sat")], an_lm(overflowing))


def test_traces_are_few_and_counted() -> None:
    lm = an_lm()
    pairs = [(sentence * times, sentence) for times in (0, 1, 2, 5) for sentence in SENTENCES]
    likelihoods(pairs, lm)
    rolling([context for context, _ in pairs], lm)
    assert lm.traces == 1
    generated([context for context, _ in pairs], lm, max_gen_toks=5)
    assert lm.traces <= 3


def test_lm_evals_own_evaluator_runs_on_it(tmp_path: Path) -> None:
    import datasets
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.evaluator import evaluate

    docs = [{"q": "the cat sat", "choices": [" on the mat", " house", " dog"], "gold": 0} for _ in range(4)]
    docs += [{"q": "a red", "choices": [" house", " cat", " def"], "gold": 1} for _ in range(3)]

    def task(name: str, **config) -> ConfigurableTask:
        data = {"task": name, "test_split": "test", "num_fewshot": 0, "doc_to_text": "{{q}}"}
        data["custom_dataset"] = lambda **_: {"test": datasets.Dataset.from_list(docs)}
        return ConfigurableTask(config={**data, **config})

    choose = task("choose", output_type="multiple_choice", doc_to_choice="{{choices}}", doc_to_target="gold")
    write = task(
        "write",
        output_type="generate_until",
        doc_to_target="{{choices[gold]}}",
        generation_kwargs={"until": ["\n"], "max_gen_toks": 6, "do_sample": False},
    )
    results = evaluate(LM, {"choose": choose, "write": write}, bootstrap_iters=0, log_samples=True)
    assert results is not None
    right = 0
    for doc in docs:
        nats = [found for found, _ in likelihoods([(doc["q"], choice) for choice in doc["choices"]])]
        right += int(np.argmax(nats)) == doc["gold"]
    assert results["results"]["choose"]["acc,none"] == pytest.approx(right / len(docs))
    answers = [sample["resps"][0][0] for sample in results["samples"]["write"]]
    assert answers == generated([doc["q"] for doc in docs], until=["\n"], max_gen_toks=6)
