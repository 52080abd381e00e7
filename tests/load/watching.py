"""Runs a command of ours and samples the memory and the open files of its processes while it works (Linux)."""

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

MIB = 1 << 20
ROOT = Path(__file__).parents[2]
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass(frozen=True)
class Sample:
    """One look at a command and the processes below it.

    `at_s` is seconds after its start; `resident_mib` adds up all its processes, so that pages which they share count
    in each; `largest_mib` is the largest of them; `mark` is what the caller counts, steps for example.
    """

    at_s: float
    resident_mib: float
    largest_mib: float
    handles: int
    processes: int
    mark: float


@dataclasses.dataclass(frozen=True)
class Watched:
    """A command that has ended well: its samples, its seconds on the wall, and what it printed."""

    samples: list[Sample]
    wall_s: float
    output: str

    @property
    def peak_mib(self) -> float:
        """The most resident memory of all its processes together."""
        return max(each.resident_mib for each in self.samples)

    @property
    def largest_mib(self) -> float:
        """The most resident memory of one of its processes."""
        return max(each.largest_mib for each in self.samples)


def ours(*words: object) -> list[str]:
    """The command line `python -m ...`, in this interpreter."""
    return [sys.executable, "-m", *map(str, words)]


def watch(
    command: Sequence[str], log: Path, *, every_s: float = 0.1, mark: Callable[[], float] = lambda: 0.0
) -> Watched:
    """Run a command of ours to its end, its output in `log`; raises RuntimeError with that where it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    samples, began_s = [], time.perf_counter()
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
        while process.poll() is None:
            samples.append(_look(process.pid, time.perf_counter() - began_s, mark()))
            time.sleep(every_s)
    wall_s = time.perf_counter() - began_s
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {log.read_text()[-2_000:]}")
    return Watched(samples, wall_s, log.read_text())


def _look(pid: int, at_s: float, mark: float) -> Sample:
    resident, handles = [], 0
    for each in _tree(pid):
        # A process may end between two looks at it.
        with contextlib.suppress(OSError):
            resident.append(int(Path(f"/proc/{each}/statm").read_text().split()[1]) * _PAGE / MIB)
            handles += len(os.listdir(f"/proc/{each}/fd"))
    return Sample(at_s, sum(resident), max(resident, default=0.0), handles, len(resident), mark)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _tree(int(child))
