"""Several judges on the same pairs: how far they agree, and what most of them say."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

from eval.judge.judgement import Judgement, Winner


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
