"""What a name stands for: a task of ours or of lm-eval, or the tasks of one of lm-eval's groups and tags."""

import dataclasses
import difflib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.tasks import TaskManager

from mixsched.errors import UsageError

_LM_EVAL = Path(lm_eval.tasks.__file__).parent
_OURS = (Path(__file__).parent / "tasks", Path(__file__).parent / "nano")
# Where lm-eval defines the suites' tasks: an index of all of its 14,000 names takes seconds.
_THEIRS = {
    "boolq": "super_glue/boolq",
    "cb": "super_glue/cb",
    "copa": "super_glue/copa",
    "piqa": "piqa",
    "sciq": "sciq",
    "social_iqa": "siqa",
    "storycloze_2016": "storycloze",
    "storycloze_2018": "storycloze",
    "hellaswag": "hellaswag",
    "winogrande": "winogrande",
    "arc_easy": "arc",
    "nq_open": "nq_open",
    "triviaqa": "triviaqa",
}
# The structure of a group; its other keys are settings for all of its tasks.
_GROUP_KEYS = ("group", "group_alias", "task", "tag", "include", "aggregate_metric_list", "metadata")


@dataclasses.dataclass(frozen=True)
class Member:
    """A task to load: its definition, and what a group that it came by changes of it."""

    name: str
    definition: Mapping[str, Any]
    changes: Mapping[str, Any]


def index_for(names: Sequence[str]) -> TaskManager:
    """lm-eval's index of the definitions that the names need: of all of lm-eval's only if one is not the suites'."""
    ours = TaskManager(include_defaults=False, include_path=list(_OURS))
    if set(names) <= {*ours.all_tasks, *_THEIRS}:
        folders = dict.fromkeys(_LM_EVAL / _THEIRS[name] for name in names if name in _THEIRS)
        return TaskManager(include_defaults=False, include_path=[*folders, *_OURS])
    return _index_of_everything()


@functools.cache
def _index_of_everything() -> TaskManager:
    return TaskManager(include_path=list(_OURS))


def members(manager: TaskManager, name: str, changes: Mapping[str, Any]) -> Iterator[Member]:
    """The tasks that a name stands for, in lm-eval's order, with what the groups on the way to them change.

    Raises UsageError with the nearest names if nothing has this one.
    """
    entry = manager.task_index.get(name)
    if entry is None:
        near = difflib.get_close_matches(name, manager.all_tasks, n=3, cutoff=0.5)
        meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UsageError(f"`tasks` names {name!r}, which neither lm-eval nor a suite here has{meant}")
    if entry.kind.name == "TAG":
        for task in sorted(entry.tags):
            yield from members(manager, task, changes)
    elif entry.kind.name == "GROUP":
        yield from _of_group(manager, entry.cfg or {}, changes)
    else:
        yield Member(name, {**(entry.cfg or {}), **changes}, changes)


def _of_group(manager: TaskManager, definition: Mapping[str, Any], changes: Mapping[str, Any]) -> Iterator[Member]:
    for_all = {key: value for key, value in definition.items() if key not in _GROUP_KEYS} | dict(changes)
    for one in definition["task"]:
        member = one if isinstance(one, dict) else {"task": one}
        name = str(member.get("group", member.get("task")))
        own = for_all | {key: value for key, value in member.items() if key not in ("group", "task")}
        if name in manager.task_index:
            yield from members(manager, name, own)
        elif "group" in member:
            yield from _of_group(manager, member, for_all)
        else:
            # A group may define a task on the spot.
            yield Member(name, own, own)
