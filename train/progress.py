"""Shows a run to a person: a live bar on a terminal, a plain line now and then elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from train.metrics import Line

PLAIN_LINE_EVERY_S = 10.0


@contextlib.contextmanager
def shown(total_steps: int, first_step: int, *, quiet: bool = False) -> Iterator[Callable[[Line], None]]:
    """A function that shows a line of metrics, for the length of the block; a `quiet` one shows nothing."""
    if quiet:
        yield lambda line: None
        return
    if not sys.stdout.isatty():
        yield _plain(total_steps)
        return
    columns = (
        TextColumn("{task.completed:,}/{task.total:,} steps"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console()) as bar:
        task = bar.add_task("", total=total_steps, completed=first_step, told="compiling")
        yield lambda line: bar.update(task, completed=line.steps_done, told=_told(line))


def _told(line: Line) -> str:
    loss = "skipped" if line.loss is None else f"loss {line.loss:.3f}"
    return f"{loss}  {line.tokens_per_s:,.0f} tokens/s  waiting {line.wait_share:.1%}"


def _plain(total_steps: int) -> Callable[[Line], None]:
    # The clock starts with the first line, after compilation, so that the time left is that of the steps.
    began: tuple[float, int] | None = None
    said_s = time.monotonic()

    def say(line: Line) -> None:
        nonlocal began, said_s
        now_s = time.monotonic()
        if began is None:
            began = (now_s, line.steps_done)
            return
        if now_s - said_s < PLAIN_LINE_EVERY_S and line.steps_done != total_steps:
            return
        said_s = now_s
        left_s = (now_s - began[0]) / (line.steps_done - began[1]) * (total_steps - line.steps_done)
        print(f"step {line.steps_done:,}/{total_steps:,}  {_told(line)}  {left_s / 60:.1f} min left", flush=True)

    return say
