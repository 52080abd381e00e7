"""How fast a sitting goes, measured in it alone, and how long the rest will take at that."""

import dataclasses
from collections.abc import Collection
from statistics import fmean

from experiments.grid.work import Ended


@dataclasses.dataclass(frozen=True)
class Left:
    """What is still to be done."""

    tokens: int
    evaluations: int
    judgements: int


class Pace:
    """Adds up what jobs took."""

    def __init__(self):
        self._tokens = 0
        self._train_s = 0.0
        self._evaluations_s: list[float] = []
        self._judgements_s: list[float] = []

    def add(self, ended: Ended) -> None:
        """Take in a job that ended."""
        self._tokens += ended.tokens
        self._train_s += ended.train_s
        self._evaluations_s += [] if ended.evaluation_s is None else [ended.evaluation_s]
        self._judgements_s += [] if ended.judging_s is None else [ended.judging_s]

    def left_s(
        self, left: Left, running: Collection[tuple[int, float]], *, workers: int
    ) -> tuple[float, tuple[str, ...]] | None:
        """Seconds until so many workers are done, and the kinds of jobs that are not in it since none was timed yet.

        None while training was not yet timed, or nothing that is left was. `running` gives the tokens and the seconds
        of each job that trains right now.
        """
        tokens = self._tokens + sum(tokens for tokens, _ in running)
        train_s = self._train_s + sum(seconds for tokens, seconds in running if tokens)
        worked_s = 0.0
        if left.tokens:
            if not tokens:
                return None
            worked_s += left.tokens * train_s / tokens
        unknown = []
        for kind, count, measured_s in (
            ("evaluations", left.evaluations, self._evaluations_s),
            ("judgements", left.judgements, self._judgements_s),
        ):
            if count and measured_s:
                worked_s += count * fmean(measured_s)
            elif count:
                unknown.append(kind)
        return (worked_s / workers, tuple(unknown)) if worked_s else None


def spoken(seconds: float) -> str:
    """A duration for people: "50 s", "12 min", "3.4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
