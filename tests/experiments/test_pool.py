"""Workers: what becomes of their jobs when they die, and which cores they have. None of these jobs comes to train."""

import os
import signal
import time
from pathlib import Path

import pytest
from grids import write_experiment

from experiments.grid.arguments import Setup
from experiments.grid.catalogue import Catalogue, pick, read_catalogue
from experiments.grid.jobs import Job, jobs_of
from experiments.grid.noted import failure_of
from experiments.grid.pool import Pool, shares
from train.scales import scale_named

FATAL = """
import os, sys
if "worker" in sys.argv[0]:
    os.kill(os.getpid(), 9)
"""


# Stops as training does: at the first signal, with a second of saving, in which another one would lose it.
SAVING = """
import pathlib, sys, time
from train.signals import stop_wish
if "worker" in sys.argv[0]:
    with stop_wish() as wish:
        pathlib.Path(__file__).with_name("begun").touch()
        while wish.caught is None:
            time.sleep(0.01)
        time.sleep(1)
        pathlib.Path(__file__).with_name("saved").touch()
"""


@pytest.fixture
def setup(tmp_path) -> Setup:
    return Setup(settings=scale_named("nano"), seeds=1, runs=tmp_path / "runs", shards=tmp_path / "none", suite="none")


def jobs_in(folder: Path, setup: Setup, *names: str) -> tuple[Job, ...]:
    catalogue: Catalogue = read_catalogue(folder)
    return jobs_of(catalogue, pick(catalogue, names, (), everything=False, a_run_judges=False), setup)


def ending(pool: Pool, job: Job):
    pool.start(job)
    assert pool.free == 0
    while not (ended := pool.wait(10)):
        pass
    assert pool.free == 1
    return ended


def test_a_worker_that_is_killed_fails_its_job_alone_and_another_takes_its_place(tmp_path, setup):
    write_experiment(tmp_path / "more", "fatal")
    with (tmp_path / "more" / "fatal.py").open("a") as stream:
        stream.write(FATAL)
    write_experiment(tmp_path / "more", "refused")
    fatal, refused = jobs_in(tmp_path / "more", setup, "fatal", "refused")
    with Pool(setup, 1) as pool:
        [ended] = ending(pool, fatal)
        assert ended.ending == "failed"
        assert ended.why.startswith(
            "its worker process ended by SIGKILL, perhaps because the machine ran out of memory"
        )
        assert failure_of(setup.runs, fatal.name) == ended.why
        [ended] = ending(pool, refused)
    assert ended.ending == "failed"
    assert str(tmp_path / "none") in ended.why
    log = (setup.runs / "refused-nano-seed0" / "log.txt").read_text()
    assert ended.why in log
    assert "Traceback" not in log


def test_a_worker_that_is_sent_the_signal_too_is_not_sent_a_second_one(tmp_path, setup):
    more = tmp_path / "more"
    write_experiment(more, "saving")
    with (more / "saving.py").open("a") as stream:
        stream.write(SAVING)
    [saving] = jobs_in(more, setup, "saving")
    with Pool(setup, 1) as pool:
        pool.start(saving)
        while not (more / "begun").exists():
            time.sleep(0.01)
        # As a scheduler ends a job: each of its processes is sent the signal, and then the parent stops its workers.
        [worker] = pool._workers
        os.kill(worker.process.pid, signal.SIGTERM)
        time.sleep(0.1)
        pool.ask_to_stop()
        while not pool.wait(10):
            pass
    assert (more / "saved").exists()


def test_what_is_no_mistake_of_the_user_keeps_its_traceback_in_the_log(tmp_path, setup):
    write_experiment(tmp_path / "more", "odd")
    (setup.runs / "odd-nano-seed0").mkdir(parents=True)
    (setup.runs / "odd-nano-seed0" / "config.json").mkdir()
    [odd] = jobs_in(tmp_path / "more", setup, "odd")
    with Pool(setup, 1) as pool:
        [ended] = ending(pool, odd)
    assert ended.why.startswith("IsADirectoryError: ")
    assert ended.why.endswith(f"(the rest is in '{setup.runs / 'odd-nano-seed0' / 'log.txt'}')")
    assert "Traceback" in (setup.runs / "odd-nano-seed0" / "log.txt").read_text()


def test_leaving_the_pool_ends_its_workers(tmp_path, setup):
    write_experiment(tmp_path / "more", "refused")
    with Pool(setup, 1) as pool:
        ending(pool, *jobs_in(tmp_path / "more", setup, "refused"))
        [worker] = pool._workers
        assert worker.process.poll() is None
    assert worker.process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(worker.process.pid, 0)


def test_cores_are_shared_out_as_evenly_as_can_be():
    assert shares([0, 1, 2, 3, 4], 2) == [[0, 1], [2, 3, 4]]
    assert shares([4, 6], 2) == [[4], [6]]
