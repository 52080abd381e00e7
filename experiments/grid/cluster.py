"""Does the jobs of a grid on a Ray cluster; its machines share the checkout, the shards and the folder of the runs."""

import contextlib
import os
from typing import Any

from experiments.grid.arguments import Setup
from experiments.grid.jobs import Job
from experiments.grid.noted import note_failure
from experiments.grid.work import Ended, do
from train.prepare.workers.cluster import RayWorkers


class Cluster:
    """So many tasks at once, each with a processor of the cluster. A context manager: leaving it lets the tasks go."""

    def __init__(self, setup: Setup, jobs: int, address: str | None):
        self._setup = setup
        self._jobs = jobs
        self._connection = RayWorkers(address, workers=jobs)
        self._running: dict[Any, Job] = {}
        self._asked = False

    def __enter__(self) -> "Cluster":
        self._connection.__enter__()
        # Present, since the connection stands.
        import ray  # pyright: ignore[reportMissingImports]

        self._ray = ray
        self._do = ray.remote(max_retries=0)(_do)
        return self

    def __exit__(self, *about: object) -> None:
        self._connection.__exit__(*about)

    @property
    def free(self) -> int:
        """How many more jobs can be started."""
        return self._jobs - len(self._running)

    def start(self, job: Job) -> None:
        """Hand a job to the cluster."""
        self._running[self._do.remote(job, self._setup, os.getcwd())] = job

    def wait(self, timeout_s: float) -> list[Ended]:
        """The jobs that ended, as soon as one does; none after `timeout_s`."""
        done, _ = self._ray.wait(list(self._running), timeout=timeout_s) if self._running else ([], [])
        return [self._ended(reference, self._running.pop(reference)) for reference in done]

    def ask_to_stop(self) -> None:
        """Interrupt all tasks: what trains saves and ends."""
        self._asked = True
        for reference in self._running:
            self._ray.cancel(reference, force=False)

    def _ended(self, reference: Any, job: Job) -> Ended:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            if self._asked:
                return Ended(job.name, "stopped")
            said = str(error).strip().splitlines()
            why = f"its task on the Ray cluster was lost ({said[0] if said else type(error).__name__})"
            # Kept on the shared disk, where `status` looks for it.
            with contextlib.suppress(OSError):
                note_failure(self._setup.runs, job.name, why)
            return Ended(job.name, "failed", why)


def _do(job: Job, setup: Setup, folder: str) -> Ended:
    # Paths are meant from where the command was given.
    os.chdir(folder)
    return do(job, setup)
