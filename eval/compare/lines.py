"""What a comparison says: a line a task and an average, and how sure it is."""

import dataclasses

import numpy as np

from eval.bootstrap import Difference
from eval.compare.sides import Side
from mixsched.errors import UsageError

FEWEST_RESAMPLES = 100


@dataclasses.dataclass(frozen=True)
class Bootstrap:
    """How errors are estimated: `resamples` of the items; the same `seed` gives the same numbers for a task, always."""

    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < FEWEST_RESAMPLES:
            raise UsageError(f"`resamples` must be at least {FEWEST_RESAMPLES}, got {self.resamples}; 10,000 is usual")
        if self.seed < 0:
            raise UsageError(f"`seed` must be at least 0, got {self.seed}")

    def rng(self, *names: str) -> np.random.Generator:
        """The random numbers of one task or average."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, *" ".join(names).encode()]))


@dataclasses.dataclass(frozen=True)
class Compared:
    """One line: a task, or an average of tasks.

    - `n`: items, of an average tasks.
    - `p_holm`: p adjusted for the number of tasks; None for averages, which are made of them.
    - `covers`, `missing`: of an average, the tasks that it is over and those that it lacks.
    """

    name: str
    metric: str
    n: int
    higher_is_better: bool
    difference: Difference
    p_holm: float | None = None
    covers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What B is against A: `better` or `worse`, or nothing if that can't be told from 0."""
        if not self.difference.is_distinguishable:
            return ""
        return "better" if (self.difference.value > 0) == self.higher_is_better else "worse"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """All lines, what was left out and why, and what a reader must know of single tasks.

    - `covers_seeds`: whether intervals cover what other seeds would have changed, besides other items.
    - `same_seeds`: whether both sides have the same seeds, which are then compared one by one.
    - `at_chance`: tasks on which no run is above chance (one-sided p < 0.05).
    """

    a: Side
    b: Side
    tasks: tuple[Compared, ...]
    averages: tuple[Compared, ...]
    left_out: dict[str, str]
    notes: dict[str, tuple[str, ...]]
    at_chance: tuple[str, ...]
    covers_seeds: bool
    same_seeds: bool
    bootstrap: Bootstrap
