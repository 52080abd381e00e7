"""`python -m mixsched.bench`: mixsched beside other ways to mix, measured in one run."""

import argparse
import importlib.util
from pathlib import Path

from mixsched import cli
from mixsched.errors import UsageError

NEEDED = ("grain", "array_record", "matplotlib")


def main() -> None:
    """Parse, measure, print and write."""
    arguments = parser().parse_args()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"the benchmark needs {' and '.join(missing)}; install what requirements.lock lists")
    # Grain takes seconds to import: not for --help.
    from mixsched.bench.run import FULL, QUICK, run

    arguments.out.mkdir(parents=True, exist_ok=True)
    run(QUICK if arguments.quick else FULL, long=arguments.long, folder=arguments.out)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m mixsched.bench",
        description="Measure mixsched beside other ways to mix, and write mixers.md, mixers.jsonl and a figure.",
    )
    made.add_argument("--quick", action="store_true", help="a few seconds, small numbers: to see that it works")
    made.add_argument("--long", action="store_true", help="also solve a million steps of 200 sources (a minute or two)")
    made.add_argument("--out", type=Path, default=Path("bench"), help="folder for what is written (default: bench)")
    return made


if __name__ == "__main__":
    cli.run(main)
