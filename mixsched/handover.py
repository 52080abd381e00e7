"""Where a capped source runs out: finds the step, and hands what it can no longer give to the other sources."""

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction

from mixsched.limits import Then
from mixsched.shares import Segment


@dataclasses.dataclass(frozen=True)
class Cap:
    """A limit in samples: so many may a source give in the whole run, and then?"""

    samples: int
    then: Then


def steps_within(segment: Segment, targets: Mapping[int, int]) -> int | None:
    """How many of the segment's steps leave every source at or below its target (a numerator); None if all do."""
    within = [
        max(segment.reach(source, target + 1) - 1, 0)
        for source, target in targets.items()
        if segment.numerator(source, segment.steps) > target
    ]
    return min(within, default=None)


def hand_over(wanted: Sequence[int], room: Mapping[int, int]) -> tuple[tuple[int, ...] | None, frozenset[int]]:
    """The rates of the step in which sources run out: no more than their room, the rest in proportion to `wanted`.

    Returns the rates, which add up to those wanted (None if nobody is left to take over), and who has run out.
    """
    full: dict[int, int] = {}
    while True:
        takers = {source: rate for source, rate in enumerate(wanted) if rate and source not in full}
        if not takers:
            return None, frozenset(full)
        given = apportion(takers, sum(wanted) - sum(full.values())) | full
        over = [source for source in takers if given[source] > room.get(source, given[source])]
        if not over:
            return tuple(given.get(source, 0) for source in range(len(wanted))), frozenset(full)
        full |= {source: room[source] for source in over}


def apportion(weights: Mapping[int, int], total: int) -> dict[int, int]:
    """`total` split in proportion to whole weights into whole numbers, the largest remainders rounded up.

    >>> apportion({0: 1, 1: 1, 2: 1}, 11)
    {0: 4, 1: 4, 2: 3}
    """
    whole = sum(weights.values())
    parts = {source: divmod(weight * total, whole) for source, weight in weights.items()}
    missing = total - sum(quotient for quotient, _ in parts.values())
    up = sorted(parts, key=lambda source: (-parts[source][1], source))[:missing]
    return {source: quotient + (source in up) for source, (quotient, _) in parts.items()}


def left_over(mix: Mapping[str, Fraction], used_up: frozenset[str]) -> Fraction:
    """The share of the mix that sources hold which are not used up."""
    return 1 - sum((share for source, share in mix.items() if source in used_up), Fraction(0))


def among_others(mix: Mapping[str, Fraction], used_up: frozenset[str]) -> dict[str, Fraction]:
    """The mix without the sources that are used up, scaled to add up to 1 again."""
    left = left_over(mix, used_up)
    return {source: share / left for source, share in mix.items() if source not in used_up}
