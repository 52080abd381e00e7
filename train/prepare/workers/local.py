"""Runs tasks in processes of this machine."""

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from mixsched.errors import UsageError

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class LocalWorkers:
    """So many processes, kept from stage to stage; with one, the work is done in this process.

    A context manager: leaving it ends the processes, at once if an exception leaves it.
    """

    def __init__(self, workers: int):
        self.workers = workers
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None
        self._others = multiprocessing.active_children()

    def __enter__(self) -> "LocalWorkers":
        if self.workers > 1:
            # Spawned, not forked: a fork of a process with threads (JAX, pyarrow) may hang.
            self._pool = concurrent.futures.ProcessPoolExecutor(
                self.workers, multiprocessing.get_context("spawn"), initializer=_begin
            )
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is not None:
            if kind is not None:
                for process in multiprocessing.active_children():
                    if process not in self._others:
                        process.terminate()
            self._pool.shutdown(cancel_futures=True)

    def run(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Call the function on each argument; yields (number of the argument, result) as they are finished."""
        if self._pool is None:
            yield from ((number, function(argument)) for number, argument in enumerate(arguments))
            return
        with _no_interrupts():
            futures = {self._pool.submit(function, argument): number for number, argument in enumerate(arguments)}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise UsageError(
                "a worker process was killed, perhaps because the machine ran out of memory; give the same command "
                "again, with fewer `--workers`: what was finished is kept"
            ) from error


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ctrl-C reaches every process of the terminal: those that begin here never get it, this one after the block.

    So the parent alone answers it, and ends the others. SIGTERM waits too, lest it leave one half begun.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handlers = {each: signal.signal(each, lambda number, _: waiting.append(number)) for each in _STOPPING}
    # What a process begins with blocked stays blocked.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in waiting:
            signal.raise_signal(number)


def _begin() -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """A worker must not outlive a parent that was killed, for whom nobody would end it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
