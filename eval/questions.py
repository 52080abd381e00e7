"""The items of a task of lm-eval before they are answered, and what their answers depend on but the model."""

import dataclasses
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import lm_eval
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from eval.asking import Asking
from eval.data.quiet import quiet
from eval.items import Kind
from eval.programs import PROGRAM_TASKS

KINDS: dict[str, Kind] = {
    "multiple_choice": "choice",
    "generate_until": "generation",
    "loglikelihood": "likelihood",
    "loglikelihood_rolling": "likelihood",
}
# Fields that name an item in the data sets that have one.
ID_FIELDS = ("id", "task_id", "question_id", "idx", "ind")


@dataclasses.dataclass(frozen=True)
class Question:
    """An item before it is answered: its document and the requests that lm-eval makes of it."""

    item: str
    doc: dict[str, Any]
    requests: list[Instance]


def arguments_of(request: Instance) -> tuple[Any, ...]:
    """What a request asks of a model: a context and its continuation, or one text, or a context and wishes."""
    return request.arguments


def kind_of(task: ConfigurableTask) -> Kind:
    """What a task wants of a model."""
    return "program" if task.task_name in PROGRAM_TASKS else KINDS[str(task.OUTPUT_TYPE)]


def questions_of(task: ConfigurableTask, asking: Asking) -> list[Question]:
    """The items of a task in its own order, with lm-eval's requests; programs are requested `samples` times."""
    is_program = kind_of(task) == "program"
    if is_program:
        task.set_config("repeats", asking.samples)
    with quiet():
        task.build_all_requests(limit=asking.limit, rank=0, world_size=1)
    requests = defaultdict(list)
    for request in task.instances:
        if is_program and asking.temperature:
            context, wishes = arguments_of(request)
            request.arguments = (context, wishes | {"do_sample": True, "temperature": asking.temperature})
        requests[request.doc_id].append(request)
    docs = {doc_id: task.eval_docs[doc_id] for doc_id in requests}
    names = _names(docs)
    return [
        Question(names[doc_id], docs[doc_id], sorted(asked, key=lambda request: request.idx))
        for doc_id, asked in requests.items()
    ]


def settings_of(task: ConfigurableTask, questions: Sequence[Question], asking: Asking) -> dict[str, Any]:
    """Everything that a model's answers depend on but the model."""
    digest = hashlib.sha256()
    for question in questions:
        asked = [
            question.item,
            [arguments_of(request) for request in question.requests],
            task.doc_to_target(question.doc),
        ]
        digest.update(json.dumps(asked, default=str).encode())
    sampled = {"samples": asking.samples, "temperature": asking.temperature, "seed": asking.seed}
    return {
        "shots": task.config.num_fewshot or 0,
        "items": len(questions),
        "limit": asking.limit,
        "asked": digest.hexdigest(),
        "task_version": task.VERSION,
        "lm_eval": lm_eval.__version__,
        "differs": (task.config.metadata or {}).get("data", {}).get("differs"),
        **(sampled if kind_of(task) == "program" else {}),
    }


def _names(docs: dict[int, dict[str, Any]]) -> dict[int, str]:
    for field in ID_FIELDS:
        named = {doc_id: str(doc.get(field, "")) for doc_id, doc in docs.items()}
        if all(named.values()) and len(set(named.values())) == len(named):
            return named
    return {doc_id: str(doc_id) for doc_id in docs}
