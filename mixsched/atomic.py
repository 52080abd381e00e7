"""Files, and lines in them, that are there whole or not at all, whatever happens while they are written."""

import contextlib
import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows: what a killed process left is left there.
    fcntl = None


def write_atomically(path: Path, parts: Iterable[Any]) -> None:
    """Write bytes, part after part: beside the file's place first, on the disk, then renamed.

    What was there stays until then, and for good if the writing fails. What a process that was killed here left half
    written is removed.
    """
    _remove_half_written(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _named(path), _opened(beside) as stream:
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
            beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


def append_durably(path: Path, lines: bytes) -> None:
    """Append whole lines to a file in one write, on the disk before this returns.

    A torn last line, which a process that was killed here may have left, is removed: it would become part of the next.
    """
    with _named(path), path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read() != b"\n":
                stream.seek(0)
                stream.truncate(stream.read().rfind(b"\n") + 1)
        stream.write(lines)
        stream.flush()
        os.fsync(stream.fileno())


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of the system on writing, which names no file, names this one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def _opened(beside: Path) -> BinaryIO:
    """The file, locked, by which it is known that somebody is writing it: a lock goes with its process."""
    while True:
        stream = beside.open("wb")
        if fcntl is None:
            return stream
        # Some file systems have no locks; there nobody can take this one for left over either.
        with contextlib.suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX)
        # Between opening and locking another process may have removed it.
        if beside.exists():
            return stream
        stream.close()


def _remove_half_written(path: Path) -> None:
    if fcntl is None:
        return
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        # Locked: being written. Gone: written meanwhile.
        with contextlib.suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
