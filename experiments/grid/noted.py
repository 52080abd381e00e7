"""What the grid keeps beside the runs: which jobs failed and why, logs, a lock, and compiled programs."""

import contextlib
import hashlib
import platform
from pathlib import Path

from mixsched.atomic import write_atomically


def _failures(runs: Path) -> Path:
    return runs / ".grid" / "failed"


def note_failure(runs: Path, job: str, sentence: str) -> None:
    """Keep why a job failed, until it is tried again."""
    # Where the disk is full, nothing can be kept; the sentence is on the screen all the same.
    with contextlib.suppress(OSError):
        _failures(runs).mkdir(parents=True, exist_ok=True)
        write_atomically(_failures(runs) / f"{job}.txt", [f"{sentence}\n".encode()])


def clear_failure(runs: Path, job: str) -> None:
    """Forget why a job failed."""
    (_failures(runs) / f"{job}.txt").unlink(missing_ok=True)


def failure_of(runs: Path, job: str) -> str | None:
    """Why a job failed when it was last tried; None if it did not."""
    try:
        return (_failures(runs) / f"{job}.txt").read_text().strip()
    except FileNotFoundError:
        return None


def log_of(runs: Path, run: str) -> Path:
    """Where all that a run's jobs print is appended."""
    return runs / run / "log.txt"


def workers_log(runs: Path) -> Path:
    """Where workers complain of what belongs to no job."""
    return _own_folder(runs) / "workers.txt"


def keeping_lock(runs: Path) -> Path:
    """What a process holds while it keeps rows of these runs."""
    return _own_folder(runs) / "keeping.lock"


def _own_folder(runs: Path) -> Path:
    folder = runs / ".grid"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def compiled_programs(runs: Path) -> Path:
    """Folder of JAX's compiled programs for this kind of machine: those of another processor may not run on it."""
    return runs / ".jax-cache" / hashlib.sha256(_processor().encode()).hexdigest()[:12]


def _processor() -> str:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        told = {name.strip(): value for name, _, value in (line.partition(":") for line in lines)}
        return platform.machine() + "".join(told.get(name, "") for name in ("model name", "flags", "Features"))
    return platform.machine() + platform.processor()
