"""`python -m experiments plan`: what a grid would do, in which order and at what cost; or as commands of a shell."""

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Annotated

import tyro

from eval.rundir import RunFolder
from experiments.grid.arguments import NOTHING, Choice, Setup
from experiments.grid.catalogue import Catalogue
from experiments.grid.jobs import Job, JudgeJob, RunJob, choose
from experiments.grid.pace import spoken
from experiments.grid.tables import print_table
from train.command_line import train_command
from train.cost import chip_hours


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Tell what a grid would do and what that costs; nothing is done.

    python -m experiments plan --figure 4

    python -m experiments plan --all --scale 470m

    python -m experiments plan --all --commands > grid.sh
    """

    choice: Annotated[Choice, tyro.conf.arg(name="")]
    setup: Annotated[Setup, tyro.conf.arg(name="")]
    commands: bool = False
    """Print shell commands instead, a line a job, in an order that works, for any other scheduler to take."""


def run(arguments: Arguments) -> int:
    """Print the order and the cost, or the commands."""
    setup = arguments.setup
    catalogue, picked, jobs = choose(arguments.choice, setup)
    if arguments.commands:
        print("\n".join(commands(jobs, setup)))
        return 0
    for note in picked.notes:
        print(note)
    lines = [("job", "seed", "steps", "tokens", "after")]
    for job in jobs:
        if isinstance(job, RunJob):
            after = ", ".join(job.needs)
            lines.append((job.name, f"{job.seed}", f"{job.own_steps:,}", f"{job.own_tokens:,}", after))
        else:
            lines.append((job.name, "", "", "", f"both, for {job.judge}"))
    print_table(lines, right=("seed", "steps", "tokens"))
    runs = [job for job in jobs if isinstance(job, RunJob)]
    print("\n".join(cost_lines(runs, catalogue, setup, timed=runs)))
    return 0


def cost_lines(runs: Sequence[RunJob], catalogue: Catalogue, setup: Setup, *, timed: Sequence[RunJob]) -> Iterator[str]:
    """What runs cost: steps, tokens, chip-hours by the paper's figures, and hours at the speed of the `timed` ones."""
    tokens = sum(job.own_tokens for job in runs)
    yield f"{len(runs)} runs of {sum(job.own_steps for job in runs):,} steps and {tokens:,} tokens in all"
    hours = [chip_hours(catalogue[job.experiment].lineage.experiment, setup.scale, setup.settings) for job in runs]
    known = [each for each in hours if each is not None]
    if known and len(known) == len(runs):
        yield f"{sum(known):,.0f} TPU v5e chip-hours by the paper's figures"
    measured = _measured_tokens_per_s(timed, setup)
    if measured:
        each = median(measured)
        yield (
            f"{spoken(tokens / each)} of training one run after another at {each:,.0f} tokens/s, the median of the "
            f"{len(measured)} runs at this scale in '{setup.runs}'; evaluations come on top"
        )


def _measured_tokens_per_s(runs: Sequence[RunJob], setup: Setup) -> list[float]:
    """The median speed of each run that has trained here."""
    found = []
    for job in runs:
        metrics = RunFolder(setup.runs / job.run).metrics
        # What follows the last end of a line is being written.
        lines = metrics.read_bytes().split(b"\n")[:-1] if metrics.exists() else []
        if lines and len(lines) >= job.own_steps // setup.settings.log_every_steps:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                found.append(median(json.loads(line)["tokens_per_s"] for line in lines))
    return found


def commands(jobs: Sequence[Job], setup: Setup) -> Iterator[str]:
    """A shell script: a line a job, numbered, with the numbers of the lines that it has to wait for."""
    yield "# One line a job, in an order that works. Lines that wait for none of each other may run at the same time."
    numbers = {job.name: number for number, job in enumerate(jobs, start=1)}
    for job in jobs:
        waits = ", ".join(str(numbers[need]) for need in job.needs)
        yield f"{_command(job, setup)}  # {numbers[job.name]}{' waits for ' + waits if waits else ''}"


def _command(job: Job, setup: Setup) -> str:
    if isinstance(job, JudgeJob):
        folders = [str(setup.runs / run) for run in (job.run, job.baseline)]
        return shlex.join(["python", "-m", "eval", "judge", *folders, f"--task={job.task}", f"--judge={job.judge}"])
    train = train_command(
        job.file, setup.scale, setup.settings, seed=job.seed, runs=setup.runs, shards=setup.shards, resume=True
    )
    if setup.suite == NOTHING:
        return shlex.join(train)
    evaluate = ["python", "-m", "eval", f"--run={setup.runs / job.run}", f"--suite={setup.suite}"]
    evaluate += [f"--shards={setup.shards}"] * (setup.shards is not None)
    evaluate += [f"--data={setup.data}"] * (setup.data is not None)
    return f"{shlex.join(train)} && {shlex.join(evaluate)}"
