"""The model as lm-eval sees it: its contract, tokens and texts at their seams, and a task run by lm-eval itself."""

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from small_lm import (
    CONTEXT,
    EOS,
    EXACT,
    LM,
    MODEL,
    SENTENCES,
    an_lm,
    direct,
    generated,
    likelihoods,
    rolling,
    without_cache,
)

from mixsched.errors import UsageError


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
