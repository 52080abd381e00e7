"""`python -m experiments status`: how far a grid is, from the files of its runs alone."""

import dataclasses
from collections.abc import Iterator
from typing import Annotated

import tyro

from experiments.grid.arguments import Choice, Setup
from experiments.grid.board import Board
from experiments.grid.jobs import Job, RunJob, choose
from experiments.grid.noted import failure_of
from experiments.grid.pace import spoken
from experiments.grid.tables import print_table


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Tell how far a grid is, what failed and why; without names or figures, that of all experiments.

    python -m experiments status

    python -m experiments status --figure 4 --seeds 1
    """

    choice: Annotated[Choice, tyro.conf.arg(name="")]
    setup: Annotated[Setup, tyro.conf.arg(name="")]


def run(arguments: Arguments) -> int:
    """Print the state of every run that is begun, and the sums."""
    setup = arguments.setup
    _, picked, jobs = choose(arguments.choice, setup, all_if_none=True)
    for note in picked.notes:
        print(note)
    board = Board(jobs, setup)
    lines = [("job", "state", "steps", "of", "tokens/s"), *_lines(board)]
    if len(lines) > 1:
        print_table(lines, right=("steps", "of", "tokens/s"))
    print("\n".join(_sums(board)))
    return 0


def _lines(board: Board) -> Iterator[tuple[str, ...]]:
    for job in board.jobs:
        word = _word(job, board)
        if word is None:
            continue
        state = board.states.get(job.name)
        if state is None or not isinstance(job, RunJob):
            yield (job.name, word, "", "", "")
        else:
            rate = f"{state.tokens_per_s:,.0f}" if state.tokens_per_s is not None else ""
            yield (job.name, word, f"{state.own_steps_done:,}", f"{job.own_steps:,}", rate)


def _word(job: Job, board: Board) -> str | None:
    """The state of a job in a word or two; None for one that was never begun."""
    state = board.states.get(job.name)
    if _why(job, board) is not None:
        return "failed"
    if state is None:
        return "judged" if job.name in board.done else None
    if state.lacks:
        return f"evaluated without {', '.join(state.lacks)}"
    if state.written:
        return "trains" if state.stage in ("missing", "begun") else "evaluates"
    return None if state.stage == "missing" else state.stage


def _why(job: Job, board: Board) -> str | None:
    """Why a job failed, if it did and nobody is trying it again."""
    if job.name in board.failed:
        return board.failed[job.name]
    return failure_of(board.setup.runs, job.name) if job.name in board.waiting else None


def _sums(board: Board) -> Iterator[str]:
    runs = [job for job in board.jobs if isinstance(job, RunJob)]
    judgements = [job for job in board.jobs if not isinstance(job, RunJob)]
    setup = board.setup
    runs_done, judged = (sum(job.name in board.done for job in kind) for kind in (runs, judgements))
    yield (
        f"{runs_done} of {len(runs)} runs at scale {setup.scale} and {judged} of {len(judgements)} judgements are done "
        f"in '{setup.runs}'"
    )
    for job in board.jobs:
        why = _why(job, board)
        if why is not None:
            yield f"failed {job.name}: {why}"
    states = [(job, board.states[job.name]) for job in runs if job.name in board.states]
    left = sum(job.tokens_of(job.own_steps - state.own_steps_done) for job, state in states)
    rates = [state.tokens_per_s or 0.0 for _, state in states if state.written and state.stage in ("missing", "begun")]
    if left and sum(rates):
        yield (
            f"{left:,} tokens are to be trained: about {spoken(left / sum(rates))} at the {sum(rates):,.0f} tokens/s "
            f"of the {len(rates)} runs that train now, and evaluations on top"
        )
    elif left:
        yield f"{left:,} tokens are to be trained, and no run trains now"
