"""Shows the stages of a preparation to a person: a live bar on a terminal, a line for each stage elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def stage_shown(
    stage: str, sizes: Sequence[int], open_tasks: Sequence[int], say: Callable[[str], None]
) -> Iterator[Callable[[int], None]]:
    """A function to call with the size of each task that is done, for the length of the block; then a line is said."""
    began_s = time.monotonic()
    columns = (
        TextColumn(f"{stage:<10}"),
        BarColumn(),
        TextColumn("{task.completed:,.1f}/{task.total:,.1f} MB"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    total, open_total = sum(sizes) / 1e6, sum(sizes[number] for number in open_tasks) / 1e6
    with Progress(*columns, console=Console(), transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=total)
        bar.advance(task, total - open_total)
        yield lambda size: bar.advance(task, size / 1e6)
    before = len(sizes) - len(open_tasks)
    kept = f", {before:,} of them before" if before else ""
    tasks = f"{len(sizes):,} task{'s' * (len(sizes) != 1)}"
    say(f"{stage:<10}  {tasks} done{kept}, {time.monotonic() - began_s:.1f} s")
