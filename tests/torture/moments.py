"""When a campaign kills, by which signal and whom: drawn from its seed, so that the same moments can be had again."""

import dataclasses
import random
import signal

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@dataclasses.dataclass(frozen=True)
class Moment:
    """A kill that is to come.

    - `share`: where in the life of the command, from 0 to 1: of its time, or `at_write` of the files that it writes.
    - `everyone`: all of its processes get the signal, as when a machine goes down; otherwise its process group.
    """

    by: signal.Signals
    share: float
    at_write: bool
    everyone: bool

    @property
    def how(self) -> str:
        """The signal and whom it reaches, in words."""
        return f"{self.by.name}{' to every process' if self.everyone else ''}"


def moments(command: str, count: int, *, seed: int) -> list[Moment]:
    """So many kills of a command: the three signals in turn, every second one as it writes a file.

    Their shares are spread over the whole life: one is drawn from each of `count` equal parts of it, in random order.
    """
    draw = random.Random(f"{seed} {command}")
    parts = draw.sample(range(count), count)
    return [
        Moment(
            by=SIGNALS[number % len(SIGNALS)],
            share=(part + draw.random()) / count,
            at_write=number % 2 == 1,
            # A second of two signals to a worker that saves means to stop at once: only SIGKILL is sent to all.
            everyone=number % (2 * len(SIGNALS)) == 0,
        )
        for number, part in enumerate(parts)
    ]


def divided(kills: int, weights: dict[str, int]) -> dict[str, int]:
    """How many of the kills each command gets, in proportion to its weight; the first ones get what is left over."""
    total = sum(weights.values())
    parts = {name: kills * weight // total for name, weight in weights.items()}
    for name in list(parts)[: kills - sum(parts.values())]:
        parts[name] += 1
    return parts
