"""A judge's word on one pair, and what it makes of the pair: a win, a loss, a tie, or none of them."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from eval.judge.pairs import Pair
from eval.judge.prompt import Reply, read_verdict

Winner = Literal["a", "b", "tie", "unparsed"]
"""A run, by its place on the command line; or that neither won; or that the judge's reply gives no verdict."""


@dataclasses.dataclass(frozen=True)
class Judgement:
    """One judge on one pair: with the pair itself, so that every number follows from judgements alone.

    - `verdicts`: who won when A was shown first, and when B was; one alone where a judge sees no order; none where the
      answers are identical, which nobody is asked about.
    - `replies`: the words of the judge, for each verdict.
    - `scores`: of A and of B, of a judge that scores each answer by itself; None is below every number.
    """

    item: str
    cluster: str
    judge: str
    prompt: str
    answer_a: str
    answer_b: str
    verdicts: list[Winner]
    replies: list[Reply] = dataclasses.field(default_factory=list)
    scores: list[float | None] | None = None

    @property
    def outcome(self) -> Winner:
        """What the pair counts as: what both orders agree on; else a tie; `unparsed` if either reply is.

        That orders which disagree make a tie is a choice: how the paper treats them is not known here. Answers that
        are identical tie by definition.
        """
        if "unparsed" in self.verdicts:
            return "unparsed"
        return self.verdicts[0] if len(set(self.verdicts)) == 1 else "tie"

    @property
    def both_orders(self) -> tuple[Winner, Winner] | None:
        """The verdicts with A shown first and with B, of a judge that was asked in both orders."""
        return (self.verdicts[0], self.verdicts[1]) if len(self.verdicts) == 2 else None


def judged(pair: Pair, judge: str, replies: Sequence[Reply]) -> Judgement:
    """The judgement that follows from replies to both orders of a pair; none for identical answers."""
    winners: list[Winner] = [_winner(reply, a_is_first=place == 0) for place, reply in enumerate(replies)]
    return Judgement(**dataclasses.asdict(pair), judge=judge, verdicts=winners, replies=list(replies))


def _winner(reply: Reply, *, a_is_first: bool) -> Winner:
    verdict = "unparsed" if reply.finish == "refused" else read_verdict(reply.text)
    if verdict in ("tie", "unparsed"):
        return verdict
    return "a" if (verdict == "first") == a_is_first else "b"
