"""One question to a judge, named by everything that its reply depends on, and the reply to it."""

import dataclasses
import functools
import hashlib
import json

from eval.judge.pairs import Pair
from eval.judge.prompt import SYSTEM, question_text


@dataclasses.dataclass(frozen=True)
class Question:
    """What is sent to an endpoint; `max_tokens` bounds the reply."""

    endpoint: str
    model: str
    user: str
    max_tokens: int
    system: str = SYSTEM
    temperature: float = 0.0

    @functools.cached_property
    def key(self) -> str:
        """SHA-256 of endpoint, model, texts and parameters: equal keys ask for equal replies."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a judge said, word for word.

    - `finish`: why it ended there, as the endpoint says (`stop`, `length`, ...); `refused` if the endpoint would not
      answer this one question: `text` is then its reason.
    - `tokens_in`, `tokens_out`: those that the endpoint counted, None if it does not tell.
    """

    text: str
    finish: str
    tokens_in: int | None = None
    tokens_out: int | None = None


def both_orders(pair: Pair, *, endpoint: str, model: str, max_tokens: int) -> tuple[Question, Question]:
    """The two questions about a pair: A's answer shown first, and B's."""
    shown = ((pair.answer_a, pair.answer_b), (pair.answer_b, pair.answer_a))
    first, second = (question_text(instruction=pair.prompt, first=one, second=two) for one, two in shown)
    return (
        Question(endpoint, model, first, max_tokens),
        Question(endpoint, model, second, max_tokens),
    )
