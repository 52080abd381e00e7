"""Pairs the answers of several runs to one task, item by item, and says what keeps them from being compared."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from eval.bootstrap import Sides
from eval.items import Answers, Item
from eval.statistics import cluster_numbers, fractions_of, scored

# Settings under which the items that both sides have can still be compared; all others must agree.
MAY_DIFFER = ("limit", "lm_eval", "seed")
# Settings that follow from which items were asked.
FOLLOWS_LIMIT = ("asked", "items")


class Unpaired(Exception):
    """Why the answers of these runs can't be compared."""


@dataclasses.dataclass(frozen=True)
class Paired:
    """A task's scores on both sides over the items that all runs have, and what a reader must know of them."""

    sides: Sides
    items: int
    notes: tuple[str, ...]


def pair(a: Mapping[str, Answers], b: Mapping[str, Answers], metric: str) -> Paired:
    """Scores of the items that all runs have scored, summed up by cluster; runs are named in what is told.

    Raises Unpaired if the task was asked in different ways, or no item is in all runs.
    """
    runs = [*a.items(), *b.items()]
    notes = _compare_settings({name: answers.record.settings for name, answers in runs})
    declared = runs[0][1].record.metrics[metric]
    by_run = [(name, _by_name(name, answers.items)) for name, answers in runs]
    counting = [{item.item for item in scored(answers.items, metric, declared)} for _, answers in runs]
    common = [item.item for item in runs[0][1].items if all(item.item in names for names in counting)]
    if not common:
        raise Unpaired("no item has a score in all runs; evaluate them on the same data")
    _check_same_items(by_run, common)
    first = [by_run[0][1][name] for name in common]
    clusters = cluster_numbers(first)
    sums = np.stack(
        [_sums(fractions_of([items[name] for name in common], metric, declared), clusters) for _, items in by_run]
    )
    notes += _cut({name: answers.record.truncated for name, answers in runs})
    notes += _left_out(counting[: len(a)], counting[len(a) :], len(common))
    return Paired(Sides(sums[: len(a)], sums[len(a) :]), len(common), tuple(notes))


def _sums(fractions: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(clusters, column) for column in fractions.T], axis=1)


def _by_name(run: str, items: Sequence[Item]) -> dict[str, Item]:
    named = {item.item: item for item in items}
    if len(named) < len(items):
        raise Unpaired(f"'{run}' has several items of one name; evaluate the task again")
    return named


def _compare_settings(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What differs and may; raises Unpaired for what may not."""
    names = dict.fromkeys(name for each in settings.values() for name in each)
    apart = [name for name in names if len({str(each.get(name, "absent")) for each in settings.values()}) > 1]
    may = (*MAY_DIFFER, *FOLLOWS_LIMIT) if "limit" in apart else MAY_DIFFER
    if wrong := [name for name in apart if name not in may]:
        raise Unpaired(f"asked in different ways ({_told(settings, wrong)}); evaluate them alike")
    told = [name for name in apart if name not in FOLLOWS_LIMIT]
    return [f"settings differ: {_told(settings, told)}"] if told else []


def _told(settings: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> str:
    def values(name: str) -> str:
        runs: dict[str, list[str]] = {}
        for run, each in settings.items():
            runs.setdefault(str(each.get(name, "absent"))[:20], []).append(run)
        return " and ".join(f"{value} in {', '.join(those)}" for value, those in runs.items())

    return "; ".join(f"`{name}` is {values(name)}" for name in names)


def _check_same_items(by_run: Sequence[tuple[str, Mapping[str, Item]]], common: Sequence[str]) -> None:
    (first_run, first), *others = by_run
    for name in common:
        for run, items in others:
            if _what_was_asked(first[name]) != _what_was_asked(items[name]):
                raise Unpaired(
                    f"item {name!r} of '{run}' has another prompt, other choices, another target or cluster than in "
                    f"'{first_run}'; evaluate them on the same data"
                )


def _what_was_asked(item: Item) -> tuple[Any, ...]:
    return item.prompt, item.choices, item.gold, item.target, item.cluster


def _cut(truncated: Mapping[str, int]) -> list[str]:
    """Models whose contexts differ read different ends of the same texts."""
    if len(set(truncated.values())) == 1:
        return []
    told = ", ".join(f"{count:,} in {run}" for run, count in truncated.items())
    return [f"requests cut to the model's context: {told}"]


def _left_out(a: Sequence[set[str]], b: Sequence[set[str]], common: int) -> list[str]:
    of_a, of_b = set.union(*a), set.union(*b)
    counts = {
        "that only A has": len(of_a - of_b),
        "that only B has": len(of_b - of_a),
        "that some seeds lack": len(of_a & of_b) - common,
    }
    return [f"{count:,} item{'s' * (count > 1)} left out {why}" for why, count in counts.items() if count]
