"""Runs a command in a folder of its own and tells what it said, and what it did to the folder."""

import concurrent.futures
import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bad_inputs.case import Case
from tests.bad_inputs.preparing import EVALUATING, PREPARING
from tests.bad_inputs.reading import DRAWING, MIXING, STUDYING
from tests.bad_inputs.training import RUN, TRAINING
from tests.load.watching import ROOT

CASES: dict[str, tuple[Case, ...]] = {
    "training": TRAINING,
    "preparing": PREPARING,
    "evaluating": EVALUATING,
    "the study": STUDYING,
    "drawing": DRAWING,
    "mixtures": MIXING,
}
AT_ONCE = 4


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, what it said, and the files that it made, changed or removed."""

    code: int
    out: str
    errors: str
    touched: list[str]

    @property
    def words(self) -> str:
        """What it said on one line, without the frame of the parser."""
        return " ".join(word for word in self.errors.split() if word.strip("╭╮╰╯─│"))


def make_world(folder: Path, shards: Path, run: Path) -> Path:
    """A folder with an experiment, prepared shards, and a run of the tiny model that was trained on such."""
    folder.mkdir()
    shutil.copy(ROOT / "experiments" / "code25.py", folder)
    shutil.copytree(shards, folder / "shards")
    shutil.copytree(run, folder / RUN)
    return folder


def outcomes(cases: Sequence[Case], world: Path, scratch: Path) -> list[Outcome]:
    """Run each case in its own copy of the world, a few at a time."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda place: _outcome(cases[place], world, scratch / str(place)), range(len(cases))))


def call(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m` with these words in a folder."""
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment(), text=True, capture_output=True, check=False)


def environment() -> dict[str, str]:
    """One device, a wide terminal, and the checkout from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": "", "COLUMNS": "200"}


def _outcome(case: Case, world: Path, folder: Path) -> Outcome:
    shutil.copytree(world, folder)
    if case.change is not None:
        case.change(folder)
    before = _contents(folder)
    done = call(case.words, folder)
    after = _contents(folder)
    shutil.rmtree(folder)
    touched = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Outcome(done.returncode, done.stdout, done.stderr, touched)


def _contents(folder: Path) -> dict[str, bytes]:
    """All files by name, and folders as empty ones."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}
