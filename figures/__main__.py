"""`python -m figures`: draw figures from what runs have written."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import tyro

from figures.command import draw
from figures.optimum.command import optimum
from figures.read import RunRecord, find_runs, read_run
from figures.report.command import draw_all
from mixsched import cli
from mixsched.errors import UsageError


def curves(
    runs: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN ...")], out: Path = Path("figures/out")
) -> None:
    """Draw the curves of each run: loss by source, held-out bits per byte, mix asked for and served, learning rate.

    python -m figures curves --runs runs/code25-nano-seed0

    Args:
        runs: Run folders, or folders that hold runs.
        out: Folder for the PNG and SVG files.
    """
    folders = list({path.resolve(): path for path in find_runs(runs)}.values())
    records = [read_run(path) for path in folders]
    _check_names_differ(folders, records)
    for record in records:
        for note in record.notes:
            print(note)
    # Matplotlib takes a second to import: only when there is something to draw.
    from figures.curves import draw_curves

    for record in records:
        for file in draw_curves(record, out):
            print(f"drew '{file}'")


# A command imports what is heavy when it is called, so that `--help` is quick.
COMMANDS: dict[str, Callable[..., None]] = {
    "all": draw_all,
    "draw": draw,
    "optimum": optimum,
    "curves": curves,
}


def main() -> None:
    """Parse and call."""
    tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="python -m figures")


def _check_names_differ(folders: Sequence[Path], records: Sequence[RunRecord]) -> None:
    """Pictures are named by their runs, so that one of two with the same name would be lost."""
    first: dict[str, Path] = {}
    for path, record in zip(folders, records, strict=True):
        other = first.setdefault(record.config.run, path)
        if other is not path:
            raise UsageError(
                f"'{other}' and '{path}' are both runs named {record.config.run!r}, and so would be their pictures; "
                "draw them one after the other, each into an `--out` of its own"
            )


if __name__ == "__main__":
    cli.run(main)
