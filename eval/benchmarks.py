"""Evaluates a model on tasks: asks what was not asked yet, and keeps each task's answers as soon as it has them."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from lm_eval.api.task import ConfigurableTask

from eval.asking import Asking
from eval.items import Answers, read_answers, read_record, write_answers
from eval.lm.model import RunLM
from eval.loading import load_tasks
from eval.questions import kind_of, questions_of, settings_of
from eval.sandbox.run import require_sandbox
from eval.task_answers import ask
from mixsched.errors import UsageError


def evaluate_tasks(
    lm: RunLM,
    kept: Path,
    names: Sequence[str],
    asking: Asking,
    *,
    data: Path | None,
    again: bool,
    watch: Callable[[str, str, int, int], None],
) -> tuple[dict[str, Answers], dict[str, str]]:
    """The answers to the tasks of these names, and why others were skipped.

    Answers that lie in the folder `kept` are taken from there if they were asked in the same way.

    - `data`: folder of the tasks' files; None: the hub.
    - `again`: ask all of them, whatever is kept.
    - `watch`: is told the task, what is being done, how much of it is done, and of how much.

    Tasks without data, and programs where no sandbox can be made, are skipped. Raises UsageError, before anything is
    asked, for an unknown task, or if none is left.
    """
    tasks, skipped = load_tasks(names, data=data)
    tasks, without_sandbox = _with_sandbox(tasks)
    skipped |= without_sandbox
    if not tasks:
        raise UsageError("no task is left to ask: " + "; ".join(f"{task}: {why}" for task, why in skipped.items()))
    answers = {}
    for name, task in tasks.items():
        questions = questions_of(task, asking)
        settings = settings_of(task, questions, asking)
        record = None if again else read_record(kept, name)
        known = read_answers(kept, name) if record is not None and record.settings == settings else None
        if known is None:
            known = ask(task, questions, settings, lm, watch=functools.partial(watch, name))
            write_answers(kept, known)
        answers[name] = known
    return answers, skipped


def _with_sandbox(tasks: dict[str, ConfigurableTask]) -> tuple[dict[str, ConfigurableTask], dict[str, str]]:
    """The tasks that can be run here, and why the others, which run programs, can't."""
    programs = [name for name, task in tasks.items() if kind_of(task) == "program"]
    try:
        if programs:
            require_sandbox()
    except UsageError as error:
        return {name: task for name, task in tasks.items() if name not in programs}, dict.fromkeys(programs, str(error))
    return tasks, {}
