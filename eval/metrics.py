"""How the scores of a task's items become one number."""

import math
from collections.abc import Sequence

from lm_eval.api.registry import AGGREGATION_REGISTRY
from lm_eval.api.task import ConfigurableTask

from eval.items import Item, Kind, Metric

# Scores that are a numerator and a denominator.
RATIO = ("bits_per_byte",)


def aggregation_of(task: ConfigurableTask, metric: str) -> str | None:
    """The name of a metric's aggregation; None where it is a function of the task alone (CB's F1), which no file of
    items could name, so that such a metric is not kept.
    """
    name = metric.partition(",")[0]
    if name in RATIO:
        return "ratio"
    function = task.aggregation().get(name)
    named = [known for known, one in AGGREGATION_REGISTRY.items() if one is function]
    return named[0] if named else None


def metrics_of(task: ConfigurableTask, kind: Kind, items: Sequence[Item]) -> dict[str, Metric]:
    """The metrics that the items have scores in. Those that lm-eval does not know are means, and more is better."""
    names = dict.fromkeys(name for item in items for name in item.scores)
    better = task.higher_is_better()
    return {
        name: Metric(
            aggregation=aggregation_of(task, name) or "mean",
            higher_is_better=name not in RATIO and bool(better.get(name.partition(",")[0], True)),
            chance=_chance(items) if kind == "choice" and name in ("acc", "acc_norm") else None,
        )
        for name in names
    }


def _chance(items: Sequence[Item]) -> float:
    return math.fsum(_right(item) / len(item.choices) for item in items if item.choices) / len(items)


def _right(item: Item) -> int:
    """How many of an item's choices are right."""
    return len(item.target) if isinstance(item.target, list) else 1
