"""Shows an evaluation to a person: a live bar on a terminal, a plain line a task elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Watch = Callable[[str, str, int, int], None]
TaskWatch = Callable[[str, int, int], None]


@contextlib.contextmanager
def shown() -> Iterator[Watch]:
    """A function that is told a task, what is being done, how much of it is done, and of how much."""
    if not sys.stderr.isatty():
        yield _plain()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown_task = bar.add_task("", total=None)
        yield lambda task, doing, done, total: bar.update(
            shown_task, description=f"{doing} {task}", completed=done, total=total
        )


def _plain() -> Watch:
    last = ""

    def say(task: str, doing: str, done: int, total: int) -> None:
        nonlocal last
        if last != (last := f"{doing} {task}"):
            print(f"{last} ({total:,})", file=sys.stderr, flush=True)

    return say
