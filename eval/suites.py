"""What the suites measure, which metric stands for a task, and the averages that the paper makes of them."""

import dataclasses
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from eval.items import Kind
from mixsched.errors import UsageError, did_you_mean


@dataclasses.dataclass(frozen=True)
class Suite:
    """A list of tasks in the groups that are averaged.

    - `groups`: the tasks of `reasoning`, `knowledge` and `code`, in the order of a table.
    - `apart`: tasks that are measured and stand in no average.
    """

    name: str
    groups: Mapping[str, tuple[str, ...]]
    apart: tuple[str, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks, those of the groups first."""
        return (*(task for group in self.groups.values() for task in group), *self.apart)


PAPER = Suite(
    "paper",
    groups={
        "reasoning": (
            "boolq",
            "piqa",
            "sciq",
            "social_iqa",
            "quac",
            "cb",
            "copa",
            # Of 2016, since lm-eval asks the test split, and the labels of 2018's are not published.
            "storycloze_2016",
            "hellaswag",
            "winogrande",
            "arc_easy",
        ),
        "knowledge": ("nq_open", "triviaqa"),
        "code": ("humaneval", "mbpp"),
    },
    apart=("dolly",),
)
NANO = Suite(
    "nano",
    groups={
        "reasoning": ("nano_cloze", "nano_agreement", "nano_order"),
        "knowledge": ("nano_capitals", "nano_kinds", "nano_glosses"),
        "code": ("nano_functions",),
    },
    apart=("nano_layout", "nano_solutions", "nano_open"),
)
SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (PAPER, NANO)}

HEADLINES: Mapping[Kind, str] = {
    # The paper says "accuracy" and not whether it is normalised by length. `acc` is the one that all choice tasks have:
    # lm-eval gives `acc_norm` for five of the paper's eleven alone.
    "choice": "acc",
    "generation": "exact_match",
    "program": "pass@1",
    "likelihood": "bits_per_byte",
    "heldout": "bits_per_byte",
}
HEADLINE_OF_TASK: Mapping[str, str] = {
    # Its answers are spans as long as clauses, which hardly a model gives to the letter; F1 is QuAC's own measure.
    "quac": "f1",
}

_GROUPS_OF_AVERAGE: Mapping[str, tuple[str, ...]] = {
    "reasoning": ("reasoning",),
    "knowledge": ("knowledge",),
    "nl_average": ("reasoning", "knowledge"),
    "code": ("code",),
    "total_average": ("reasoning", "knowledge", "code"),
}

_CLUSTER_FIELD: Mapping[str, str] = {
    "boolq": "passage",
    "piqa": "goal",
    "social_iqa": "context",
    "quac": "context",
    # The validation split has a question once for each of its two kinds of evidence.
    "triviaqa": "question_id",
}


@dataclasses.dataclass(frozen=True)
class Average:
    """One average of a suite, over the tasks at hand.

    - `weights`: what each task's value counts; they add up to 1, so that the value is a weighted sum of the tasks'
      values, and its variance that of their variances with the squared weights.
    - `missing`: the tasks that the whole average has besides, and this one has not.
    """

    name: str
    weights: Mapping[str, float]
    missing: tuple[str, ...]

    def of(self, values: Mapping[str, float]) -> float:
        """The average of the tasks' values, in their unit."""
        return sum(weight * values[task] for task, weight in self.weights.items())


def averages(suite: Suite, tasks: Collection[str]) -> list[Average]:
    """The averages that can be formed from the headline values of the `tasks` at hand, in the order of Table 2.

    A group's value is the mean of its tasks; nl_average the mean of reasoning and knowledge, total_average that of all
    three groups (arXiv 2408.10914, Table 2, whose rows agree with this). An average is formed where each of its groups
    has a task, and says which tasks it lacks. At 470M parameters the paper leaves out tasks that are near chance
    (section 2.2), and does not say which.
    """
    formed = []
    for name, groups in _GROUPS_OF_AVERAGE.items():
        held = {group: [task for task in suite.groups[group] if task in tasks] for group in groups}
        if all(held.values()):
            weights = {task: 1 / (len(groups) * len(of_group)) for of_group in held.values() for task in of_group}
            whole = (task for group in groups for task in suite.groups[group])
            formed.append(Average(name, weights, tuple(task for task in whole if task not in weights)))
    return formed


def headline(task: str, kind: Kind, metrics: Sequence[str]) -> str:
    """The metric that stands for a task in tables and averages: one of its `metrics`, the first if it lacks ours."""
    wanted = HEADLINE_OF_TASK.get(task, HEADLINES[kind])
    return wanted if wanted in metrics else metrics[0]


def suite_named(name: str) -> Suite:
    """The suite of that name. Raises UsageError that lists them."""
    if name not in SUITES:
        raise UsageError(f"`suite` {name!r} is unknown; {did_you_mean(name, SUITES)}")
    return SUITES[name]


def cluster_of(task: str, document: Mapping[str, Any]) -> str | None:
    """A short name that documents share which are not independent (questions on one passage); None for the others.

    A document's own field `cluster` goes first.
    """
    field = "cluster" if "cluster" in document else _CLUSTER_FIELD.get(task)
    if field is None or field not in document:
        return None
    return hashlib.sha256(str(document[field]).encode()).hexdigest()[:16]
