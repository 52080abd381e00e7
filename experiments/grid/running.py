"""`python -m experiments run`: does what is missing of a grid, here or on a cluster."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.grid.arguments import Choice, Setup
from experiments.grid.board import Board
from experiments.grid.catalogue import Catalogue
from experiments.grid.chosen import choose
from experiments.grid.jobs import Job, RunJob
from experiments.grid.keep import keep
from experiments.grid.planning import cost_lines
from experiments.grid.pool import Pool
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
    """Jobs at once. On this machine each has its share of the cores, so that more of them suit small models."""
    on: Literal["local", "ray"] = "local"
    """Where: worker processes of this machine, or a Ray cluster whose machines share the folder of the runs."""
    ray_address: str | None = None
    """A Ray cluster that runs already ("auto", "ray://host:10001"). Default: one on this machine, for this command."""
    dry_run: bool = False
    """Say what would be done and what it costs, and stop."""
    keep: bool = False
    """Keep the result rows in `--results` as they come, as `python -m experiments keep` does."""
    results: Path = Path("experiments/results")
    """Where rows are kept."""

    def __post_init__(self):
        if self.jobs < 1:
            raise UsageError(f"`--jobs` must be at least 1, got {self.jobs}")
        if self.ray_address is not None and self.on != "ray":
            raise UsageError("`--ray-address` needs `--on ray`")


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
    kept = _keeper(arguments)
    for job in jobs:
        if job.name in board.done:
            kept(job)
    if len(board.done) == len(jobs):
        return 0
    with stop_wish() as wish, shown() as view, _doer(arguments) as doer:
        stopped_by = sit(board, doer, view, wish, after=kept)
    print(summary(board))
    for name, why in (board.failed | board.skipped).items():
        print(f"{'failed' if name in board.failed else 'skipped'} {name}: {why}")
    if stopped_by is not None:
        print("all that was done is saved; the same command goes on from here", file=sys.stderr)
        return 128 + stopped_by
    return 1 if board.failed or board.skipped else 0


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
        print("\n".join(cost_lines(untrained, catalogue, board.setup)))
    return 0


def _keeper(arguments: Arguments) -> Callable[[Job], None]:
    """What is called for each job that is done. A judgement's rows stand with its run, which is kept again then."""
    _, _, jobs = choose(arguments.choice, arguments.setup)
    runs = {job.name: job for job in jobs if isinstance(job, RunJob)}

    def kept(job: Job) -> None:
        if arguments.keep:
            keep([runs[job.run]], arguments.setup, arguments.results)

    return kept


def _doer(arguments: Arguments):
    if arguments.on == "local":
        return Pool(arguments.setup, arguments.jobs)
    from experiments.grid.cluster import Cluster

    return Cluster(arguments.setup, arguments.jobs, arguments.ray_address)
