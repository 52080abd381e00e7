"""Runs that hold nothing but a configuration and answers, as an evaluation leaves them."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.compare.comparison import compare_runs
from eval.compare.lines import Bootstrap
from eval.compare.text import comparison_text
from eval.items import Answers, Item, Metric, TaskRecord, answers_folder, write_answers
from eval.rundir import RunConfig, RunFolder

MODEL = {"vocab_size": 640, "context_tokens": 32, "width": 32, "layers": 1, "heads": 2, "hidden": 32}
QUICK = Bootstrap(resamples=2_000)
ACC = Metric(chance=0.5)
BITS = Metric("ratio", higher_is_better=False)


def make_run(path: Path, *, seed: int = 0) -> RunFolder:
    """A run without checkpoints."""
    path.mkdir(parents=True)
    settings = {"model": MODEL, "batch_size": 8}
    config = RunConfig(path.name, "code25", "nano", seed, "shards/tiny", "", {}, settings)
    (path / "config.json").write_text(json.dumps(dataclasses.asdict(config)))
    return RunFolder(path)


def answer(
    run: RunFolder,
    task: str,
    scores: Sequence[Any],
    *,
    metric: str = "acc",
    declared: Metric = ACC,
    step: int = 32,
    settings: dict[str, Any] | None = None,
    clusters: Sequence[str] | None = None,
) -> None:
    """Let a run have these scores in a task; None is an item that could not be scored."""
    items = [
        Item(
            item=f"i{place}",
            prompt=f"question {place}",
            target="yes",
            scores={} if score is None else {metric: score},
            cluster=clusters and clusters[place],
        )
        for place, score in enumerate(scores)
    ]
    keep(run, Answers(TaskRecord(task, "choice", metric, {metric: declared}, settings or {}), items), step=step)


def keep(run: RunFolder, answers: Answers, *, step: int = 32) -> None:
    """Keep answers with a run."""
    write_answers(answers_folder(run, step), answers)


def shares(rng: np.random.Generator, p: float, count: int = 300) -> list[float]:
    """So many scores of 0 and 1, each 1 with probability p."""
    return (rng.random(count) < p).astype(float).tolist()


def told(comparison) -> str:
    """The report, on one line."""
    return " ".join(comparison_text(comparison).split())


def compared(pair, **how):
    """The comparison of two runs, with fewer resamples."""
    return compare_runs(pair[0].path, pair[1].path, **{"bootstrap": QUICK, **how})
