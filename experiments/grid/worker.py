"""A worker of a grid, `python -m experiments.grid.worker CORES`: does one job after another that its parent hands it.

Jobs come in by its standard input and their endings go out by its standard output, pickled. When its parent asks it to
stop, or dies, the input ends: then the worker saves what it is training and ends too.
"""

import os
import pickle
import queue
import select
import signal
import sys
import threading
from typing import IO

from experiments.grid.work import do


def main() -> int:
    """Work until there is nothing more to do."""
    if sys.argv[1] != "all":
        # Before JAX is imported, which starts as many threads as it finds cores.
        os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    caught, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Nothing that a job starts may read its requests or write among its replies.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_take_in, args=(requests, inbox, caught), daemon=True).start()
    while (request := inbox.get()) is not None:
        job, setup = request
        ended = do(job, setup)
        try:
            pickle.dump(ended, replies)
            replies.flush()
        except BrokenPipeError:
            # The parent is dead; all of this job is saved.
            break
        if ended.ending == "stopped":
            break
    return 0


def _take_in(requests: IO[bytes], inbox: queue.SimpleQueue, caught: int) -> None:
    while True:
        try:
            inbox.put(pickle.load(requests))
        except (EOFError, pickle.UnpicklingError):
            break
    inbox.put(None)
    # Training saves on it and returns; anything else that is done ends with it. A second one would stop the saving, and
    # who ends a whole group of processes has sent one to each before the parent could close this input.
    if not select.select([caught], [], [], 0)[0]:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
