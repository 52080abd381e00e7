"""Lets a model answer the questions of a task, and keeps its answers with what the metrics are."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from eval.answer_items import choice_item, other_item, program_item
from eval.items import Answers, Item, TaskRecord
from eval.lm.model import RunLM
from eval.metrics import metrics_of
from eval.programs import verdicts_of
from eval.progress import TaskWatch
from eval.questions import Question, kind_of
from eval.suites import headline


def ask(
    task: ConfigurableTask,
    questions: Sequence[Question],
    settings: dict[str, Any],
    lm: RunLM,
    *,
    watch: TaskWatch,
) -> Answers:
    """Let the model answer, run programs in their sandboxes, and score each item.

    - `settings`: what `settings_of` says of the questions.
    - `watch`: is told what is being done, how much of it is done, and of how much.
    """
    before = lm.truncated
    _answer(questions, lm, watch)
    kind = kind_of(task)
    if kind == "program":
        items = _program_items(task, questions, watch)
    else:
        task.apply_filters()
        make = choice_item if kind == "choice" else other_item
        items = [make(task, question) for question in questions]
    metrics = metrics_of(task, kind, items)
    return Answers(
        TaskRecord(
            task=task.task_name,
            kind=kind,
            # An open-ended task has answers and no metric.
            headline=headline(task.task_name, kind, list(metrics)) if metrics else "",
            metrics=metrics,
            settings=settings,
            truncated=lm.truncated - before,
        ),
        items,
    )


def _answer(questions: Sequence[Question], lm: RunLM, watch: TaskWatch) -> None:
    by_type: dict[str, list[Instance]] = defaultdict(list)
    for question in questions:
        for request in question.requests:
            by_type[request.request_type] += [request] * (request.repeats or 1)
    for request_type, requests in by_type.items():
        doing = "generating" if request_type == "generate_until" else "scoring"
        lm.progress = lambda done, total, doing=doing: watch(doing, done, total)
        match request_type:
            case "loglikelihood":
                answers = lm.loglikelihood(requests)
            case "loglikelihood_rolling":
                answers = lm.loglikelihood_rolling(requests)
            case _:
                answers = lm.generate_until(requests)
        for request, answer in zip(requests, answers, strict=True):
            request.resps.append(answer)


def _program_items(task: ConfigurableTask, questions: Sequence[Question], watch: TaskWatch) -> list[Item]:
    outputs = [[str(output) for output in question.requests[0].resps] for question in questions]
    verdicts = verdicts_of(
        task.task_name,
        [question.doc for question in questions],
        outputs,
        progress=lambda done, total: watch("running", done, total),
    )
    return [
        program_item(task, question, made, ended)
        for question, made, ended in zip(questions, outputs, verdicts, strict=True)
    ]
