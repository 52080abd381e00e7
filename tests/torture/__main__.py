"""`python -m tests.torture`: kill train, prepare, experiments and eval at random moments, and see what is lost."""

import dataclasses
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Literal

import tyro

from mixsched import cli
from mixsched.errors import UsageError

Name = Literal["prepare", "train", "experiments", "eval"]


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Kill commands of this project at random moments, start them again, and compare with what was never killed.

    python -m tests.torture --kills 100 --minutes 20
    """

    kills: int = 100
    """How many, over all commands."""
    minutes: float = 20.0
    """No kill comes later than that; what was begun is ended and compared."""
    seed: int = 0
    """Of the moments, the signals and the order."""
    only: Annotated[tuple[Name, ...], tyro.conf.arg(metavar="COMMAND ...")] = ()
    """prepare, train, experiments, eval. Default: all four."""
    table: Path | None = None
    """File for the tables, in Markdown."""
    scratch: Path | None = None
    """Folder to work in, which stays. Default: a temporary one, which goes unless there are faults."""

    def __post_init__(self):
        if self.kills < 1 or self.minutes <= 0:
            raise UsageError(
                f"`--kills` must be at least 1 and `--minutes` positive, got {self.kills} and {self.minutes}"
            )


def main() -> int:
    """Parse and call."""
    arguments = tyro.cli(Arguments, prog="python -m tests.torture")
    if sys.platform != "linux":
        raise UsageError("the campaign looks for processes in /proc, which only Linux has; run it there")
    from tests.torture.whole import whole_campaign

    scratch = arguments.scratch or Path(tempfile.mkdtemp(prefix="torture-"))
    report = whole_campaign(
        scratch.absolute(),
        kills=arguments.kills,
        until_s=time.monotonic() + 60 * arguments.minutes,
        seed=arguments.seed,
        only=arguments.only,
    )
    if arguments.table is not None:
        arguments.table.write_text(report.markdown)
    print(report.told)
    if report.faults:
        print(f"what was found lies in '{scratch}'", file=sys.stderr)
        return 1
    if arguments.scratch is None:
        shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    cli.run(main)
