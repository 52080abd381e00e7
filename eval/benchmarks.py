"""Evaluates a model on tasks: asks what was not asked yet, and keeps each task's answers as soon as it has them."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from lm_eval.api.task import ConfigurableTask

from eval.asking import Asking
from eval.items import Answers, keep, kept_answers
from eval.lm.model import RunLM
from eval.loading import load_tasks
from eval.progress import Watch
from eval.questions import kind_of, questions_of, settings_of
from eval.sandbox.run import require_sandbox
from eval.task_answers import ask
from mixsched.errors import UsageError


def ready_tasks(names: Sequence[str], *, data: Path | None) -> tuple[dict[str, ConfigurableTask], dict[str, str]]:
    """The tasks of these names that can be asked here, and why the others are skipped.

    - `data`: folder of the tasks' files; None: the hub.

    Tasks without data, and programs where no sandbox can be made, are skipped. Raises UsageError for an unknown task, a
    file of another schema, or if no task is left.
    """
    tasks, skipped = load_tasks(names, data=data)
    tasks, without_sandbox = _with_sandbox(tasks)
    skipped |= without_sandbox
    if not tasks:
        between = "\n  " if len(skipped) > 1 else " "
        told = between.join(f"{task}: {why}" for task, why in skipped.items())
        raise UsageError(f"no task is left to ask:{between}{told}")
    return tasks, skipped


def evaluate_tasks(
    lm: RunLM,
    kept: Path,
    tasks: Mapping[str, ConfigurableTask],
    asking: Asking,
    *,
    again: bool,
    watch: Watch,
) -> dict[str, Answers]:
    """The answers to these tasks.

    Answers that lie whole in the folder `kept` are taken from there if they were asked in the same way. Those to a few
    items (`asking.limit`) do not take the place of those to all.

    - `again`: ask all of them, whatever is kept.
    - `watch`: is told the task, what is being done, how much of it is done, and of how much.
    """
    answers = {}
    for name, task in tasks.items():
        questions = questions_of(task, asking)
        settings = settings_of(task, questions, asking)
        known = None if again else kept_answers(kept, name, settings)
        if known is None:
            known = ask(task, questions, settings, lm, watch=functools.partial(watch, name))
            keep(kept, known)
        answers[name] = known
    return answers


def _with_sandbox(tasks: dict[str, ConfigurableTask]) -> tuple[dict[str, ConfigurableTask], dict[str, str]]:
    """The tasks that can be run here, and why the others, which run programs, can't."""
    programs = [name for name, task in tasks.items() if kind_of(task) == "program"]
    try:
        if programs:
            require_sandbox()
    except UsageError as error:
        return {name: task for name, task in tasks.items() if name not in programs}, dict.fromkeys(programs, str(error))
    return tasks, {}
