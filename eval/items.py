"""Items of a task as a run answered them: JSON lines beside a description, from which alone every number is computed.

runs/X/evaluations/<steps done>/<task>.jsonl   one item a line
runs/X/evaluations/<steps done>/<task>.json    what the task is and how it was asked
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from eval.rundir import RunFolder
from mixsched.atomic import write_atomically
from mixsched.errors import UsageError
from mixsched.typed import read_json

# In a description: of the file of items that it describes.
SHA256 = "items_sha256"

Kind = Literal["choice", "generation", "program", "likelihood", "heldout"]


@dataclasses.dataclass(frozen=True)
class Item:
    """One item of a task with what the model made of it; what a kind of task has not stays None.

    - `item`: names it within its task, the same for every run: what pairs the items of two runs.
    - `scores`: by metric, a number, or for metrics that are ratios (bits per byte) numerator and denominator. An item
      that could not be scored (a sandbox that failed) lacks the metric and counts nowhere.
    - `cluster`: items that share it are not independent (questions on one passage); None if the item stands alone.
    """

    item: str
    prompt: str | list[str]
    """What the model was given; one text a choice where they differ."""
    target: Any
    """The right answer as text, or all right answers."""
    scores: dict[str, Any]
    choices: list[str] | None = None
    gold: int | None = None
    """The right choice, from 0."""
    loglikelihoods: list[float] | None = None
    """Of each choice after its prompt, in nats."""
    outputs: list[str] | None = None
    """What was generated, one a sample."""
    verdicts: list[str] | None = None
    """How each output ended in the sandbox."""
    cluster: str | None = None


@dataclasses.dataclass(frozen=True)
class Metric:
    """How a metric's scores become one number.

    - `aggregation`: `mean`, `ratio` (sum of numerators over sum of denominators), or the name of one of lm-eval's.
    - `chance`: what guessing gives, where that is known.
    """

    aggregation: str = "mean"
    higher_is_better: bool = True
    chance: float | None = None


@dataclasses.dataclass(frozen=True)
class TaskRecord:
    """A task as it was asked: its metrics, and every setting that its answers depend on."""

    task: str
    kind: Kind
    headline: str
    """The metric that stands for the task in tables and averages; one of `metrics`."""
    metrics: dict[str, Metric]
    settings: dict[str, Any]
    """Shots, samples, temperature, versions, fingerprint of what was asked; `limit` is None where all items were."""
    truncated: int = 0
    """Requests that were cut to fit the model's context."""

    @property
    def asked(self) -> str:
        """A short digest of the settings: what was asked in one way has one."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()[:12]


@dataclasses.dataclass(frozen=True)
class Answers:
    """All that is kept of a task."""

    record: TaskRecord
    items: list[Item]


def answers_folder(folder: RunFolder, steps_done: int) -> Path:
    """Where the answers of a run's checkpoint lie."""
    return folder.evaluations / str(steps_done)


def write_answers(folder: Path, answers: Answers) -> None:
    """Keep a task's answers. What was kept of it before stays until both files are written whole."""
    described, lines = _paths(folder, answers.record.task)
    described.parent.mkdir(parents=True, exist_ok=True)
    written = b"".join(_line(_without_none(item)) for item in answers.items)
    # The items go first: a description vouches for one set of items only.
    told = dataclasses.asdict(answers.record) | {SHA256: hashlib.sha256(written).hexdigest()}
    description = _line(told, indent=2)
    write_atomically(lines, [written])
    write_atomically(described, [description])


def read_record(folder: Path, task: str) -> TaskRecord | None:
    """A task's description; None if the task was not evaluated. Raises UsageError if it is damaged."""
    described = _paths(folder, task)[0]
    try:
        fields = read_json(described.read_bytes())
        del fields[SHA256]
        metrics = {name: Metric(**metric) for name, metric in fields.pop("metrics").items()}
        return TaskRecord(**fields, metrics=metrics)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"'{described}' does not describe a task ({error}); remove it and evaluate again") from error


def read_answers(folder: Path, task: str) -> Answers | None:
    """A task's answers; None if it was not evaluated. Raises UsageError that names a damaged file or line."""
    record = read_record(folder, task)
    if record is None:
        return None
    described, lines = _paths(folder, task)
    if not lines.is_file():
        raise UsageError(f"'{lines}' is missing, which '{described.name}' beside it describes; evaluate the task again")
    written = lines.read_bytes()
    if hashlib.sha256(written).hexdigest() != json.loads(described.read_text())[SHA256]:
        raise UsageError(f"'{lines}' is not what '{described.name}' beside it describes; evaluate the task again")
    return Answers(record, [Item(**json.loads(line)) for line in written.split(b"\n")[:-1]])


def kept_answers(folder: Path, task: str, settings: dict[str, Any]) -> Answers | None:
    """A task's answers if it was asked in this way; None if not, or if the files are damaged."""
    try:
        record = read_record(folder, task)
        return read_answers(folder, task) if record is not None and record.settings == settings else None
    except UsageError:
        return None


def keep(folder: Path, answers: Answers) -> bool:
    """Keep answers, unless they are to the first few items and those to all are kept; returns whether they were."""
    if answers.record.settings.get("limit") is not None:
        try:
            before = read_record(folder, answers.record.task)
        except UsageError:
            before = None
        if before is not None and before.settings.get("limit") is None:
            return False
    write_answers(folder, answers)
    return True


def answered_tasks(folder: Path) -> Sequence[str]:
    """The tasks whose answers lie in a folder, by name."""
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.json"))


def _paths(folder: Path, task: str) -> tuple[Path, Path]:
    return folder / f"{task}.json", folder / f"{task}.jsonl"


def _without_none(item: Item) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(item).items() if value is not None or name == "target"}


def _line(fields: dict[str, Any], *, indent: int | None = None) -> bytes:
    return (json.dumps(fields, ensure_ascii=False, allow_nan=False, indent=indent) + "\n").encode()
