"""Kills a command again and again, starts it anew each time, and holds what comes of it against what had to come."""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.torture.commands import Victim
from tests.torture.moments import Moment
from tests.torture.processes import Command
from tests.torture.sameness import half_written

# What a signal may take until the command has saved and ended, and what its workers may take after it.
PATIENCE_S = 90.0
POLL_S = 0.002
OUTSIDE = "traceback as Python starts or ends"


@dataclasses.dataclass(frozen=True)
class Kill:
    """A kill that happened: when, how far the command was, and how it ended; `faults` are sentences, none if all is
    well.
    """

    command: str
    moment: Moment
    after_s: float
    far: str
    half_written: bool
    code: int
    outcome: str
    faults: tuple[str, ...]


class Campaign:
    """The kills of one command, in lives: a life begins in an empty folder and ends when the command ends by itself."""

    def __init__(self, victim: Victim, scratch: Path, *, compiled: Path, say: Callable[[str], None]):
        """`compiled` is the folder of programs that JAX compiled before, which makes starts quick."""
        self._victim = victim
        self._compiled = compiled
        self._scratch = scratch
        self._say = say
        self.kills: list[Kill] = []
        self.faults: list[str] = []
        self.lives = 0
        self._running: Command | None = None
        self._left_before: set[str] = set()
        self._life_s, self._writes, self._untouched = 0.0, 0, Path()

    def measure(self, *, lives: int = 2) -> None:
        """Let the command live without a kill: how long it takes, and what must come of every other life.

        The first life compiles what all others find compiled; two must agree, or no comparison says anything.
        """
        folders = []
        for _ in range(lives):
            folder = self._new_life()
            command = self._start(folder)
            writes = _Writes(self._victim, folder)
            while not command.ended:
                writes.look()
                time.sleep(POLL_S)
            self._life_s, self._writes = time.monotonic() - command.began_s, writes.seen
            self._end_of_life(command, folder, folders[0] if folders else folder)
            folders.append(folder)
        self._untouched = folders[0]
        self._say(f"{self._victim.name}: takes {self._life_s:.1f} s, {self._writes} writes seen")

    def run(self, moments: Sequence[Moment], *, until_s: float) -> None:
        """Kill at each of the moments, or until the time is over; the last life is lived to its end."""
        coming, folder, fresh = list(moments), self._new_life(), True
        while coming and time.monotonic() < until_s:
            command = self._start(folder)
            if self._killed(command, coming[0], folder):
                coming.pop(0)
                fresh = False
            else:
                if fresh:
                    # A whole life was shorter than the measured one, or fewer of its writes were seen.
                    coming[0] = dataclasses.replace(coming[0], share=coming[0].share * 0.8)
                fresh = True
                self._end_of_life(command, folder, self._untouched)
                self._clear(folder)
                folder = self._new_life()
        command = self._start(folder)
        command.process.wait()
        self._end_of_life(command, folder, self._untouched)
        self._clear(folder)

    def _killed(self, command: Command, moment: Moment, folder: Path) -> bool:
        """Wait for the moment and kill; False if the command ended by itself before."""
        writes, aim = _Writes(self._victim, folder), 1 + int(moment.share * self._writes)
        while not command.ended:
            after_s = time.monotonic() - command.began_s
            if moment.at_write:
                writes.look()
            if writes.seen >= aim if moment.at_write else after_s >= moment.share * self._life_s:
                break
            time.sleep(POLL_S)
        else:
            return False
        after_s = time.monotonic() - command.began_s
        command.hold()
        half = half_written(folder)
        command.send(moment.by, everyone=moment.everyone)
        faults = []
        try:
            code = command.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            faults.append(f"did not end within {PATIENCE_S:.0f} s of {moment.by.name}")
            command.send(signal.SIGKILL, everyone=True)
            code = command.process.wait()
        faults += [f"left a process: {each}" for each in command.left_after(PATIENCE_S)]
        outcome, fault = judged(command.output, code, moment.by, said=self._victim.said)
        faults += fault
        if moment.by != signal.SIGKILL and code != -moment.by:
            # What an earlier kill left it may not have come to.
            faults += [f"left {name}" for name in half_written(folder) if name not in self._left_before]
        far = self._victim.far(folder)
        kill = Kill(self._victim.name, moment, after_s, far, bool(half), code, outcome, tuple(faults))
        self.kills.append(kill)
        told = "; ".join([*(["half written"] if half else []), outcome, *faults])
        self._say(f"  {len(self.kills):>3} {moment.how} after {after_s:.2f} s, {far}: {told}")
        return True

    def _start(self, folder: Path) -> Command:
        temporary = folder.with_name(f"{folder.name}-tmp")
        temporary.mkdir(exist_ok=True)
        self._left_before = set(half_written(folder))
        environment = os.environ | {
            "XLA_FLAGS": "", "TMPDIR": str(temporary), "JAX_COMPILATION_CACHE_DIR": str(self._compiled),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }  # fmt: skip
        self._running = Command(self._victim.words(folder), environment, folder.with_name(f"{folder.name}.log"))
        return self._running

    def end(self) -> None:
        """End what runs, for a campaign that is itself interrupted."""
        if self._running is not None:
            self._running.send(signal.SIGKILL, everyone=True)
            self._running.process.wait()

    def _clear(self, folder: Path) -> None:
        # What has faults stays, to be looked at.
        if not any(f"life {self.lives}:" in fault for fault in self.faults):
            for left in (folder, folder.with_name(f"{folder.name}-tmp")):
                shutil.rmtree(left, ignore_errors=True)

    def _new_life(self) -> Path:
        self.lives += 1
        folder = self._scratch / self._victim.name / str(self.lives)
        folder.mkdir(parents=True)
        self._victim.lay_out(folder)
        return folder

    def _end_of_life(self, command: Command, folder: Path, untouched: Path) -> None:
        """Hold what a command that ended by itself leaves against what one leaves that was never killed."""
        code, output = command.process.wait(), command.output
        faults = [f"left a process: {each}" for each in command.left_after(10)]
        # A preparation that was killed after its last rename has nothing more to do, and says so.
        finished_before = code == 2 and "exists already" in output
        if code != 0 and not finished_before:
            faults.append(f"ended with exit code {code}: {output[-2_000:]}")
        else:
            faults += self._victim.differences(folder, untouched)
        faults += [f"left {name}" for name in half_written(folder)]
        temporary = folder.with_name(f"{folder.name}-tmp")
        faults += [f"left {path.name} in the temporary folder" for path in temporary.iterdir()]
        self.faults += [f"{self._victim.name}, life {self.lives}: {fault}" for fault in faults]
        self._say(f"  life {self.lives} of {self._victim.name} {'; '.join(faults) or 'ended as if never killed'}")


