"""Makes of an answered question the item that is kept of it, with its scores."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from eval.items import Item
from eval.lm.requests import arguments_of
from eval.lm.seam import moved_seam
from eval.metrics import aggregation_of
from eval.passk import pass_scores
from eval.questions import Question
from eval.sandbox.run import Verdict
from eval.suites import cluster_of
from mixsched.errors import UsageError

PASS_AT = (1, 10, 100)


def choice_item(task: ConfigurableTask, question: Question) -> Item:
    """An item whose choices were scored, with the scores as lm-eval defines them, for every task alike.

    `acc_norm` divides likelihoods by the characters of the choices, `exact_match` asks whether greedy decoding would
    write the right one, and `bits_per_byte` is of the first right one. Where the prompts differ and what follows is the
    same (Winogrande), there is nothing to normalise. Raises UsageError if no choice is right.
    """
    texts = task.doc_to_choice(question.doc)
    requests = question.requests[: len(texts)]
    nats, greedy = zip(*(request.resps[0] for request in requests), strict=True)
    golds = _golds(task, question, texts)
    scores: dict[str, Any] = {
        "acc": float(int(np.argmax(nats)) in golds),
        "exact_match": float(any(greedy[gold] for gold in golds)),
        "bits_per_byte": _bits(nats[golds[0]], *arguments_of(requests[golds[0]])),
    }
    if not task.multiple_input:
        by_character = [value / max(1, len(text)) for value, text in zip(nats, texts, strict=True)]
        scores["acc_norm"] = float(int(np.argmax(by_character)) in golds)
    return Item(
        item=question.item,
        prompt=_prompt(requests),
        target=texts[golds[0]] if len(golds) == 1 else [texts[gold] for gold in golds],
        scores=_lm_eval_scores(task, question) | scores,
        choices=[arguments_of(request)[1] for request in requests],
        gold=golds[0],
        loglikelihoods=[float(value) for value in nats],
        cluster=cluster_of(task.task_name, question.doc),
    )


def other_item(task: ConfigurableTask, question: Question) -> Item:
    """An item whose answer was generated, or whose one text was scored."""
    request, *_ = question.requests
    scores = _lm_eval_scores(task, question)
    outputs = likelihoods = None
    if request.request_type == "generate_until":
        outputs = [str(output) for output in request.resps]
        target = task.doc_to_target(question.doc)
    else:
        *contexts, target = arguments_of(request)
        nats = request.resps[0][0] if contexts else request.resps[0]
        likelihoods = [float(nats)]
        scores["bits_per_byte"] = _bits(nats, contexts[0], target) if contexts else _rolling_bits(nats, target, scores)
    return Item(
        item=question.item,
        prompt=arguments_of(request)[0] if len(arguments_of(request)) > 1 else "",
        target=target,
        scores=scores,
        loglikelihoods=likelihoods,
        outputs=outputs,
        cluster=cluster_of(task.task_name, question.doc),
    )


def program_item(
    task: ConfigurableTask, question: Question, outputs: Sequence[str], verdicts: Sequence[Verdict]
) -> Item:
    """An item whose outputs were run as programs, with its pass@k for each k of PASS_AT that the samples allow."""
    return Item(
        item=question.item,
        prompt=_prompt(question.requests),
        target=task.doc_to_target(question.doc),
        scores=pass_scores(verdicts, [k for k in PASS_AT if k <= len(outputs)]),
        outputs=list(outputs),
        verdicts=list(verdicts),
        cluster=cluster_of(task.task_name, question.doc),
    )


def _golds(task: ConfigurableTask, question: Question, texts: Sequence[str]) -> list[int]:
    told: Any = task.doc_to_text(question.doc) if task.multiple_input else task.doc_to_target(question.doc)
    golds = [
        texts.index(right) if isinstance(right, str) else int(right)
        for right in (told if isinstance(told, list) else [told])
    ]
    if not golds or not all(0 <= gold < len(texts) for gold in golds):
        raise UsageError(
            f"item {question.item} of `{task.task_name}` has no right answer ({told!r} of {len(texts)} choices); its "
            "split was published without labels, so take another"
        )
    return golds


def _lm_eval_scores(task: ConfigurableTask, question: Question) -> dict[str, Any]:
    """lm-eval's own scores of an item, under the names of their metrics, with the filter's name from the second on."""
    scores = {}
    for number, name in enumerate(question.requests[0].filtered_resps):
        told = task.process_results(question.doc, [request.filtered_resps[name] for request in question.requests])
        ending = f",{name}" if number else ""
        scores |= {f"{metric}{ending}": _plain(value) for metric, value in told.items() if aggregation_of(task, metric)}
    # An open-ended task's metric, `bypass`, has no value.
    return {metric: value for metric, value in scores.items() if value is not None}


def _prompt(requests: Sequence[Instance]) -> str | list[str]:
    prompts = [arguments_of(request)[0] for request in requests]
    return prompts[0] if len(set(prompts)) == 1 else prompts


def _bits(nats: float, context: str, continuation: str) -> list[float]:
    _, counted = moved_seam(context, continuation)
    return [-float(nats) / math.log(2), float(len(counted.encode()))]


def _rolling_bits(nats: float, text: str, scores: dict[str, Any]) -> list[float]:
    """By the bytes that lm-eval's definition counts, where it counts any: WikiText's are of the text as published."""
    _, size = scores.get("bits_per_byte", (nats, len(text.encode())))
    return [-float(nats) / math.log(2), float(size)]


def _plain(value: Any) -> Any:
    match value:
        case np.generic():
            return value.item()
        case bool():
            return float(value)
        case tuple() | list() | np.ndarray():
            return [_plain(each) for each in value]
        case _:
            return value
