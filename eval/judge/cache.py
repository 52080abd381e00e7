"""Replies on disk, so that nothing is asked twice: not after an interruption, not by two processes at once."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.judge.prompt import Reply
from mixsched.errors import UsageError
from mixsched.typed import read_json, typed


class ReplyCache:
    """A file of JSON lines, one a reply, to which any number of processes append; a `with` block closes it.

    What a killed process left of a line counts for nothing, and the next writer removes it. Locks lie on bytes of a
    second file and go with their process: byte 0 is held while a line is written, and a byte that a question's key
    chooses while the question is asked. (Byte locks belong to a process, so one process opens a cache once.)
    """

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lines = path.open("a+b", buffering=0)
        self._locks = path.with_suffix(".lock").open("ab")
        self._replies: dict[str, Reply] = {}
        self._read_to = 0
        self._lines_read = 0

    def __enter__(self) -> "ReplyCache":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._locks.close()

    def get(self, key: str) -> Reply | None:
        """The reply to a question, one that another process has just kept too; None if there is none.

        Raises UsageError that names a damaged line.
        """
        if key not in self._replies:
            self._read_new_lines()
        return self._replies.get(key)

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply; it is on disk before this returns."""
        line = json.dumps({"key": key} | dataclasses.asdict(reply), ensure_ascii=True) + "\n"
        with self._writing():
            self._read_new_lines()
            # Whoever wrote a half line is gone: it would still hold the lock.
            self._lines.truncate(self._read_to)
            rest = line.encode()
            while rest:
                rest = rest[self._lines.write(rest) :]
            os.fsync(self._lines.fileno())

    @contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """Whether this process alone may ask a question, for the block that asks it; False if another is asking."""
        byte = 1 + int(key[:15], 16)
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, byte)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        fcntl.lockf(self._locks, fcntl.LOCK_EX, 1, 0)
        try:
            yield
        finally:
            fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, 0)

    def _read_new_lines(self) -> None:
        if os.fstat(self._lines.fileno()).st_size == self._read_to:
            return
        self._lines.seek(self._read_to)
        for line in self._lines.readall().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                return
            self._lines_read += 1
            try:
                fields = read_json(line)
                key = str(fields.pop("key"))
                self._replies[key] = typed(Reply, fields)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                where = f"line {self._lines_read} of '{self._path}'"
                raise UsageError(f"{where} is no reply of a judge ({error}); remove that line") from error
            self._read_to += len(line)
