"""`python -m experiments keep`: collects the result rows of finished runs into the project."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from experiments.grid.arguments import Choice, Setup
from experiments.grid.chosen import choose
from experiments.grid.jobs import RunJob
from experiments.grid.keep import keep


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Keep the result rows of finished runs, of all seeds, in a file an experiment; figures are drawn from these.

    python -m experiments keep
    """

    choice: Annotated[Choice, tyro.conf.arg(name="")]
    setup: Annotated[Setup, tyro.conf.arg(name="")]
    results: Path = Path("experiments/results")
    """Folder of the rows: <scale>/<experiment>.jsonl."""


def run(arguments: Arguments) -> int:
    """Keep them, and say which files changed."""
    _, _, jobs = choose(arguments.choice, arguments.setup, all_if_none=True)
    changed = keep([job for job in jobs if isinstance(job, RunJob)], arguments.setup, arguments.results)
    for path in changed:
        print(f"kept '{path}'")
    if not changed:
        print(f"nothing new in '{arguments.setup.runs}' for '{arguments.results}'")
    return 0
