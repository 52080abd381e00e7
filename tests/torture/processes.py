"""Starts a command in a session of its own, and finds all processes that come of it, wherever they went (Linux)."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

MARK = "TORTURED"


class Command:
    """A running command; what it prints goes to the file `log`, so that nobody waits for its pipes.

    All that it starts inherits `MARK` in its environment or is of its session: by these it is found.
    """

    def __init__(self, words: Sequence[str], environment: dict[str, str], log: Path):
        self.began_s = time.monotonic()
        self._mark = f"{MARK}={os.getpid()}-{time.monotonic_ns()}"
        name, _, value = self._mark.partition("=")
        self._log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                words,
                env=environment | {name: value},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def hold(self) -> None:
        """Let all of it stand still, so that what lies on the disk is what a kill finds."""
        signal_all([-self.process.pid, *self.processes()], signal.SIGSTOP)

    def send(self, by: signal.Signals, *, everyone: bool) -> None:
        """Send a signal to its process group, or to all processes that came of it, and let the others go on."""
        processes = self.processes()
        signal_all([-self.process.pid, *(processes if everyone else ())], by)
        signal_all([-self.process.pid, *processes], signal.SIGCONT)

    def processes(self) -> list[int]:
        """The processes that came of it and live."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._is_ours(path)]

    def left_after(self, patience_s: float) -> list[str]:
        """The command lines of those that still live after so long; they are ended then."""
        until_s = time.monotonic() + patience_s
        while (left := self.processes()) and time.monotonic() < until_s:
            time.sleep(0.02)
        told = []
        for process in left:
            with contextlib.suppress(OSError):
                told.append(Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        signal_all(left, signal.SIGKILL)
        return told

    def _is_ours(self, path: Path) -> bool:
        # One that has just gone, or is another user's, is none of ours.
        with contextlib.suppress(OSError):
            state, _, _, session = (path / "stat").read_text().rpartition(")")[2].split()[:4]
            if state in "ZX":
                return False
            return int(session) == self.process.pid or self._mark.encode() in (path / "environ").read_bytes()
        return False


def signal_all(processes: Sequence[int], by: signal.Signals) -> None:
    """Send a signal to processes, or groups under their negative numbers, of which some may have gone."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, by)
