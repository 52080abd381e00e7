"""Does one job in this process: trains a run and evaluates it, or has a pair of runs judged."""

import contextlib
import dataclasses
import gc
import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from eval.asking import Asking
from eval.results import now
from eval.rundir import BeingWrittenError, RunFolder, read_config, read_plan
from eval.suites import suite_named
from experiments.grid.arguments import NOTHING, Setup
from experiments.grid.jobs import Job, JudgeJob, RunJob
from experiments.grid.noted import clear_failure, compiled_programs, log_of, note_failure
from experiments.grid.state import run_state
from mixsched import cli
from mixsched.errors import UsageError
from train.compiled import FOLDER, keep_compiled
from train.launch import launch

Ending = Literal["done", "stopped", "elsewhere", "failed"]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a job ended: done, stopped by a signal with all of it saved, left to another process, or failed.

    - `why`: of a failure, the sentence; of a job that is done, what it could not do.
    - `tokens`: trained; the seconds are those of training, of the evaluation and of judging, where there was some.
    """

    job: str
    ending: Ending
    why: str = ""
    tokens: int = 0
    train_s: float = 0.0
    evaluation_s: float | None = None
    judging_s: float | None = None


def do(job: Job, setup: Setup) -> Ended:
    """Do what is missing of a job; all that it prints goes to the run's log. Raises only what ends the process.

    To be called before JAX is imported: the programs of one run are those of the next, compiled once for all of them.
    """
    if FOLDER not in os.environ:
        keep_compiled(compiled_programs(setup.runs))
    try:
        with _printed_to(log_of(setup.runs, job.run)):
            print(f"[{now()}] {job.name}", flush=True)
            ended = _tried(job, setup)
            print(f"[{now()}] {job.name}: {ended.ending}", flush=True)
    except OSError as error:
        # Nothing can be written, not even the log.
        ended = Ended(job.name, "failed", _sentence(error, setup, job))
    # Arrays and files of this job go before the next begins, wherever an error's frames held them.
    gc.collect()
    return ended


def _tried(job: Job, setup: Setup) -> Ended:
    clear_failure(setup.runs, job.name)
    try:
        return _judge(job, setup) if isinstance(job, JudgeJob) else _train_and_evaluate(job, setup)
    except BeingWrittenError:
        return Ended(job.name, "elsewhere")
    except Exception as error:
        why = _sentence(error, setup, job)
        note_failure(setup.runs, job.name, why)
        print(why if isinstance(error, UsageError) else traceback.format_exc(), flush=True)
        return Ended(job.name, "failed", why)


def _train_and_evaluate(job: RunJob, setup: Setup) -> Ended:
    state = run_state(job, setup)
    if state.complete:
        return Ended(job.name, "done")
    if state.written:
        return Ended(job.name, "elsewhere")
    tokens, train_s = 0, 0.0
    if state.stage in ("missing", "begun"):
        began_s, steps_before = time.monotonic(), state.own_steps_done
        _, outcome = launch(
            job.file, setup.scale, setup.settings, seed=job.seed, runs=setup.runs, shards=setup.shards, resume=True
        )
        own_steps_done = outcome.steps_done - (job.total_steps - job.own_steps)
        tokens = job.tokens_of(max(0, own_steps_done - steps_before))
        train_s = time.monotonic() - began_s
        if outcome.stopped_by is not None:
            return Ended(job.name, "stopped", tokens=tokens, train_s=train_s)
    if setup.suite == NOTHING:
        return Ended(job.name, "done", "", tokens, train_s)
    began_s = time.monotonic()
    skipped = _evaluate(RunFolder(setup.runs / job.run), setup)
    return Ended(job.name, "done", skipped, tokens, train_s, evaluation_s=time.monotonic() - began_s)


def _evaluate(folder: RunFolder, setup: Setup) -> str:
    """Evaluate a run as `python -m eval --suite` does; returns what was skipped and why."""
    from eval.evaluate import Wish, evaluate_run
    from eval.told import told

    config, plan, suite = read_config(folder), read_plan(folder), suite_named(setup.suite)
    wish = Wish(
        suite,
        tasks=(),
        asking=Asking(limit=None, samples=1, temperature=0.0, seed=0),
        step=None,
        heldout_rows=None,
        data=setup.data,
        shards=setup.shards or Path(config.shards),
        again=False,
    )
    report = evaluate_run(folder, config, plan, wish)
    print(told(report, suite), flush=True)
    return "; ".join(f"without {task}: {why}" for task, why in report.skipped.items())


def _judge(job: JudgeJob, setup: Setup) -> Ended:
    from eval.judge.command import Arguments, judge

    began_s = time.monotonic()
    judge(Arguments(setup.runs / job.run, setup.runs / job.baseline, judge=(job.judge,), task=job.task))
    return Ended(job.name, "done", judging_s=time.monotonic() - began_s)


def _sentence(error: Exception, setup: Setup, job: Job) -> str:
    """Why a job failed, in one sentence."""
    if "no space left" in str(error).lower():
        # Training says so with the options of its own command; others wrap the system's error in one of theirs.
        return cli.no_space(f"'{setup.runs}'")
    if isinstance(error, UsageError):
        return str(error)
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + said[0] if said else ''} (the rest is in '{log_of(setup.runs, job.run)}')"


@contextlib.contextmanager
def _printed_to(path: Path) -> Iterator[None]:
    """Append all that this process prints to a file, what libraries in C++ print too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = [os.dup(number) for number in (1, 2)]
    try:
        with path.open("ab") as log:
            for number in (1, 2):
                os.dup2(log.fileno(), number)
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            # A full disk is told by what failed on it, and not once more here.
            with contextlib.suppress(OSError):
                stream.flush()
        for number, kept in zip((1, 2), before, strict=True):
            os.dup2(kept, number)
            os.close(kept)
