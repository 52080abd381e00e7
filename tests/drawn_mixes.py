"""Mixes drawn by Hypothesis, and the samples of a plan by name: what the tests of changed plans share."""

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import strategies as st

from mixsched import Placement, Plan, Ramp

NAMES = tuple("abcdefgh")
ROWS = {name: 40 + 7 * place for place, name in enumerate(NAMES)}


def mix_of(parts: Mapping[str, int]) -> dict[str, Fraction]:
    total = sum(parts.values())
    return {name: Fraction(part, total) for name, part in parts.items()}


parts = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9) | st.sampled_from([10**4, 10**9]), min_size=1)
mixes = parts.filter(lambda drawn: any(drawn.values())).map(mix_of)
kinds = mixes | st.builds(Ramp, mixes, mixes, st.sampled_from(["linear", "cosine"]))


def named(plan: Plan, placement: Placement) -> list[tuple[str, int, int, int]]:
    """Source, cursor, epoch and record of each sample."""
    return list(
        zip(
            [plan.sources[source] for source in placement.source],
            placement.cursor.tolist(),
            placement.epoch.tolist(),
            placement.record.tolist(),
            strict=True,
        )
    )


def harmonic(number: int) -> float:
    return sum(1 / k for k in range(1, number + 1))
