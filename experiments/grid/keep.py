"""`python -m experiments keep`: the result rows of finished runs in the project, all seeds of an experiment in a file.

What is kept depends on the rows alone, so that keeping them again changes nothing.
"""

import dataclasses
import fcntl
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import tyro

from eval.results import Row, line_of, measurement, read_rows
from eval.rundir import RunFolder
from experiments.grid.arguments import Choice, Setup
from experiments.grid.jobs import RunJob, choose
from experiments.grid.noted import keeping_lock
from experiments.grid.state import run_state
from mixsched.atomic import write_atomically
from mixsched.differences import differences
from mixsched.errors import UsageError
from train.scales import scale_named

RESULTS = Path("experiments/results")


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Keep the result rows of finished runs, of all seeds, in a file an experiment; figures are drawn from these.

    python -m experiments keep
    """

    choice: Annotated[Choice, tyro.conf.arg(name="")]
    setup: Annotated[Setup, tyro.conf.arg(name="")]
    results: Path = RESULTS
    """Folder of the rows: <scale>/<experiment>.jsonl."""

    def __post_init__(self):
        check_place(self.results, self.setup)


def run(arguments: Arguments) -> int:
    """Keep them, and say which files changed."""
    _, _, jobs = choose(arguments.choice, arguments.setup, all_if_none=True)
    changed = keep([job for job in jobs if isinstance(job, RunJob)], arguments.setup, arguments.results)
    for path in changed:
        print(f"kept '{path}'")
    if not changed:
        print(f"nothing new in '{arguments.setup.runs}' for '{arguments.results}'")
    return 0


def check_place(results: Path, setup: Setup) -> None:
    """Raise UsageError if the project's own rows would be mixed with those of other settings or other data."""
    usual, now = dataclasses.asdict(scale_named(setup.scale)), dataclasses.asdict(setup.settings)
    changed = list(differences(usual, now, name="settings"))
    changed += [f"`--shards` is '{setup.shards}'"] * (setup.shards is not None)
    if changed and results == RESULTS:
        raise UsageError(
            f"'{RESULTS}' holds rows of scale {setup.scale} as it is, and here {'; '.join(changed)}; name another "
            "folder by `--results`"
        )


def kept_rows(results: Path, scale: str, experiment: str) -> Path:
    """The file of an experiment's rows."""
    return results / scale / f"{experiment}.jsonl"


def keep(jobs: Iterable[RunJob], setup: Setup, results: Path) -> list[Path]:
    """Keep the rows of those of the runs that are finished; returns the files that this changed.

    Rows of runs that are not finished here, or not here at all, stay as they were kept. Raises UsageError for a file
    whose rows are damaged.
    """
    finished = [job for job in jobs if run_state(job, setup).keepable]
    changed = []
    for experiment in dict.fromkeys(job.experiment for job in finished):
        path = kept_rows(results, setup.scale, experiment)
        path.parent.mkdir(parents=True, exist_ok=True)
        runs = {job.run for job in finished if job.experiment == experiment}
        # Two processes that keep rows at once would each write what they had read before.
        with keeping_lock(setup.runs).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = [row for row in read_rows(path) if row.run not in runs]
            rows += [row for run in sorted(runs) for row in read_rows(RunFolder(setup.runs / run).results)]
            written = _written(rows)
            if not path.exists() or path.read_bytes() != written:
                write_atomically(path, [written])
                changed.append(path)
    return changed


def _written(rows: Iterable[Row]) -> bytes:
    last = {(row.run, measurement(row)): row for row in rows}
    return "".join(map(line_of, sorted(last.values(), key=_place))).encode()


def _place(row: Row) -> tuple:
    # Of a task that was asked in several ways the later comes last, as in a run's own results.
    return (row.seed, row.run, row.step, row.task, row.metric, row.when, row.asked, row.n, row.covers)
