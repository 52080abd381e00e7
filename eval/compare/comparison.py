"""Compares two runs, or two experiments with several seeds each, on what both were asked."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from eval.bootstrap import Draws, average_draws, covers_seeds, difference, draw, holm
from eval.compare.lines import Bootstrap, Compared, Comparison
from eval.compare.pairing import Unpaired, pair
from eval.compare.sides import Side, find_side
from eval.items import Answers
from eval.statistics import estimate, p_above_chance
from eval.suites import SUITES, Suite, averages, suite_named
from mixsched.errors import UsageError, did_you_mean

CHANCE_LEVEL = 0.05
HELDOUT = "heldout/"


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
    bootstrap: Bootstrap,
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
