"""Result rows of a study that nobody trained: made from a few numbers, for tests of what is drawn from rows."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from answered_runs import make_run

from eval.results import Row, append_rows
from eval.rundir import RunFolder
from eval.suites import NANO
from mixsched import Phase, Plan, Schedule, Steps

STEP, TOKENS = 245, 1_003_520
BITS = {
    "heldout/text": 2.0,
    "heldout/web_code": 2.5,
    "heldout/synthetic": 3.0,
    "heldout/math": 4.0,
    "nano_capitals": 4.0,
    "nano_kinds": 2.0,
    "nano_glosses": 3.0,
    "nano_solutions": 3.0,
}
SCORES = {"reasoning": 0.6, "knowledge": 0.3, "code": 0.1}
RATES = {"win_rate": 0.5, "loss_rate": 0.3, "tie_rate": 0.2}


def a_row(experiment: str = "code25", *, seed: int = 0, scale: str = "nano", **changes: object) -> Row:
    """A row of held-out text, with some of its fields changed."""
    row = Row(
        run=f"{experiment}-{scale}-seed{seed}",
        experiment=experiment,
        scale=scale,
        seed=seed,
        step=STEP,
        tokens=TOKENS,
        task="heldout/text",
        metric="bits_per_byte",
        value=2.0,
        stderr=0.1,
        n=600,
        when="2026-01-01T00:00:00+00:00",
        version="0.1.0",
        asked="a1",
    )
    return dataclasses.replace(row, **changes)


def rows_of_run(
    experiment: str,
    *,
    seed: int = 0,
    scale: str = "nano",
    scores: Mapping[str, float] = SCORES,
    times: float = 1.0,
) -> list[Row]:
    """All that the nano suite measures of a run: the scores, and bits per byte that are all multiplied by `times`."""
    averages = dict(scores)
    averages["nl_average"] = (averages["reasoning"] + averages["knowledge"]) / 2
    averages["total_average"] = sum(scores.values()) / 3
    rows = [
        a_row(
            experiment, seed=seed, scale=scale, task=f"nano/{name}", metric="average", value=value, covers=_covers(name)
        )
        for name, value in averages.items()
    ]
    return rows + [
        a_row(experiment, seed=seed, scale=scale, task=task, value=value * times) for task, value in BITS.items()
    ]


def judged_rows(
    experiment: str,
    baseline: str,
    *,
    seed: int = 0,
    scale: str = "nano",
    judge: str = "openai:judge",
    rates: Mapping[str, float] = RATES,
) -> list[Row]:
    """What a judge says of a run against the baseline's run of the same seed."""
    task = f"win_rate/nano_open/vs/{baseline}-{scale}-seed{seed}@{STEP}/{judge}"
    return [
        a_row(experiment, seed=seed, scale=scale, task=task, metric=metric, value=value, n=110)
        for metric, value in rates.items()
    ]


def kept(folder: Path, rows: Sequence[Row]) -> Path:
    """The rows as `python -m experiments keep` writes them: a file an experiment, in a folder a scale."""
    for row in rows:
        (folder / row.scale).mkdir(parents=True, exist_ok=True)
        append_rows(folder / row.scale / f"{row.experiment}.jsonl", [row])
    return folder


def run_folder(path: Path, rows: Sequence[Row], *, total_steps: int = STEP) -> RunFolder:
    """A run's folder whose plan is so many steps long, with these rows and one line of metrics."""
    folder = make_run(path)
    schedule = Schedule((Phase("pretrain", Steps(total_steps), {"text": 1}),), batch_size=8, context_tokens=32)
    folder.plan.write_text(json.dumps(Plan(schedule, {"text": 50}, seed=0).to_json()))
    line = {"steps_done": 1, "tokens": 1, "source_loss": {}, "counts": {}, "served": {}, "learning_rate": 0.1}
    folder.metrics.write_text(json.dumps(line) + "\n")
    append_rows(folder.results, rows)
    return folder


def _covers(average: str) -> list[str]:
    groups = {"nl_average": ("reasoning", "knowledge"), "total_average": tuple(NANO.groups)}.get(average, (average,))
    return [task for group in groups for task in NANO.groups[group]]
