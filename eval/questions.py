"""The items of a task of lm-eval before they are answered, and what their answers depend on but the model."""

import dataclasses
import hashlib
import inspect
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from eval.asking import Asking
from eval.data.quiet import quiet
from eval.items import Kind
from eval.lm.requests import arguments_of
from eval.programs import PROGRAM_LIMITS, PROGRAM_TASKS, program_of

KINDS: dict[str, Kind] = {
    "multiple_choice": "choice",
    "generate_until": "generation",
    "loglikelihood": "likelihood",
    "loglikelihood_rolling": "likelihood",
}
# Of how this package asks and scores. Raised with every change that may change a score, so that answers which were kept
# before are not taken for what would be found now.
METHOD = 1
# What a definition says of how answers are asked for and scored, besides what each item says.
_DEFINING = ("output_type", "generation_kwargs", "filter_list", "metric_list", "process_results")
# Fields that name an item in the data sets that have one.
ID_FIELDS = ("id", "task_id", "question_id", "idx", "ind")


@dataclasses.dataclass(frozen=True)
class Question:
    """An item before it is answered: its document and the requests that lm-eval makes of it."""

    item: str
    doc: dict[str, Any]
    requests: list[Instance]


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
        requests = [arguments_of(request) for request in question.requests]
        asked = [question.item, requests, _held_against(task, question.doc)]
        digest.update(json.dumps(asked, default=str).encode())
    sampled = {"samples": asking.samples, "temperature": asking.temperature, "seed": asking.seed}
    return {
        "shots": task.config.num_fewshot or 0,
        "items": len(questions),
        "limit": asking.limit,
        "asked": digest.hexdigest(),
        "definition": _definition(task),
        "method": METHOD,
        "task_version": task.VERSION,
        "lm_eval": lm_eval.__version__,
        "differs": (task.config.metadata or {}).get("data", {}).get("differs"),
        **(sampled if kind_of(task) == "program" else {}),
    }


def _held_against(task: ConfigurableTask, doc: dict[str, Any]) -> list[Any]:
    """What the answers to an item are scored by, as far as its own document says it."""
    told: list[Any] = [task.doc_to_target(doc)]
    if kind_of(task) == "program":
        told += [program_of(task.task_name, doc, ""), dataclasses.astuple(PROGRAM_LIMITS)]
    if task.multiple_input:
        # The number of the right prompt; what is scored is the same after all of them.
        told.append(task.doc_to_text(doc))
    if callable(task.config.process_results):
        told.append(doc)
    return told


def _definition(task: ConfigurableTask) -> str:
    """A digest of the definition, and of the files that hold its functions, whose helpers stand there too."""
    fields = task.config.__dict__
    told = json.dumps([fields[name] for name in _DEFINING], default=_file_of, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _file_of(value: Any) -> str:
    return Path(inspect.getfile(value)).read_text() if inspect.isfunction(value) else str(value)


def _names(docs: dict[int, dict[str, Any]]) -> dict[int, str]:
    for field in ID_FIELDS:
        named = {doc_id: str(doc.get(field, "")) for doc_id, doc in docs.items()}
        if all(named.values()) and len(set(named.values())) == len(named):
            return named
    return {doc_id: str(doc_id) for doc_id in docs}
