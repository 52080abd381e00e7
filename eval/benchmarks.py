"""Evaluates a model on tasks: asks what was not asked yet, and keeps each task's answers as soon as it has them."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.asking import Asking
from eval.items import Answers, read_answers, read_record, write_answers
from eval.lm import RunLM
from eval.loading import load_tasks
from eval.questions import kind_of, questions_of, settings_of
from eval.sandbox import require_sandbox
from eval.task_answers import ask


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

    Raises UsageError, before anything is asked, for an unknown task, or programs where there is no sandbox.
    """
    tasks, skipped = load_tasks(names, data=data)
    if any(kind_of(task) == "program" for task in tasks.values()):
        require_sandbox()
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
