"""How far verdicts can be trusted: do they follow order or length, and do other judges agree?"""

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


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Of the `n` pairs that both judges gave an outcome: the share on which it is the same.

    `kappa` is Cohen's (1960): how much of the agreement that chance leaves open is reached; None where chance alone
    agrees always, as when both judges say one thing of all pairs.
    """

    n: int
    raw: float
    kappa: float | None


def agreement_of(one: Sequence[Judgement], other: Sequence[Judgement]) -> Agreement | None:
    """The agreement of two judges; None where no pair has an outcome of both."""
    theirs = {each.item: each.outcome for each in other}
    both = [(each.outcome, theirs[each.item]) for each in one if each.item in theirs]
    both = [pair for pair in both if "unparsed" not in pair]
    n = len(both)
    if not n:
        return None
    raw = sum(first == second for first, second in both) / n
    firsts, seconds = (Counter(outcomes) for outcomes in zip(*both, strict=True))
    same_by_chance = sum(firsts[outcome] * seconds[outcome] for outcome in firsts)
    if same_by_chance == n * n:
        return Agreement(n, raw, None)
    by_chance = same_by_chance / n**2
    return Agreement(n, raw, (raw - by_chance) / (1 - by_chance))


def majority(judges: Sequence[Sequence[Judgement]]) -> list[tuple[Winner, str]]:
    """The (outcome, cluster) of each pair by most of the judges that gave it one: more than half, else a tie.

    With two judges that is what both say. Pairs of which no judge gave an outcome are left out.
    """
    votes: dict[str, Counter[Winner]] = {}
    clusters: dict[str, str] = {}
    for judgements in judges:
        for each in judgements:
            if each.outcome != "unparsed":
                votes.setdefault(each.item, Counter())[each.outcome] += 1
                clusters[each.item] = each.cluster
    return [(_most(counts), clusters[item]) for item, counts in votes.items()]


def _most(counts: Counter[Winner]) -> Winner:
    winner, count = counts.most_common(1)[0]
    return winner if 2 * count > counts.total() else "tie"
