"""Worker processes of this machine, each on its own cores, that do jobs one after another."""

import contextlib
import itertools
import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from experiments.grid.arguments import Setup
from experiments.grid.jobs import Job
from experiments.grid.noted import note_failure, workers_log
from experiments.grid.work import Ended
from train.huge_pages import ask_for_huge_pages

CHECKOUT = Path(__file__).parents[2]


class _Worker:
    """A process and the job that it has, if it has one."""

    def __init__(self, cores: Sequence[int], complaints: IO[bytes]):
        named = ",".join(map(str, cores)) or "all"
        # In a session of its own, so that Ctrl-C reaches it only through its parent, and once.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "experiments.grid.worker", named],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=_environment(),
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.requests, self.replies = self.process.stdin, self.process.stdout
        self.job: Job | None = None

    def ask_to_stop(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.requests.close()


def _environment() -> dict[str, str]:
    path = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), *path])}
    ask_for_huge_pages(environment)
    return environment


class Pool:
    """So many workers, started as they are needed. A context manager: leaving it ends them."""

    def __init__(self, setup: Setup, workers: int):
        self._setup = setup
        self._places: list[_Worker | None] = [None] * workers
        self._cores = shares(cores(), workers) if sys.platform == "linux" else [()] * workers
        self._complaints: IO[bytes] | None = None

    def __enter__(self) -> "Pool":
        self._complaints = workers_log(self._setup.runs).open("ab")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        assert self._complaints is not None
        self.ask_to_stop()
        for worker in self._workers:
            if kind is KeyboardInterrupt:
                # Who presses Ctrl-C twice does not want to wait until all is saved.
                os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
            worker.replies.close()
        self._complaints.close()

    @property
    def _workers(self) -> list[_Worker]:
        return [worker for worker in self._places if worker is not None]

    @property
    def free(self) -> int:
        """How many more jobs can be started."""
        return len(self._places) - sum(worker.job is not None for worker in self._workers)

    def start(self, job: Job) -> None:
        """Hand a job to a worker that has none."""
        place = next(place for place, worker in enumerate(self._places) if worker is None or worker.job is None)
        worker = self._places[place]
        if worker is None:
            assert self._complaints is not None
            worker = self._places[place] = _Worker(self._cores[place], self._complaints)
        worker.job = job
        # A worker that has just died is told by the end of its replies.
        with contextlib.suppress(BrokenPipeError):
            pickle.dump((job, self._setup), worker.requests)
            worker.requests.flush()

    def wait(self, timeout_s: float) -> list[Ended]:
        """The jobs that ended, as soon as one does; none after `timeout_s`."""
        ready, _, _ = select.select([worker.replies for worker in self._workers], [], [], timeout_s)
        return [ended for worker in self._workers if worker.replies in ready for ended in self._reply(worker)]

    def ask_to_stop(self) -> None:
        """Ask all workers to save and end; what they were doing is told by `wait`."""
        for worker in self._workers:
            worker.ask_to_stop()

    def _reply(self, worker: _Worker) -> list[Ended]:
        job = worker.job
        try:
            ended: Ended = pickle.load(worker.replies)
        except (EOFError, pickle.UnpicklingError):
            asked = worker.requests.closed
            code = self._let_go(worker)
            return [] if job is None else [self._lost(job, code, asked=asked)]
        worker.job = None
        if ended.ending == "stopped":
            # It ends now; whoever asked it to, the next job goes to another.
            self._let_go(worker)
        return [ended]

    def _let_go(self, worker: _Worker) -> int:
        """Take a worker that ends out of its place; returns its exit code."""
        self._places[self._places.index(worker)] = None
        worker.ask_to_stop()
        code = worker.process.wait()
        worker.replies.close()
        return code

    def _lost(self, job: Job, code: int, *, asked: bool) -> Ended:
        if asked and code != -signal.SIGKILL:
            return Ended(job.name, "stopped")
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        memory = ", perhaps because the machine ran out of memory" if code == -signal.SIGKILL else ""
        why = (
            f"its worker process ended {how}{memory}; give the same command again, with fewer `--jobs` if it happens "
            f"again (what workers complained of is in '{workers_log(self._setup.runs)}')"
        )
        note_failure(self._setup.runs, job.name, why)
        return Ended(job.name, "failed", why)


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else list(range(os.cpu_count() or 1))


def shares(cores: Sequence[int], workers: int) -> list[Sequence[int]]:
    """The cores of each worker, of whom there are no more than cores: as equal as can be, neighbours together.

    >>> shares([0, 1, 2, 3, 4], 2)
    [[0, 1], [2, 3, 4]]
    """
    bounds = [place * len(cores) // workers for place in range(workers + 1)]
    return [cores[first:stop] for first, stop in itertools.pairwise(bounds)]
