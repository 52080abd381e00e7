"""`python -m eval compare`: the differences of two runs, with intervals, and which of them may be chance."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import tyro

from eval.compare.comparison import compare_runs
from eval.compare.lines import Bootstrap, Compared, Comparison
from eval.compare.sides import Side
from eval.compare.text import comparison_text
from mixsched.atomic import write_atomically
from mixsched.errors import UsageError


def compare(
    a: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    b: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    *,
    suite: str | None = None,
    tasks: Annotated[tuple[str, ...], tyro.conf.arg(metavar="TASK ...")] = (),
    step: int | None = None,
    metric: str | None = None,
    seed: int = 0,
    resamples: int = 10_000,
    json_file: Annotated[Path | None, tyro.conf.arg(name="json")] = None,
) -> None:
    """Compare two runs item by item: B - A on every task that both answered, with 95% intervals.

    python -m eval compare runs/text_only-nano-seed0 runs/code25-nano-seed0

    python -m eval compare runs/text_only-nano runs/code25-nano     (all seeds of each)

    Args:
        a: A run's folder, or what the folders of several seeds begin with.
        b: The other one.
        suite: Only the tasks and averages of this suite, and held-out text. Default: all tasks that were asked.
        tasks: Only these tasks.
        step: After which step. Default: the last that a side was evaluated after.
        metric: For all tasks, acc_norm for example. Default: each task's headline.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        json_file: Write the table to this file, as data.
    """
    if json_file is not None and not json_file.parent.is_dir():
        raise UsageError(f"there is no folder '{json_file.parent}' for `--json`; make it, or name another")
    bootstrap = Bootstrap(resamples, seed)
    comparison = compare_runs(a, b, suite=suite, tasks=tasks, metric=metric, step=step, bootstrap=bootstrap)
    print(comparison_text(comparison))
    if json_file is not None:
        write_comparison(json_file, comparison)
        print(f"wrote '{json_file}'")


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write a comparison as one JSON object, its lines under `tasks` and `averages`."""
    told = {
        "a": _side(comparison.a),
        "b": _side(comparison.b),
        "tasks": [_line(line) for line in comparison.tasks],
        "averages": [_line(line) for line in comparison.averages],
        "left_out": comparison.left_out,
        "notes": comparison.notes,
        "at_chance": comparison.at_chance,
        "covers": "items and seeds" if comparison.covers_seeds else "items",
        **dataclasses.asdict(comparison.bootstrap),
    }
    write_atomically(path, [(json.dumps(told, indent=1, allow_nan=False) + "\n").encode()])


def _side(side: Side) -> dict[str, Any]:
    return {"runs": [str(folder.path) for folder in side.folders], "seeds": side.seeds, "step": side.step}


def _line(line: Compared) -> dict[str, Any]:
    return {**dataclasses.asdict(line), "verdict": line.verdict}
