"""Shows the stages of a preparation to a person: a live bar on a terminal, a line for each stage elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextlib.contextmanager
def stage_shown(
    stage: str, sizes: Sequence[int], open_tasks: Sequence[int], say: Callable[[str], None]
) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of each task that is done; after the block a line is said."""
    began_s = time.monotonic()
    columns = (
        TextColumn(f"{stage:<10}"),
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    # Each task counts a little by itself, so that small ones are seen too.
    sizes = [size + 10_000 for size in sizes]
    with Progress(*columns, console=Console(), transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=sum(sizes))
        bar.advance(task, sum(sizes) - sum(sizes[number] for number in open_tasks))
        yield lambda number: bar.advance(task, sizes[number])
    before = len(sizes) - len(open_tasks)
    kept = f", {before:,} kept from before" if before else ""
    tasks = f"{len(sizes):,} task{'s' * (len(sizes) != 1)}"
    say(f"{stage:<10} {tasks} done{kept}, {time.monotonic() - began_s:.1f} s")
