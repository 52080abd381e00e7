"""What a judge's verdicts may come from besides what the answers say: which was shown first, which is longer."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

from eval.judge.judgement import Judgement, Winner


@dataclasses.dataclass(frozen=True)
class Tally:
    """Wins of A, ties and wins of B among some verdicts."""

    a: int
    tie: int
    b: int

    @property
    def n(self) -> int:
        """How many there are."""
        return self.a + self.tie + self.b


@dataclasses.dataclass(frozen=True)
class Orders:
    """The two orders of one judge; pairs with identical answers were not asked about and are in none of this.

    - `a_first`, `b_first`: verdicts by the answer that was shown first, those that could be read.
    - `agreeing` of the `readable` pairs, both of whose replies could be read, have one verdict in both orders.
    - `for_first` of the `decided` verdicts, those that name a winner, name the answer shown first; half is no bias.
    """

    a_first: Tally
    b_first: Tally
    agreeing: int
    readable: int
    for_first: int
    decided: int


@dataclasses.dataclass(frozen=True)
class Lengths:
    """Mean lengths in UTF-8 bytes, over all pairs with an outcome, and outcomes by which of the two is longer."""

    mean_a: float
    mean_b: float
    a_longer: Tally
    b_longer: Tally
    equal: Tally


def orders_of(judgements: Sequence[Judgement]) -> Orders | None:
    """How the two orders compare; None of a judge that sees no order, or was asked nothing."""
    both = [orders for each in judgements if (orders := each.both_orders) is not None]
    if not both:
        return None
    a_first, b_first = (_tally(verdicts) for verdicts in zip(*both, strict=True))
    readable = [pair for pair in both if "unparsed" not in pair]
    return Orders(
        a_first=a_first,
        b_first=b_first,
        agreeing=sum(first == second for first, second in readable),
        readable=len(readable),
        for_first=a_first.a + b_first.b,
        decided=a_first.a + a_first.b + b_first.a + b_first.b,
    )


def lengths_of(judgements: Sequence[Judgement]) -> Lengths | None:
    """Lengths and their outcomes; None if no pair has an outcome."""
    told = [each for each in judgements if each.outcome != "unparsed"]
    if not told:
        return None
    sizes = [tuple(len(text.encode(errors="replace")) for text in (each.answer_a, each.answer_b)) for each in told]
    longer = [(size_a > size_b) - (size_a < size_b) for size_a, size_b in sizes]

    def tally(sign: int) -> Tally:
        return _tally([each.outcome for each, of in zip(told, longer, strict=True) if of == sign])

    mean_a, mean_b = (sum(of_run) / len(told) for of_run in zip(*sizes, strict=True))
    return Lengths(mean_a, mean_b, a_longer=tally(1), b_longer=tally(-1), equal=tally(0))


def _tally(winners: Sequence[Winner]) -> Tally:
    counts = Counter(winners)
    return Tally(counts["a"], counts["tie"], counts["b"])
