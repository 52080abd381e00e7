"""A model behind a chat endpoint as a judge of pairs: asked in both orders, its replies counted."""

from collections.abc import Callable, Sequence
from pathlib import Path

from eval.judge.asking import ask_all
from eval.judge.cache import ReplyCache
from eval.judge.endpoint import Endpoint, Manner
from eval.judge.judgement import Judgement, judged
from eval.judge.pairs import Pair
from eval.judge.prompt import both_orders
from eval.judge.spending import Spent, counted


def judge_by_llm(
    pairs: Sequence[Pair],
    endpoint: Endpoint,
    cache: Path,
    manner: Manner,
    *,
    judge: str,
    model: str,
    watch: Callable[[int, int], None],
) -> tuple[list[Judgement], Spent]:
    """Judge each pair in both orders; identical answers tie and are not asked about.

    - `cache`: file of this judge's replies; what is in it is not asked.
    - `judge`: its name in judgements; `model`: its name at the endpoint.
    - `watch`: is told how many questions are answered, of how many.

    Raises UsageError when the endpoint cannot be used or stays silent; what was answered by then is in the cache.
    """
    questions = {
        pair.item: both_orders(pair, endpoint=endpoint.base_url, model=model, max_tokens=manner.max_tokens)
        for pair in pairs
        if pair.answer_a != pair.answer_b
    }
    with ReplyCache(cache) as replies:
        asked = ask_all(
            [question for both in questions.values() for question in both],
            endpoint,
            replies,
            concurrency=manner.concurrency,
            patience=manner.patience,
            watch=watch,
        )
    judgements = [
        judged(pair, judge, [asked.replies[question.key] for question in questions.get(pair.item, ())])
        for pair in pairs
    ]
    new = [asked.replies[key] for key in asked.new]
    return judgements, Spent(counted(list(asked.replies.values())), counted(new))
