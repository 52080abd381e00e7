"""`python -m tests.load`: what long runs, large inputs, many sources and many runs take; minutes, and 3 GB of disk."""

import argparse
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.load import large_input, long_run, many_runs, many_sources, side_by_side

PARTS: dict[str, Callable[[Path, Path], None]] = {
    "steps": long_run.measure,
    "prepare": large_input.measure,
    "sources": many_sources.measure,
    "figures": many_runs.measure,
    "together": side_by_side.measure,
}


def main() -> None:
    """Measure the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--out", type=Path, default=Path("bench/load"), help="folder of the plots (bench/load)")
    parser.add_argument("--scratch", type=Path, help="folder of what is made and thrown away; default: the system's")
    parser.add_argument("--steps", type=int, default=long_run.STEPS, help="of the run of `steps` (10,000)")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    parts = PARTS | {"steps": functools.partial(long_run.measure, steps=arguments.steps)}
    for name in arguments.parts or PARTS:
        print(f"\n== {name}", flush=True)
        with tempfile.TemporaryDirectory(dir=arguments.scratch, prefix="load-") as scratch:
            parts[name](Path(scratch), arguments.out.resolve())


if __name__ == "__main__":
    main()
