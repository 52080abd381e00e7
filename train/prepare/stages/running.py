"""Runs the tasks of a stage that are not finished yet, and shows how far it is."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from train.prepare.stages.shown import stage_shown
from train.prepare.stages.work import Made, Task, execute, finished

_T = TypeVar("_T")


class Workers(Protocol):
    """What calls a function on many arguments: processes of this machine, or a cluster."""

    def run(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yields (number of the argument, result) as they are finished."""
        ...


class Stages:
    """The stages of one preparation: they share a work folder and the workers."""

    def __init__(self, work: Path, workers: Workers, say: Callable[[str], None]):
        self._work, self._workers, self._say = work, workers, say

    def run(self, stage: str, tasks: Sequence[Task], kind: type[_T]) -> list[tuple[Made, _T]]:
        """What the tasks wrote and their results, in their order; what was finished before is not done again."""
        outcomes = [finished(self._work, task) for task in tasks]
        open_tasks = [number for number, outcome in enumerate(outcomes) if outcome is None]
        # The largest first, so that no worker begins one when the others have ended.
        open_tasks.sort(key=lambda number: -tasks[number].size)
        with stage_shown(stage, [task.size for task in tasks], open_tasks, self._say) as advance:
            work = functools.partial(execute, self._work)
            for place, outcome in self._workers.run(work, [tasks[number] for number in open_tasks]):
                outcomes[open_tasks[place]] = outcome
                advance(open_tasks[place])
        return [(made, msgspec.convert(result, kind)) for made, result in filter(None, outcomes)]
