"""`python -m figures`: draw figures from what runs have written."""

from pathlib import Path
from typing import Annotated

import tyro

from mixsched import cli


def curves(
    runs: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN ...")], out: Path = Path("figures/out")
) -> None:
    """Draw the curves of each run: loss by source, held-out bits per byte, mix asked for and served, learning rate.

    python -m figures curves --runs runs/code25-nano-seed0

    Args:
        runs: Run folders, or folders that hold runs.
        out: Folder for the PNG and SVG files.
    """
    # Matplotlib takes seconds to import: only when there is something to draw.
    from figures.read import find_runs, read_run

    records = [read_run(path) for path in find_runs(runs)]
    from figures.curves import draw_curves

    for record in records:
        for file in draw_curves(record, out):
            print(f"drew '{file}'")


def main() -> None:
    """Parse and call."""
    tyro.extras.subcommand_cli_from_dict({"curves": curves}, prog="python -m figures")


if __name__ == "__main__":
    cli.run(main)
