"""`python -m experiments run`: does what is missing of a grid, here or on a cluster."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.grid.arguments import Choice, Setup
from experiments.grid.board import Board
from experiments.grid.catalogue import Catalogue
from experiments.grid.jobs import Job, RunJob, choose
from experiments.grid.keep import RESULTS, check_place, keep
from experiments.grid.planning import cost_lines
from experiments.grid.pool import Pool, cores
from experiments.grid.sitting import sit
from experiments.grid.view import shown, summary
from mixsched.errors import UsageError
from train.signals import stop_wish


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Train, evaluate and judge what is missing of some experiments; the same command goes on after an interruption.

    python -m experiments run code25 --seeds 1

    python -m experiments run --figure 4 --jobs 2

    python -m experiments run --all --dry-run
    """

    choice: Annotated[Choice, tyro.conf.arg(name="")]
    setup: Annotated[Setup, tyro.conf.arg(name="")]
    jobs: int = 1
    """Jobs at once, at most one a core. On this machine each has its share of them: more jobs suit small models."""
    on: Literal["local", "ray"] = "local"
    """Where: worker processes of this machine, or a Ray cluster whose machines share the folder of the runs."""
    ray_address: str | None = None
    """A Ray cluster that runs already ("auto", "ray://host:10001"). Default: one on this machine, for this command."""
    dry_run: bool = False
    """Say what would be done and what it costs, and stop."""
    keep: bool = False
    """Keep the result rows in `--results` as they come, as `python -m experiments keep` does."""
    results: Path = RESULTS
    """Where rows are kept."""

    def __post_init__(self):
        if self.jobs < 1:
            raise UsageError(f"`--jobs` must be at least 1, got {self.jobs}")
        if self.ray_address is not None and self.on != "ray":
            raise UsageError("`--ray-address` needs `--on ray`")
        if self.keep:
            check_place(self.results, self.setup)


def run(arguments: Arguments) -> int:
    """Do what is missing; returns 1 if something failed."""
    setup = arguments.setup
    catalogue, picked, jobs = choose(arguments.choice, setup)
    for note in picked.notes:
        print(note)
    board = Board(jobs, setup)
    print(f"{len(jobs)} jobs at scale {setup.scale}, of which {len(board.done)} are done", flush=True)
    if arguments.dry_run:
        return _tell(board, catalogue)
    keeper = _Keeper(arguments, jobs)
    for job in jobs:
        if job.name in board.done:
            keeper.keep(job)
    stopped_by = None
    if len(board.done) < len(jobs):
        with stop_wish() as wish, shown() as view, _doer(arguments) as doer:
            stopped_by = sit(board, doer, view, wish, after=keeper.keep)
        print(summary(board))
    for word, reasons in (("failed", board.failed), ("skipped", board.skipped), ("not kept", keeper.not_kept)):
        for name, why in reasons.items():
            print(f"{word} {name}: {why}")
    if stopped_by is not None:
        print("all that was done is saved; the same command goes on from here", file=sys.stderr)
        return 128 + stopped_by
    return 1 if board.failed or board.skipped or keeper.not_kept else 0


def _tell(board: Board, catalogue: Catalogue) -> int:
    """What would be done."""
    for name, why in board.failed.items():
        print(f"cannot be done: {name}: {why}")
    for name in board.elsewhere:
        print(f"is being written by another process: {name}")
    for job in board.waiting.values():
        state = board.states.get(job.name)
        if state is None:
            print(f"would judge {job.name}")
        elif not isinstance(job, RunJob) or state.stage in ("trained", "evaluated"):
            print(f"would evaluate {job.name}")
        else:
            begun = f", of which {state.own_steps_done:,} are done" if state.own_steps_done else ""
            print(f"would train and evaluate {job.name}: {job.own_steps:,} steps{begun}")
    untrained = [
        job
        for job in board.waiting.values()
        if isinstance(job, RunJob) and board.states[job.name].stage in ("missing", "begun")
    ]
    if untrained:
        runs = [job for job in board.jobs if isinstance(job, RunJob)]
        print("\n".join(cost_lines(untrained, catalogue, board.setup, timed=runs)))
    return 0


class _Keeper:
    """Keeps the rows of each job that is done, if that is wanted; `not_kept` tells of which it could not, and why."""

    def __init__(self, arguments: Arguments, jobs: Sequence[Job]):
        self._arguments = arguments
        self._runs = {job.name: job for job in jobs if isinstance(job, RunJob)}
        self.not_kept: dict[str, str] = {}

    def keep(self, job: Job) -> None:
        """A judgement's rows stand with its run, which is kept again then."""
        if self._arguments.keep:
            try:
                keep([self._runs[job.run]], self._arguments.setup, self._arguments.results)
            except UsageError as error:
                self.not_kept[job.run] = str(error)


def _doer(arguments: Arguments):
    if arguments.on == "local":
        return Pool(arguments.setup, min(arguments.jobs, len(cores())))
    from experiments.grid.cluster import Cluster

    return Cluster(arguments.setup, arguments.jobs, arguments.ray_address)
