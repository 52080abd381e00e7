"""What became no part of a source: how often for each reason, with a few examples that a person can look up."""

from collections.abc import Iterable, Sequence

import msgspec

EXAMPLES = 3
# Begins the reasons that count against a recipe's `broken_share`.
BROKEN = "broken: "
# A reason may hold a value of the data; what comes after so many is counted together, but for what is broken.
_REASONS, _OTHERS = 50, "other reasons"
_EXAMPLE_CHARACTERS = 80


class Drops(msgspec.Struct):
    """Counts by reason, and the first examples of each."""

    counts: dict[str, int] = {}
    examples: dict[str, list[str]] = {}

    def add(self, reason: str, origin: str, text: str = "") -> None:
        """Count one, told by its origin and the beginning of its text."""
        self.add_counted(reason, 1, [_example(origin, text)])

    def add_counted(self, reason: str, count: int, examples: Sequence[str]) -> None:
        """Count several, of which some are examples."""
        if reason not in self.counts and len(self.counts) >= _REASONS and not reason.startswith(BROKEN):
            reason = _OTHERS
        self.counts[reason] = self.counts.get(reason, 0) + count
        held = self.examples.setdefault(reason, [])
        held += examples[: EXAMPLES - len(held)]

    @property
    def total(self) -> int:
        """All that was dropped."""
        return sum(self.counts.values())


def merged(drops: Iterable[Drops]) -> Drops:
    """All of them together, in their order."""
    total = Drops()
    for each in drops:
        for reason, count in each.counts.items():
            total.add_counted(reason, count, each.examples.get(reason, []))
    return total


def _example(origin: str, text: str) -> str:
    beginning = " ".join(text[: 2 * _EXAMPLE_CHARACTERS].split())[:_EXAMPLE_CHARACTERS]
    return f"{origin}: {beginning}" if beginning else origin
