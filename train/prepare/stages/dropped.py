"""What became no part of a source: how often for each reason, with a few examples that a person can look up."""

from collections.abc import Iterable

import msgspec

EXAMPLES = 3
# A reason may hold a value of the data; what comes after so many is counted together.
_REASONS, _OTHERS = 50, "other reasons"
_EXAMPLE_CHARACTERS = 80


class Drops(msgspec.Struct):
    """Counts by reason, and the first examples of each."""

    counts: dict[str, int] = {}
    examples: dict[str, list[str]] = {}

    def add(self, reason: str, origin: str, text: str = "") -> None:
        """Count one, told by its origin and the beginning of its text."""
        if reason not in self.counts and len(self.counts) >= _REASONS:
            reason = _OTHERS
        self.counts[reason] = self.counts.get(reason, 0) + 1
        held = self.examples.setdefault(reason, [])
        if len(held) < EXAMPLES:
            held.append(_example(origin, text))

    @property
    def total(self) -> int:
        """All that was dropped."""
        return sum(self.counts.values())


def merged(drops: Iterable[Drops]) -> Drops:
    """All of them together, in their order."""
    total = Drops()
    for each in drops:
        for reason, count in each.counts.items():
            total.counts[reason] = total.counts.get(reason, 0) + count
            held = total.examples.setdefault(reason, [])
            held += each.examples.get(reason, [])[: EXAMPLES - len(held)]
    return total


def _example(origin: str, text: str) -> str:
    beginning = " ".join(text[: 2 * _EXAMPLE_CHARACTERS].split())[:_EXAMPLE_CHARACTERS]
    return f"{origin}: {beginning}" if beginning else origin
