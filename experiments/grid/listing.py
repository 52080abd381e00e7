"""`python -m experiments list`: every experiment with what it is made of, what it costs, and how far its runs are."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from experiments.grid.arguments import Setup
from experiments.grid.catalogue import TABLE, Catalogue, Picked, read_catalogue
from experiments.grid.jobs import RunJob, jobs_of
from experiments.grid.recipe import code_tokens, recipe, text_tokens
from experiments.grid.state import run_state
from experiments.grid.tables import print_table
from mixsched.errors import UsageError
from train.cost import chip_hours
from train.scales import SCALES

BILLION = 1_000_000_000
HOURS = ("470m", "2.8b")


@dataclasses.dataclass(frozen=True)
class Arguments:
    """List all experiments, each below the one that it starts from.

    python -m experiments list

    python -m experiments list --scale 470m --runs /shared/runs
    """

    setup: Annotated[Setup, tyro.conf.arg(name="")]
    experiments: Path | None = None
    """A folder with more experiment files."""


def run(arguments: Arguments) -> int:
    """Print the table."""
    catalogue, setup = read_catalogue(arguments.experiments), arguments.setup
    seeds = seeds_done(catalogue, setup)
    amounts = ("text", "code", *(f"{size} h" for size in HOURS))
    lines: list[tuple[str, ...]] = [
        ("experiment", "figures", "its own part, in %", *amounts, f"{setup.scale} seeds"),
    ]
    for name, depth in as_tree(catalogue):
        entry = catalogue[name]
        own = entry.lineage.experiment
        figures = " ".join("T2" if figure == TABLE else figure for figure in entry.figures)
        hours = (chip_hours(own, size, SCALES[size]) for size in HOURS)
        lines.append(
            (
                "  " * depth + name,
                figures,
                recipe(own),
                *(f"{float(tokens / BILLION):.3g}" for tokens in (text_tokens(own), code_tokens(own))),
                *("?" if each is None else f"{each:,.0f}" for each in hours),
                seeds[name],
            )
        )
    print_table(lines, right=amounts)
    print(
        "\nIndented below the experiment that it starts from; all else is of its own part. T2: Table 2. text, code: "
        "billions of the\npaper's tokens. h: TPU v5e chip-hours by the paper's figures. Seeds: finished in "
        f"'{setup.runs}' (and begun)."
    )
    return 0


def as_tree(catalogue: Catalogue) -> list[tuple[str, int]]:
    """The names of all experiments with how deep they stand: each below the one that it starts from."""
    by_line = sorted(catalogue, key=lambda name: catalogue[name].lineage.names)
    return [(name, len(catalogue[name].lineage.names) - 1) for name in by_line]


def seeds_done(catalogue: Catalogue, setup: Setup) -> dict[str, str]:
    """How many seeds of each experiment are finished, and how many more are begun: "2/3 (+1)"."""
    stages: dict[str, list[str]] = {name: [] for name in catalogue}
    for job in jobs_of(catalogue, Picked(tuple(catalogue), ()), setup):
        if isinstance(job, RunJob):
            stages[job.experiment].append(_stage(job, setup))
    return {name: _counted(found) for name, found in stages.items()}


def _stage(job: RunJob, setup: Setup) -> str:
    try:
        state = run_state(job, setup)
        return "finished" if state.keepable else state.stage
    except UsageError:
        # A run with other settings, or a damaged one; `status` says which.
        return "other"


def _counted(stages: list[str]) -> str:
    begun = sum(stage in ("trained", "begun") for stage in stages)
    others = stages.count("other")
    told = f"{stages.count('finished')}/{len(stages)}"
    return told + (f" (+{begun})" if begun else "") + (f" ({others} other)" if others else "")
