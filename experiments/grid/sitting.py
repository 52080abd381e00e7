"""A sitting: hands out the jobs of a board to whoever does them, until all are done or somebody asks to stop."""

import signal
import time
from collections.abc import Callable
from typing import Protocol

from experiments.grid.board import Board
from experiments.grid.jobs import Job
from experiments.grid.view import View
from experiments.grid.work import Ended
from train.signals import StopWish

TICK_S = 0.5
# What other processes write is looked at now and then.
LOOK_EVERY_S = 2.0
LEFT = "another process is writing it; it is left to that, and taken up if that ends early"


class Doer(Protocol):
    """What does jobs: worker processes of this machine, or a cluster."""

    @property
    def free(self) -> int:
        """How many more jobs can be started."""
        ...

    def start(self, job: Job) -> None:
        """Begin a job."""
        ...

    def wait(self, timeout_s: float) -> list[Ended]:
        """The jobs that ended, as soon as one does; none after `timeout_s`."""
        ...

    def ask_to_stop(self) -> None:
        """Ask all that run to save and end."""
        ...


def sit(board: Board, doer: Doer, view: View, wish: StopWish, *, after: Callable[[Job], None]) -> signal.Signals | None:
    """Do all that is missing; calls `after` for each job that is done. Returns the signal that ended it, if one did."""
    jobs = {job.name: job for job in board.jobs}
    looked_s, asked = time.monotonic(), False
    for name, why in board.failed.items():
        view.say(f"{name}: {why}")
    for name in board.elsewhere:
        view.say(f"{name}: {LEFT}")
    while True:
        if wish.caught is not None and not asked:
            view.say(f"{wish.caught.name}: saving what is running; again stops at once, and loses what was not saved")
            doer.ask_to_stop()
            asked = True
        while not asked and doer.free and (job := board.next()) is not None:
            board.start(job)
            doer.start(job)
            view.say(f"{job.name}: begins")
        if not board.running and (asked or not (board.elsewhere or board.waiting)):
            return wish.caught
        for ended in doer.wait(TICK_S):
            board.end(ended)
            view.say(_told(ended))
            if ended.ending == "done":
                after(jobs[ended.job])
        if time.monotonic() - looked_s > LOOK_EVERY_S:
            looked_s = time.monotonic()
            board.look_at_running()
            for name in board.look_elsewhere():
                view.say(f"{name}: done by another process")
                after(jobs[name])
        view.show(board)


def _told(ended: Ended) -> str:
    match ended.ending:
        case "done":
            return f"{ended.job}: done{', ' + ended.why if ended.why else ''}"
        case "failed":
            return f"{ended.job}: failed: {ended.why}"
        case "elsewhere":
            return f"{ended.job}: {LEFT}"
        case "stopped":
            return f"{ended.job}: saved"
