"""The folder of unfinished work: tasks that are committed whole, so that nothing that was finished is done twice."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from mixsched.atomic import write_atomically
from mixsched.errors import UsageError
from train.prepare.hashing import file_sha256

DONE_FILE = "done.json"
_LOCK_FILE = ".lock"


class Made(msgspec.Struct, frozen=True):
    """What a task wrote: its folder, and a SHA-256 over all of it and over what it was asked."""

    folder: Path
    digest: str


class Task(msgspec.Struct, frozen=True):
    """A piece of work that writes one folder: `run(folder, spec)` returns what others need to know of it.

    `run` is a function of a module and `spec` can be pickled, so that any process on any machine that sees the work
    folder can do it. What it writes follows from `spec` alone, which names what other tasks wrote as `Made`: when an
    input has changed, the tasks that depend on it are done again, and no others.
    """

    name: str
    run: Callable[[Path, Any], Any]
    spec: Any
    size: int = 1
    """How much work it is, beside other tasks of its stage."""

    @property
    def asked(self) -> str:
        """A SHA-256 of the spec."""
        return hashlib.sha256(msgspec.json.encode(self.spec, enc_hook=str)).hexdigest()


class _Done(msgspec.Struct):
    asked: str
    files: dict[str, str]
    result: Any
    sha256: str = ""

    def digest(self) -> str:
        """A SHA-256 over the rest, so that a change in it is noticed."""
        return hashlib.sha256(msgspec.json.encode([self.asked, self.files, self.result])).hexdigest()


def execute(work: Path, task: Task) -> tuple[Made, Any]:
    """Do a task and commit it: its folder appears with everything in it and on the disk, or not at all."""
    partial = work / f".{task.name}.{socket.gethostname()}.{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        result = task.run(partial, task.spec)
        done = _Done(task.asked, {path.name: file_sha256(path) for path in sorted(partial.iterdir())}, result)
        done.sha256 = done.digest()
        content = msgspec.json.encode(done)
        (partial / DONE_FILE).write_bytes(content)
        for path in partial.iterdir():
            sync(path)
        sync(partial)
        shutil.rmtree(work / task.name, ignore_errors=True)
        partial.rename(work / task.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _made(work, task, content)


def finished(work: Path, task: Task) -> tuple[Made, Any] | None:
    """What a task wrote and its result; None if it was not committed, was asked something else, or is damaged."""
    try:
        content = (work / task.name / DONE_FILE).read_bytes()
        done = msgspec.json.decode(content, type=_Done)
        if done.asked != task.asked or done.sha256 != done.digest():
            return None
        whole = all(file_sha256(work / task.name / name) == digest for name, digest in done.files.items())
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return _made(work, task, content) if whole else None


def _made(work: Path, task: Task, content: bytes) -> tuple[Made, Any]:
    """The same for a task that was just done and for one that was found: its result as JSON gives it back."""
    made = Made(work / task.name, hashlib.sha256(content).hexdigest())
    return made, msgspec.json.decode(content, type=_Done).result


@contextlib.contextmanager
def work_folder(work: Path, fingerprint: dict[str, Any]) -> Iterator[None]:
    """Hold the work folder for one process; make it, or go on with what is there.

    Raises UsageError if another process holds it, or if what is there was begun with another fingerprint.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:
        raise UsageError(f"'{work.parent}' cannot be made here; name another `--out`") from error
    with (work / _LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another process is preparing in '{work}'; wait for it, or name another `--out`"
            ) from None
        _check_same(work, fingerprint)
        _remove_partial(work)
        try:
            yield
        finally:
            _remove_partial(work)


def _remove_partial(work: Path) -> None:
    for partial in work.glob(".*.*"):
        shutil.rmtree(partial, ignore_errors=True)


def _check_same(work: Path, fingerprint: dict[str, Any]) -> None:
    path = work / "work.json"
    text = msgspec.json.format(msgspec.json.encode(fingerprint, enc_hook=str), indent=1)
    if not path.exists():
        if any(each.name != _LOCK_FILE for each in work.iterdir()):
            raise UsageError(f"'{work}' holds files of something else; move them away, or name another `--out`")
        write_atomically(path, [text])
        return
    try:
        before = msgspec.json.decode(path.read_bytes(), type=dict)
    except msgspec.DecodeError as error:
        raise UsageError(f"'{path}' is damaged; remove its folder to begin anew") from error
    other = [key for key, value in msgspec.json.decode(text).items() if before.get(key) != value]
    if other:
        raise UsageError(
            f"'{work}' holds the unfinished work of another recipe (of other {' and '.join(other)}); give the command "
            "that began it, remove the folder to begin anew, or name another `--out`"
        )


def sync(path: Path) -> None:
    """Make sure that a file or a folder is on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
