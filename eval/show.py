"""`python -m eval show`: read what a run was asked and what it answered."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from eval.compare.sides import find_step
from eval.item_text import item_text
from eval.items import Answers, Item, answered_tasks, answers_folder, read_answers
from eval.rundir import RunFolder, read_config
from eval.statistics import Estimate, estimate, p_above_chance
from mixsched.columns import align
from mixsched.errors import UsageError, did_you_mean

WIDTH = 100
WIDEST = 120


def show(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    task: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="TASK")] = None,
    *,
    step: int | None = None,
    item: str | None = None,
    count: int = 5,
    only: str | None = None,
    metric: str | None = None,
) -> None:
    """Show the items of a task as a run answered them; without a task, list the tasks.

    python -m eval show runs/code25-nano-seed0

    python -m eval show runs/code25-nano-seed0 nano_capitals --only wrong

    Text stands behind "| ", a line that goes on behind ": ". Spaces at a line's end are dots, what can't be printed is
    escaped.

    Args:
        run: The run's folder.
        task: The task.
        step: After which step. Default: the last that the run was evaluated after.
        item: Only the item of this name.
        count: How many items to show.
        only: Only items that are right or wrong, or of which an output ended so: passed, failed, timeout, ...
        metric: What right and wrong go by. Default: the task's headline.
    """
    if count < 1:
        raise UsageError(f"`--count` must be at least 1, got {count}")
    folder = RunFolder(run)
    config = read_config(folder)
    steps_done = find_step(folder, step)
    kept = answers_folder(folder, steps_done)
    if task is None:
        read = [answers for name in answered_tasks(kept) if (answers := read_answers(kept, name))]
        print(f"{config.run} after step {steps_done:,}")
        print(tasks_text(read))
        return
    known = answered_tasks(kept)
    # Asked first: a name with dots could lead to files that are no tasks.
    answers = read_answers(kept, task) if task in known else None
    if answers is None:
        raise UsageError(
            f"'{run}' was not asked the task {task!r} after step {steps_done}; {did_you_mean(task, known)}"
        )
    chosen = choose(answers, item=item, only=only, metric=metric)
    print(f"{config.run} after step {steps_done:,}, {task}: {_told(answers)}")
    width = min(shutil.get_terminal_size((WIDTH, 0)).columns, WIDEST)
    for each in chosen[:count]:
        print()
        print(item_text(each, width=width))
    shown, which = min(count, len(chosen)), f" that are {only}" if only else ""
    print(f"\n{shown:,} of {len(chosen):,} items{which}" + (f" of {len(answers.items):,}" if only else ""))


def tasks_text(read: Sequence[Answers]) -> str:
    """A table of tasks with their headline values.

    `p at chance` is how probable a value at least as high is for one who guesses (one-sided).
    """
    lines: list[tuple[str, ...]] = [("task", "kind", "items", "metric", "value", "error", "chance", "p at chance")]
    for answers in read:
        record = answers.record
        cells: tuple[str, ...] = ("", "", "", "", "")
        if record.headline:
            found, chance = estimate(answers, record.headline), record.metrics[record.headline].chance
            p = None if chance is None or not found.n else p_above_chance(found, chance)
            cells = (record.headline, f"{found.value:.4f}", _number(found.stderr), _number(chance), _p(p))
        lines.append((record.task, record.kind, f"{len(answers.items):,}", *cells))
    return align(lines, right=("items", "value", "error", "chance", "p at chance"))


def choose(answers: Answers, *, item: str | None, only: str | None, metric: str | None) -> list[Item]:
    """The items that are asked for. Raises UsageError for an item, outcome or metric that the task has not."""
    record, items = answers.record, answers.items
    if item is not None:
        items = [each for each in items if each.item == item]
        if not items:
            # A task may have ten thousand items: too many to list.
            names = ", ".join(each.item for each in answers.items[:3])
            raise UsageError(f"{record.task!r} has no item {item!r}; its items are named {names}, ...")
    if metric is not None and metric not in record.metrics:
        raise UsageError(f"{record.task!r} has no `metric` {metric!r}; {did_you_mean(metric, record.metrics)}")
    if only is None:
        return items
    going_by = metric or record.headline
    is_graded = going_by in record.metrics and record.metrics[going_by].aggregation == "mean"
    verdicts = {verdict for each in answers.items for verdict in each.verdicts or ()}
    known = [*verdicts, *(["right", "wrong"] if is_graded else [])]
    if only not in known:
        raise UsageError(f"`--only {only}` fits no item of {record.task!r}; {did_you_mean(only, known)}")
    if only in verdicts:
        return [each for each in items if only in (each.verdicts or ())]
    graded = [each for each in items if each.scores.get(going_by) is not None]
    return [each for each in graded if (each.scores[going_by] >= 1) == (only == "right")]


def _told(answers: Answers) -> str:
    record = answers.record
    found: dict[str, Estimate] = {name: estimate(answers, name) for name in record.metrics}
    told = [f"{name} {each.value:.4f} ± {_number(each.stderr) or '?'}" for name, each in found.items()]
    return ", ".join(told) or "answers for a judge"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _p(value: float | None) -> str:
    """No p is zero, which is what four places would make of a small one."""
    return "<0.0001" if value is not None and value < 0.0001 else _number(value)
