"""How far a run is, and what of it was judged, from its files alone, whoever is writing them meanwhile."""

import contextlib
import dataclasses
import fcntl
import json
import os
from pathlib import Path
from typing import Literal

from eval.items import answers_folder, read_record
from eval.judge.judges import read_judges
from eval.judge.kept import win_rate_task
from eval.rundir import RunConfig, RunFolder, read_config
from eval.suites import suite_named
from experiments.grid.arguments import NOTHING, Setup
from experiments.grid.jobs import JudgeJob, RunJob
from mixsched.differences import differences
from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from mixsched.typed import read_json
from train.rundir import last_checkpoint

Stage = Literal["missing", "begun", "trained", "evaluated"]
# More than the longest line of metrics.jsonl.
TAIL_BYTES = 2**16


@dataclasses.dataclass(frozen=True)
class RunState:
    """How far a run is.

    - `own_steps_done`: of its own part, by its metrics; a checkpoint may lag behind.
    - `complete`: whether nothing is left to do.
    - `lacks`: tasks of the suite that an evaluation could not ask.
    - `written`: whether a process holds the run's lock.
    - `tokens_per_s`: those of its last line of metrics.
    """

    stage: Stage
    own_steps_done: int
    lacks: tuple[str, ...]
    written: bool
    tokens_per_s: float | None
    complete: bool = False

    @property
    def keepable(self) -> bool:
        """Whether its rows are those of a finished run, even if an evaluation could not ask all tasks."""
        return self.complete or self.stage == "evaluated"


def run_state(job: RunJob, setup: Setup) -> RunState:
    """The state of a job's run.

    Raises UsageError, naming what differs, if another run lies in its folder, or files of it are damaged.
    """
    folder = RunFolder(setup.runs / job.run)
    written = being_written(folder)
    if not folder.config.exists():
        return RunState("missing", 0, (), written, None)
    _check_same(folder, job, setup)
    line = last_line(folder.metrics)
    begun_at = job.total_steps - job.own_steps
    own_steps_done = max(0, line.get("steps_done", begun_at) - begun_at)
    tokens_per_s = line.get("tokens_per_s")
    if last_checkpoint(folder) != job.total_steps:
        return RunState("begun", own_steps_done, (), written, tokens_per_s)
    if setup.suite == NOTHING:
        return RunState("trained", job.own_steps, (), written, tokens_per_s, complete=True)
    asked = measured(folder.results, job.total_steps)
    if not any(task.startswith(f"{setup.suite}/") for task in asked):
        return RunState("trained", job.own_steps, (), written, tokens_per_s)
    lacks = _lacks(folder, job, setup.suite, asked)
    return RunState("evaluated", job.own_steps, lacks, written, tokens_per_s, complete=not lacks)


def _check_same(folder: RunFolder, job: RunJob, setup: Setup) -> None:
    config, declared = read_config(folder), json.loads(job.declared)
    changed = differences(config.settings, dataclasses.asdict(setup.settings), name="settings")
    plan = _read_json(folder.plan)
    for name, value in declared.items():
        changed = changed or differences(plan.get(name, {}), value, name=name)
    changed = changed or differences(config.data, _data_now(config, setup), name="data")
    if changed:
        raise UsageError(
            f"'{folder.path}' holds a run of another configuration: {'; '.join(changed)}; give what it was started "
            "with, or choose other `--runs`"
        )


def _data_now(config: RunConfig, setup: Setup) -> dict[str, str]:
    """The fingerprints of a run's data in the shards of the setup, where that is another folder than the run's own."""
    shards = setup.shards or setup.settings.shards
    if str(shards) == config.shards or not shards.is_dir():
        return config.data
    return {name: read_manifest(shards / name).fingerprint for name in config.data}


def _read_json(path: Path) -> dict:
    try:
        return dict(read_json(path.read_bytes()))
    except FileNotFoundError:
        raise UsageError(f"'{path}' is missing; restore it, or remove '{path.parent}' to train the run again") from None
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"'{path}' is damaged ({error}); restore it, or remove '{path.parent}' to train the run again"
        ) from error


def _lacks(folder: RunFolder, job: RunJob, suite: str, asked: frozenset[str]) -> tuple[str, ...]:
    """The suite's tasks without a number, but for those whose answers are for a judge."""
    kept = answers_folder(folder, job.total_steps)
    lacking = []
    for task in suite_named(suite).tasks:
        if task not in asked:
            record = read_record(kept, task)
            if record is None or record.headline:
                lacking.append(task)
    return tuple(lacking)


def is_judged(job: JudgeJob, setup: Setup) -> bool:
    """Whether the last checkpoints of both runs were compared by the job's judge."""
    folder, other = RunFolder(setup.runs / job.run), RunFolder(setup.runs / job.baseline)
    step, step_b = last_checkpoint(folder), last_checkpoint(other)
    if step is None or step_b is None:
        return False
    kind, _, run = job.judge.partition(":")
    if kind == "likelihood" and last_checkpoint(RunFolder(Path(run))) is None:
        return False
    [judge] = read_judges((job.judge,), (folder, other))
    task = win_rate_task(job.task, other.path.name, step_b, judge=judge.name)
    return task in measured(folder.results, step)


def measured(results: Path, step: int) -> frozenset[str]:
    """The tasks of which a results.jsonl holds a row for the checkpoint after `step` steps.

    A line that is being written, or is damaged, counts for nothing here; whoever needs its row says what is wrong.
    """
    found = set()
    for line in results.read_bytes().split(b"\n") if results.exists() else ():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            row = read_json(line)
            if row["step"] == step:
                found.add(str(row["task"]))
    return frozenset(found)


def last_line(metrics: Path) -> dict:
    """The last whole line of a metrics.jsonl; empty where there is none. Raises UsageError if it is damaged."""
    if not metrics.exists():
        return {}
    with metrics.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = stream.read().split(b"\n")[:-1]
    try:
        return dict(json.loads(lines[-1])) if lines else {}
    except (ValueError, TypeError) as error:
        raise UsageError(f"the last line of '{metrics}' is damaged ({error}); remove that line") from error


def being_written(folder: RunFolder) -> bool:
    """Whether a process holds the run's lock, on this machine or on another one that shares the folder."""
    try:
        # A shared lock, for a moment, so that two who look do not take each other for a writer.
        with (folder.path / "lock").open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
