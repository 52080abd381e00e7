"""Tasks of lm-eval and ours, ready to be asked: their definitions with documents from files or from the hub."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager

from eval.data.finding import find, looked_for, open_folder
from eval.data.hub import reachable_or_offline
from eval.data.quiet import quiet
from eval.data.reading import TaskData, read
from eval.naming import Member, index_for, members
from mixsched.errors import UsageError

# Nothing is shown before the question, whatever the definition says; and no training split is read for it.
_ZERO_SHOT = {"num_fewshot": 0, "fewshot_split": None, "fewshot_config": {"samples": []}}
_NO_SPLITS = {"training_split": None, "validation_split": None, "test_split": None}


def load_tasks(names: Sequence[str], *, data: Path | None) -> tuple[dict[str, ConfigurableTask], dict[str, str]]:
    """The tasks of these names, zero-shot and with their documents, and why others can't be had: a sentence each.

    A name may be a group or a tag of lm-eval and stands for its tasks then. A definition of ours goes before lm-eval's
    of the same name. `task.config.metadata["data"]` says where the documents come from.

    - `data`: a folder with the data sets' files, and then nothing is asked of the hub. None: the hub, or its cache.

    Raises UsageError for a name that is unknown, a folder that is missing, or a file of another schema.
    """
    folder = None if data is None else open_folder(data)
    with quiet():
        manager = index_for(names)
    wanted = {member.name: member for name in names for member in members(manager, name, {})}
    of_hub = folder is None and not all("custom_dataset" in member.definition for member in wanted.values())
    tasks: dict[str, ConfigurableTask] = {}
    skipped: dict[str, str] = {}
    with reachable_or_offline() if of_hub else contextlib.nullcontext(False) as online:
        for name, member in wanted.items():
            loaded = _load(manager, member, folder, online)
            if isinstance(loaded, str):
                skipped[name] = loaded
            else:
                tasks[name] = loaded
    return tasks, skipped


def _load(manager: TaskManager, member: Member, folder: Path | None, online: bool) -> ConfigurableTask | str:
    """The task, or why it can't be had."""
    if member.definition.get("unsafe_code"):
        return "lm-eval would run what the model writes without a sandbox; 'humaneval' and 'mbpp' here have one"
    if "custom_dataset" in member.definition:
        return _tried(manager, member, "its definition can't be loaded")
    if folder is None:
        source = f"its data set '{member.definition.get('dataset_path', member.name)}'"
        where = "can't be had from the hub" if online else "is not in the hub's cache, and the hub can't be reached"
        return _tried(manager, member, f"{source} {where}; `--data` takes its files")
    if "class" in member.definition:
        return "its definition is a class of Python that reads the hub alone; leave `--data` out"
    found = find(member.name, folder)
    if found is None:
        first, *_ = looked_for(member.name)
        return f"'{folder}' has no file of it, such as '{first}' (`python -m eval tasks` lists all names)"
    return _with_documents(manager, member, read(found))


def _tried(manager: TaskManager, member: Member, reason: str) -> ConfigurableTask | str:
    try:
        return _built(manager, member, {})
    # What may fail here is a client of the hub, other people's definitions and packages that these lack.
    except Exception as error:
        first, *_ = str(error).splitlines() or [""]
        return f"{reason} ({type(error).__name__}: {first})"


def _with_documents(manager: TaskManager, member: Member, data: TaskData) -> ConfigurableTask:
    """The task with these documents as the split that it asks, and no other split."""
    of_definition = "test" if member.definition.get("test_split") else "validation"
    split = data.split or of_definition
    documents = {split: datasets.Dataset.from_list(data.rows)}
    splits = _NO_SPLITS | {f"{split}_split": split}
    try:
        task = _built(manager, member, splits | {"custom_dataset": lambda **_: documents})
    except Exception as error:
        if data.split is not None:
            raise
        raise UsageError(
            f"'{data.files[0]}' has not the fields that the definition of '{member.name}' reads "
            f"({type(error).__name__}: {error}); give its {of_definition} split in the hub's schema"
        ) from error
    about = {"files": [path.name for path in data.files], "sha256": data.sha256, "differs": data.differs}
    task.set_config("metadata", {"data": about}, update=True)
    return task


def _built(manager: TaskManager, member: Member, changes: Mapping[str, Any]) -> ConfigurableTask:
    # A group of one, since that is how lm-eval lets a definition be changed.
    one = {**member.changes, **_ZERO_SHOT, **changes, "task": member.name}
    with quiet():
        (task,) = manager.load({"group": "asked", "task": [one]})["tasks"].values()
        if not isinstance(task, ConfigurableTask):
            raise TypeError(f"a {type(task).__name__}, which answers in its own way")
        _process_once(task)
    task.set_fewshot_seed(0)
    return task


def _process_once(task: ConfigurableTask) -> None:
    """lm-eval processes all documents again whenever it is asked for them."""
    if task.config.process_docs is not None:
        task.dataset = {task.config.test_split or task.config.validation_split: task.task_docs}
        task.set_config("process_docs", None)
