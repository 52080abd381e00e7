"""Compares two runs, or two experiments with several seeds each, on what both were asked."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.bootstrap import Difference, Draws, average_draws, covers_seeds, difference, draw, holm
from eval.compare.pairing import Unpaired, pair
from eval.compare.sides import Side, find_side
from eval.items import Answers
from eval.statistics import estimate, p_above_chance
from eval.suites import SUITES, Suite, averages, suite_named
from mixsched.errors import UsageError, did_you_mean

FEWEST_RESAMPLES = 100
CHANCE_LEVEL = 0.05
HELDOUT = "heldout/"


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


@dataclasses.dataclass(frozen=True)
class _Task:
    metric: str
    higher_is_better: bool
    n: int
    draws: Draws
    notes: tuple[str, ...]
    is_at_chance: bool


def compare_runs(
    a: Path,
    b: Path,
    *,
    suite: str | None = None,
    tasks: Sequence[str] = (),
    metric: str | None = None,
    step: int | None = None,
    bootstrap: Bootstrap = Bootstrap(),
) -> Comparison:
    """Differences B - A with 95% intervals on every task that all runs of both sides answered, and their averages.

    - `a`, `b`: a run's folder, or what the folders of several seeds begin with (`runs/code25-nano`).
    - `suite`: its tasks and averages, and held-out text, alone. `tasks`: these alone. Neither: all that there is.
    - `metric`: None: each task's headline.
    - `step`: None: for each side the last after which its runs were evaluated.

    Raises UsageError if there is nothing to compare.
    """
    suites = [suite_named(suite)] if suite else list(SUITES.values())
    sides = find_side(a, step=step), find_side(b, step=step)
    first, second = ({folder.path.resolve() for folder in side.folders} for side in sides)
    if shared := first & second:
        raise UsageError(f"both sides hold the run '{shared.pop()}'; name two that have none in common")
    found: dict[str, _Task] = {}
    left_out: dict[str, str] = {}
    for name in _wanted(sides, suites, tasks, whole=suite is None):
        try:
            found[name] = _compare_task(name, sides, metric, bootstrap)
        except Unpaired as reason:
            left_out[name] = str(reason)
    if not found:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise UsageError(f"nothing of '{a}' and '{b}' can be compared: {why or 'evaluate both on the same tasks'}")
    same_seeds = sides[0].seeds == sides[1].seeds
    return Comparison(
        a=sides[0],
        b=sides[1],
        tasks=_task_lines(found, same_seeds=same_seeds, bootstrap=bootstrap),
        averages=tuple(_average_lines(found, suites, same_seeds=same_seeds, bootstrap=bootstrap)),
        left_out=left_out,
        notes={name: task.notes for name, task in found.items() if task.notes},
        at_chance=tuple(name for name, task in found.items() if task.is_at_chance),
        covers_seeds=covers_seeds(seeds_a=len(sides[0].seeds), seeds_b=len(sides[1].seeds)),
        same_seeds=same_seeds,
        bootstrap=bootstrap,
    )


def _wanted(sides: tuple[Side, Side], suites: Sequence[Suite], tasks: Sequence[str], *, whole: bool) -> list[str]:
    """What any run was asked of what is wanted, suites' tasks first."""
    of_some = sides[0].tasks_of_some | sides[1].tasks_of_some
    for name in tasks:
        if name not in of_some:
            raise UsageError(f"no run was asked the task {name!r}; {did_you_mean(name, of_some)}")
    ordered = [name for suite in suites for name in suite.tasks if name in of_some]
    others = sorted(name for name in of_some - {*ordered} if whole or name.startswith(HELDOUT))
    return list(dict.fromkeys(tasks)) or [*ordered, *others]


def _compare_task(name: str, sides: tuple[Side, Side], metric: str | None, bootstrap: Bootstrap) -> _Task:
    a, b = (side.answers(name) for side in sides)
    for label, side, answers in zip("AB", sides, (a, b), strict=True):
        if len(answers) < len(side.folders):
            raise Unpaired(f"{'some seeds' if answers else 'the runs'} of {label} were not asked it")
    every = [*a.values(), *b.values()]
    chosen = metric or every[0].record.headline
    if not all(chosen in answers.record.metrics for answers in every):
        has = ", ".join(every[0].record.metrics)
        raise Unpaired(f"has no metric {chosen!r}, only {has}" if has else "has no metric, only answers for a judge")
    declared = every[0].record.metrics[chosen]
    if declared.aggregation not in ("mean", "ratio"):
        raise Unpaired(f"{chosen!r} is no mean over items; choose another with --metric")
    paired = pair(a, b, chosen)
    return _Task(
        metric=chosen,
        higher_is_better=declared.higher_is_better,
        n=paired.items,
        draws=draw(paired.sides, resamples=bootstrap.resamples, rng=bootstrap.rng("items", name, chosen)),
        notes=paired.notes,
        is_at_chance=declared.chance is not None and not any(_above(each, chosen, declared.chance) for each in every),
    )


def _above(answers: Answers, metric: str, chance: float) -> bool:
    p = p_above_chance(estimate(answers, metric), chance)
    return p is not None and p < CHANCE_LEVEL


def _task_lines(found: Mapping[str, _Task], *, same_seeds: bool, bootstrap: Bootstrap) -> tuple[Compared, ...]:
    lines = []
    for name, task in found.items():
        apart = difference(task.draws, same_seeds=same_seeds, rng=bootstrap.rng("seeds", name, task.metric))
        lines.append(Compared(name, task.metric, task.n, task.higher_is_better, apart))
    adjusted = holm({line.name: line.difference.p for line in lines if line.difference.p is not None})
    return tuple(dataclasses.replace(line, p_holm=adjusted.get(line.name)) for line in lines)


def _average_lines(
    found: Mapping[str, _Task], suites: Sequence[Suite], *, same_seeds: bool, bootstrap: Bootstrap
) -> Iterator[Compared]:
    for suite in suites:
        for average in averages(suite, found):
            members = [found[task] for task in average.weights]
            directions = {member.higher_is_better for member in members}
            if len(directions) > 1:
                continue
            draws = average_draws({task: found[task].draws for task in average.weights}, average.weights)
            name = f"{suite.name}/{average.name}"
            yield Compared(
                name=name,
                metric="average",
                n=len(members),
                higher_is_better=directions.pop(),
                difference=difference(draws, same_seeds=same_seeds, rng=bootstrap.rng("seeds", name)),
                covers=tuple(average.weights),
                missing=average.missing,
            )
