"""Shows a sitting to a person: one live view of the whole grid on a terminal, plain lines elsewhere."""

import abc
import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from experiments.grid.board import Board, Running
from experiments.grid.jobs import RunJob
from experiments.grid.pace import spoken

PLAIN_LINE_EVERY_S = 60.0


class View(abc.ABC):
    """What is told while a sitting goes on."""

    @abc.abstractmethod
    def say(self, line: str) -> None:
        """Tell that something happened."""

    @abc.abstractmethod
    def show(self, board: Board) -> None:
        """Tell how all of it stands."""


class _Plain(View):
    def __init__(self):
        self._said_s = time.monotonic()

    def say(self, line: str) -> None:
        print(line, flush=True)

    def show(self, board: Board) -> None:
        if board.running and time.monotonic() - self._said_s >= PLAIN_LINE_EVERY_S:
            self._said_s = time.monotonic()
            print("; ".join([summary(board), *map(progress, board.running.values())]), flush=True)


class _OnTerminal(View):
    def __init__(self, live: Live):
        self._live = live

    def say(self, line: str) -> None:
        self._live.console.print(Text(line), highlight=False)

    def show(self, board: Board) -> None:
        self._live.update(_picture(board))


@contextlib.contextmanager
def shown() -> Iterator[View]:
    """The view that fits where the output goes, for the length of the block."""
    if not sys.stdout.isatty():
        yield _Plain()
        return
    with Live(console=Console(), transient=True, refresh_per_second=2) as live:
        yield _OnTerminal(live)


def summary(board: Board) -> str:
    """How many jobs stand where, and the time left once it is known."""
    counts = [f"{len(board.done)} of {len(board.jobs)} jobs done", f"{len(board.running)} running"]
    others = {"failed": board.failed, "skipped": board.skipped, "written by other processes": board.elsewhere}
    counts += [f"{len(jobs)} {name}" for name, jobs in others.items() if jobs]
    running = [(one.trained_tokens, time.monotonic() - one.since_s) for one in board.running.values() if one.trains]
    workers = max(1, len(board.running))
    told = board.pace.left_s(board.left(), running, workers=workers) if board.running else None
    if told is not None:
        left_s, unknown = told
        counts.append(f"about {spoken(left_s)} left{' without the ' * bool(unknown)}{' and '.join(unknown)}")
    return ", ".join(counts)


def progress(running: Running) -> str:
    """How far a running job is."""
    job, state = running.job, running.state
    if not isinstance(job, RunJob) or state is None:
        return f"{job.name} judging"
    if not running.trains:
        return f"{job.name} {'finishing' if state.complete else 'evaluating'}"
    rate = f", {state.tokens_per_s:,.0f} tokens/s" if state.tokens_per_s and running.trained_tokens else ""
    return f"{job.name} step {state.own_steps_done:,} of {job.own_steps:,}{rate}"


def _picture(board: Board) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for one in board.running.values():
        table.add_row(Text("  "), Text(progress(one)), Text(spoken(time.monotonic() - one.since_s), style="dim"))
    return Group(Text(summary(board), style="bold"), table)
