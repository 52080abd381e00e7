"""A judge for a place without any LLM: the answer that a reference run finds more likely, byte for byte, wins."""

from collections.abc import Callable, Sequence
from pathlib import Path

from eval.judge.judgement import Judgement, Winner
from eval.judge.pairs import Pair
from eval.lm.seam import moved_seam
from eval.rundir import RunConfig, RunFolder
from mixsched.errors import UsageError

Scorer = Callable[[list[tuple[str, str]]], list[float]]
"""Log-likelihoods in nats of continuations, each after its context: [(context, continuation)] -> [nats]."""


def judge_by_likelihood(pairs: Sequence[Pair], judge: str, scorer: Scorer) -> list[Judgement]:
    """Judge each pair by the mean log-likelihood of its answers, per UTF-8 byte, after their prompt.

    Per byte, since a sum over the answer would let the shorter one win almost always, and bytes, unlike tokens, do
    not depend on the reference's tokenizer. The end of an answer is not scored. An empty answer has no bytes and
    loses to any other.

    This is no judge of quality: likelihood prefers bland, repetitive and common text, and text that is like what the
    reference was trained on (Holtzman et al. 2020, arXiv 1904.09751). It tells runs apart reproducibly and for free;
    tables and rows carry its name. It sees no order, so an agreement of orders would be no evidence and is not told.
    """
    asked = [pair for pair in pairs if pair.answer_a != pair.answer_b]
    texts = {(pair.prompt, answer): None for pair in asked for answer in (pair.answer_a, pair.answer_b) if answer}
    # White space at the end of a prompt is scored with the answer, so that its bytes count as well.
    scored = [moved_seam(*text) for text in texts]
    sizes = [len(continuation.encode(errors="replace")) for _, continuation in scored]
    per_byte = {text: nats / size for text, nats, size in zip(texts, scorer(scored), sizes, strict=True)}
    return [_judged(pair, judge, per_byte) for pair in pairs]


def _judged(pair: Pair, judge: str, per_byte: dict[tuple[str, str], float]) -> Judgement:
    a, b = (per_byte.get((pair.prompt, answer)) for answer in (pair.answer_a, pair.answer_b))
    identical = pair.answer_a == pair.answer_b
    return Judgement(
        pair.item,
        pair.cluster,
        judge,
        pair.prompt,
        pair.answer_a,
        pair.answer_b,
        verdicts=[] if identical else [_more_likely(a, b)],
        scores=None if identical else [a, b],
    )


def _more_likely(a: float | None, b: float | None) -> Winner:
    if a == b:
        return "tie"
    return "a" if b is None or (a is not None and a > b) else "b"


def score_with_run(
    folder: RunFolder, config: RunConfig, step: int, shards: Path, requests: list[tuple[str, str]]
) -> list[float]:
    """Score continuations with a checkpoint of a run: with all but the requests bound, a `Scorer`.

    - `step`: which checkpoint, by the steps done.
    - `shards`: folder with the run's tokenizer.

    Raises UsageError if an answer does not fit the run's context: the part that is left could not be compared.
    """
    # JAX and lm-eval take seconds to import: only when there is something to score.
    from lm_eval.api.instance import Instance

    from eval.lm.model import RunLM
    from eval.restore import restored
    from eval.tokenizer import run_tokenizer
    from model.sharding import device_mesh

    tokenizer = run_tokenizer(shards, config.tokenizer)
    mesh = device_mesh()
    with restored(folder, config, step=step, mesh=mesh) as (_, model):
        lm = RunLM(model, tokenizer, mesh=mesh)
        longest = max((lm.count_tokens(continuation) for _, continuation in requests), default=0)
        if longest > config.model.context_tokens:
            raise UsageError(
                f"`--judge likelihood:{folder.path}` has a context of {config.model.context_tokens} tokens, and an "
                f"answer has {longest}; name a run with a longer context"
            )
        instances = [Instance("loglikelihood", {}, arguments=each, idx=0) for each in requests]
        return [nats for nats, _ in lm.loglikelihood(instances)]
