"""Pairs to be judged: the answers that two runs gave to the same prompts, from the items that the runs keep."""

import dataclasses
import shlex

from eval.items import Answers, Item, answered_tasks, answers_folder, read_answers, read_record
from eval.rundir import RunFolder, read_config
from eval.suites import NANO
from mixsched.errors import UsageError

# Settings that say how many items there are; pairing finds what matters of them.
SIZES = ("limit", "items")
# A digest over all requests: other items change it as well as other ways to generate.
ASKED = "asked"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Which checkpoints are compared, by the steps done, and on which task."""

    task: str
    run_a: str
    step_a: int
    run_b: str
    step_b: int


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two answers to one prompt. Pairs of one `cluster` are not independent: one prompt, or prompts on one text."""

    item: str
    prompt: str
    answer_a: str
    answer_b: str
    cluster: str


@dataclasses.dataclass(frozen=True)
class Paired:
    """All pairs of a comparison, in the order of run A's items, and the settings in which the two runs differ."""

    comparison: Comparison
    pairs: list[Pair]
    differing: list[str]


def read_pairs(
    folder_a: RunFolder,
    folder_b: RunFolder,
    task: str,
    *,
    step_a: int | None = None,
    step_b: int | None = None,
    limit: int | None = None,
) -> Paired:
    """The first `limit` pairs (None: all) of two runs' answers to a task; of several samples, the first.

    - `step_a`, `step_b`: which checkpoint's answers, by the steps done; None: the last that answered the task.

    Raises UsageError if a run has no such answers, the prompts differ, or the task asks for no text.
    """
    config_a, config_b = read_config(folder_a), read_config(folder_b)
    step_a, answers_a = _answers(folder_a, task, step_a)
    step_b, answers_b = _answers(folder_b, task, step_b)
    if folder_a.path.resolve() == folder_b.path.resolve() and step_a == step_b:
        raise UsageError(f"'{folder_a.path}' would be compared with itself; name two runs, or another `--step-b`")
    chosen = answers_a.items[:limit]
    known = {item.item: item for item in answers_b.items}
    _check_same_items(task, chosen, known, limit, sizes=(len(answers_a.items), len(answers_b.items)))
    pairs = [_pair(task, item, known[item.item]) for item in chosen]
    comparison = Comparison(task, config_a.run, step_a, config_b.run, step_b)
    return Paired(comparison, pairs, _differing(answers_a, answers_b))


def _answers(folder: RunFolder, task: str, step: int | None) -> tuple[int, Answers]:
    parent = answers_folder(folder, 0).parent
    numbered = {int(path.name): path for path in parent.glob("*") if path.name.isdigit()}
    answered = {number: path for number, path in numbered.items() if read_record(path, task) is not None}
    if not answered or (step is not None and step not in answered):
        which = "" if step is None or not answered else f" after step {step}"
        steps = f" --step {step}" if step is not None else ""
        data = "" if task in NANO.tasks else " --data DIR"
        others = sorted({name for path in numbered.values() for name in answered_tasks(path)} - {task})
        have = f"answered after steps: {', '.join(map(str, sorted(answered)))}" if answered else ""
        have = have or (f"tasks with answers: {', '.join(others)}" if others else "it answered no task")
        raise UsageError(
            f"'{folder.path}' has no answers to {task!r}{which} ({have}); make them: python -m eval "
            f"--run {shlex.quote(str(folder.path))} --tasks {shlex.quote(task)}{steps}{data}"
        )
    chosen = max(answered) if step is None else step
    answers = read_answers(answered[chosen], task)
    assert answers is not None, "its record was read just now"
    return chosen, answers


def _check_same_items(
    task: str, chosen: list[Item], known: dict[str, Item], limit: int | None, *, sizes: tuple[int, int]
) -> None:
    missing = [item.item for item in chosen if item.item not in known]
    if missing or (limit is None and sizes[0] != sizes[1]):
        lacking = f", and run B lacks item {missing[0]!r}" if missing else ""
        raise UsageError(
            f"the runs answered other items of {task!r} ({sizes[0]} and {sizes[1]} of them{lacking}); evaluate both "
            f"with the same limit and data, or judge the first ones that both have by `--limit {min(sizes)}`"
        )


def _pair(task: str, a: Item, b: Item) -> Pair:
    if not (a.outputs and b.outputs and isinstance(a.prompt, str)):
        raise UsageError(f"{task!r} asks for no text to be judged; choose an open-ended `--task` such as dolly")
    if a.prompt != b.prompt:
        raise UsageError(
            f"the runs were given different prompts for item {a.item!r} of {task!r}; evaluate both with the same data"
        )
    return Pair(a.item, a.prompt, a.outputs[0], b.outputs[0], cluster=a.prompt if a.cluster is None else a.cluster)


def _differing(a: Answers, b: Answers) -> list[str]:
    """Names and values of settings that differ, sizes left out."""
    settings = a.record.settings, b.record.settings
    left_out: set[str] = set(SIZES)
    if any(settings[0].get(name) != settings[1].get(name) for name in SIZES):
        left_out.add(ASKED)
    differing = []
    for name in sorted({*settings[0], *settings[1]} - left_out):
        of_a, of_b = (each.get(name) for each in settings)
        if of_a != of_b:
            differing.append("the requests" if name == ASKED else f"{name} ({of_a} and {of_b})")
    return differing
