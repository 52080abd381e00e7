"""`python -m tests.bad_inputs`: runs every bad input and prints what each says, as Markdown."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bad_inputs.case import Case
from tests.bad_inputs.running import CASES, Outcome, make_world, outcomes
from tests.load.tiny import small_shards, training
from tests.load.watching import watch

STEPS = 32


def main() -> None:
    """Prepare shards, train the tiny model for a moment, and print the table."""
    with tempfile.TemporaryDirectory(prefix="bad-inputs-") as scratch:
        folder = Path(scratch)
        shards = small_shards(folder)
        every = {"eval-every-steps": STEPS // 2, "checkpoint-every-steps": STEPS // 2}
        watch(training(shards, folder / "runs", steps=STEPS, options=every), folder / "log" / "run.txt")
        world = make_world(folder / "world", shards, folder / "runs" / "code25-nano-seed0")
        print("| what is wrong | typed after `python -m` | what it says, with exit code 2 |\n| --- | --- | --- |")
        for part, cases in CASES.items():
            print(f"| **{part}** | | |")
            for case, outcome in zip(cases, outcomes(cases, world, folder), strict=True):
                row = f"| {' | '.join(_cells(case, outcome))} |"
                # Each was given in a folder of its own.
                print(re.sub(rf"{re.escape(scratch)}/\d+", "/here", row), flush=True)


def _cells(case: Case, outcome: Outcome) -> Iterator[str]:
    yield case.what
    yield f"`{case.typed.replace(' TINY', ' ...')}`"
    said = outcome.words.replace("|", "\\|").replace("<", "&lt;")
    yield said if outcome.code == 2 else f"{said} (exit code {outcome.code})"


if __name__ == "__main__":
    main()