class _Writes:
    """Counts how often files came and went in the places where a command writes."""

    def __init__(self, victim: Victim, folder: Path):
        self._victim, self._folder = victim, folder
        self._last = self._names()
        self.seen = 0

    def look(self) -> None:
        now = self._names()
        self.seen += len(now ^ self._last)
        self._last = now

    def _names(self) -> set[str]:
        # A folder may go while it is listed.
        with contextlib.suppress(OSError):
            return {str(path) for pattern in self._victim.written for path in self._folder.glob(pattern)}
        return self._last


def judged(output: str, code: int, by: signal.Signals, *, said: Sequence[str]) -> tuple[str, list[str]]:
    """How a command ended that got a signal, in words, and what is wrong with that."""
    if code == -signal.SIGKILL and by == signal.SIGKILL:
        return "killed", []
    if "Traceback" in output or "Exception ignored" in output:
        # Outside of `mixsched.cli.run`: while Python itself starts, imports the command, or ends.
        outside = "KeyboardInterrupt" in output and not any(word in output for word in said)
        return (OUTSIDE, []) if outside and code in (-by, 0, 1) else ("traceback", [f"traceback: {output[-2_000:]}"])
    if code == 0:
        return "had finished", []
    if code == -by:
        return "ended as Python starts or ends", []
    if code == 128 + by:
        told = any(word in output for word in said)
        return ("said so", []) if told else ("silent", [f"said nothing of {by.name}"])
    return "other", [f"exit code {code} after {by.name}: {output[-2_000:]}"]
