"""Where every job of a sitting stands: waiting, running, done, failed, skipped, or in the hands of another process."""

import dataclasses
import time
from collections.abc import Sequence

from experiments.grid.arguments import NOTHING, Setup
from experiments.grid.jobs import Job, JudgeJob, RunJob
from experiments.grid.noted import clear_failure
from experiments.grid.pace import Left, Pace
from experiments.grid.state import RunState, is_judged, run_state
from experiments.grid.work import Ended
from mixsched.errors import UsageError


@dataclasses.dataclass
class Running:
    """A job that runs: since when, by the monotonic clock, and how far its run was then and is now."""

    job: Job
    since_s: float
    at_start: RunState | None
    state: RunState | None

    @property
    def trained_tokens(self) -> int:
        """Tokens trained since the job was started, of a run."""
        if not isinstance(self.job, RunJob) or self.state is None or self.at_start is None:
            return 0
        return self.job.tokens_of(max(0, self.state.own_steps_done - self.at_start.own_steps_done))

    @property
    def trains(self) -> bool:
        """Whether it is training, as far as its files tell."""
        return self.state is not None and self.state.stage in ("missing", "begun")


class Board:
    """Takes in what happens to jobs. `jobs` stand in an order in which each comes after what it needs."""

    def __init__(self, jobs: Sequence[Job], setup: Setup):
        self.jobs = tuple(jobs)
        self.setup = setup
        self.states: dict[str, RunState] = {}
        self.waiting: dict[str, Job] = {}
        self.elsewhere: dict[str, Job] = {}
        self.running: dict[str, Running] = {}
        self.done: set[str] = set()
        self.failed: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.pace = Pace()
        for job in self.jobs:
            self._look_at(job)

    def _look_at(self, job: Job) -> None:
        """Put a job where its files say that it is."""
        try:
            if self._is_complete(job):
                self.done.add(job.name)
                clear_failure(self.setup.runs, job.name)
                return
        except UsageError as error:
            self.failed[job.name] = str(error)
            return
        written = isinstance(job, RunJob) and self.states[job.name].written
        (self.elsewhere if written else self.waiting)[job.name] = job

    def _is_complete(self, job: Job) -> bool:
        if isinstance(job, JudgeJob):
            return is_judged(job, self.setup)
        self.states[job.name] = run_state(job, self.setup)
        return self.states[job.name].complete

    def look_elsewhere(self) -> list[str]:
        """Look again at what other processes wrote; returns the jobs that they finished."""
        jobs, self.elsewhere = self.elsewhere, {}
        for job in jobs.values():
            self._look_at(job)
        return [name for name in jobs if name in self.done]

    def next(self) -> Job | None:
        """The first job that can be started now; skips those whose needs failed."""
        for name, job in list(self.waiting.items()):
            lost = [need for need in job.needs if need in self.failed or need in self.skipped]
            if lost:
                del self.waiting[name]
                self.skipped[name] = f"it needs {lost[0]}"
            elif all(need in self.done for need in job.needs):
                return job
        return None

    def start(self, job: Job) -> None:
        """Take a job as running."""
        del self.waiting[job.name]
        state = self.states.get(job.name)
        self.running[job.name] = Running(job, time.monotonic(), state, state)

    def look_at_running(self) -> None:
        """Read how far the running jobs are."""
        for running in self.running.values():
            if isinstance(running.job, RunJob):
                try:
                    running.state = run_state(running.job, self.setup)
                except (UsageError, OSError, ValueError):
                    # A file in the making; the next look finds it whole.
                    continue

    def end(self, ended: Ended) -> None:
        """Take in how a job ended."""
        job = self.running.pop(ended.job).job
        self.pace.add(ended)
        match ended.ending:
            case "done":
                self.done.add(job.name)
            case "failed":
                self.failed[job.name] = ended.why
            case "elsewhere":
                self.elsewhere[job.name] = job
            case "stopped":
                # It has come further than when it was last looked at.
                self._look_at(job)

    def left(self) -> Left:
        """What is still to be done here, without what the running jobs have trained."""
        runs = [job for job in self.waiting.values() if isinstance(job, RunJob)]
        running = [one for one in self.running.values() if isinstance(one.job, RunJob)]
        states = [(job, self.states[job.name]) for job in runs]
        states += [(one.job, one.state) for one in running if isinstance(one.job, RunJob) and one.state is not None]
        tokens = sum(job.tokens_of(job.own_steps - state.own_steps_done) for job, state in states)
        judgements = [
            job
            for job in (*self.waiting.values(), *(one.job for one in self.running.values()))
            if isinstance(job, JudgeJob)
        ]
        evaluations = 0 if self.setup.suite == NOTHING else len(states)
        return Left(tokens, evaluations, len(judgements))
