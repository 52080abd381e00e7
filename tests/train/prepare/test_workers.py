"""Processes of this machine: results keep their numbers, mistakes arrive as they are, and no process is left over."""

import errno
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mixsched.errors import UsageError
from train.prepare.stages.running import Stages
from train.prepare.stages.work import Task
from train.prepare.workers.local import LocalWorkers

# Longer than any test may take: who waits for it has not been ended.
ENDLESS_S = 60.0


def wait_and_square(task: tuple[float, int]) -> int:
    wait_s, number = task
    time.sleep(wait_s)
    return number * number


def die(how: str) -> None:
    if how == "exit":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGKILL)


def raise_error(kind: str) -> None:
    if kind == "usage":
        raise UsageError("`text` is missing; name it")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/disk/file")


def note_and_wait(folder: Path) -> None:
    """Leaves a file of the process's number, and never ends."""
    (folder / str(os.getpid())).touch()
    time.sleep(ENDLESS_S)


def wait_for_two(folder: Path) -> None:
    """Returns when two processes have left their files."""
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)


def one_of(task: tuple[str, Path]) -> None:
    (note_and_wait if task[0] == "endless" else wait_for_two)(task[1])


def fail_at_the_first(results: Iterator[tuple[int, object]]) -> None:
    for number, _ in results:
        raise RuntimeError(f"of task {number}")


def blocked_signals(_: object) -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def process(_: object) -> int:
    return os.getpid()


def test_results_come_with_the_numbers_of_their_arguments():
    with LocalWorkers(2) as workers:
        # The first is the last to end.
        results = list(workers.run(wait_and_square, [(0.5, 5), *((0.0, number) for number in range(20))]))
        assert dict(results) == {0: 25, **{number + 1: number * number for number in range(20)}}
        assert len(results) == 21
        # The same processes work from stage to stage.
        first = {found for _, found in workers.run(process, range(50))}
        assert {found for _, found in workers.run(process, range(50))} | first <= {
            each.pid for each in multiprocessing.active_children()
        }
        assert os.getpid() not in first
        assert list(workers.run(process, [])) == []
    assert multiprocessing.active_children() == []


def test_one_worker_is_this_process_and_works_when_it_is_asked():
    done = []
    with LocalWorkers(1) as workers:
        results = workers.run(done.append, "ab")
        assert done == []
        assert next(results) == (0, None)
        assert done == ["a"]
        assert list(workers.run(process, [0, 0])) == [(0, os.getpid()), (1, os.getpid())]


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_a_worker_that_dies_is_told_in_a_sentence(how):
    with (
        pytest.raises(UsageError, match=r"^a worker process was killed, .* with fewer `--workers`: what was finished"),
        LocalWorkers(2) as workers,
    ):
        list(workers.run(die, [how]))
    assert multiprocessing.active_children() == []


def test_what_a_task_raises_arrives_as_it_is():
    with LocalWorkers(2) as workers, pytest.raises(UsageError, match=r"^`text` is missing; name it$"):
        list(workers.run(raise_error, ["usage"]))
    with LocalWorkers(2) as workers, pytest.raises(OSError, match="No space") as full:
        list(workers.run(raise_error, ["full"]))
    assert (full.value.errno, full.value.filename) == (errno.ENOSPC, "/disk/file")


def test_left_by_an_exception_the_workers_end_at_once(tmp_path):
    """In the middle of their work, of which there is more; other children of this process go on."""
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(ENDLESS_S,))
    other.start()
    folder = tmp_path / "processes"
    folder.mkdir()
    began_s = time.monotonic()
    try:
        tasks = [("endless", folder)] * 2 + [("waits", folder)] + [("endless", folder)] * 50
        with pytest.raises(RuntimeError, match="of task 2"), LocalWorkers(3) as workers:
            fail_at_the_first(workers.run(one_of, tasks))
        assert time.monotonic() - began_s < ENDLESS_S / 2
        assert multiprocessing.active_children() == [other]
        for each in folder.iterdir():
            with pytest.raises(ProcessLookupError):
                os.kill(int(each.name), 0)
    finally:
        other.kill()
        other.join()


def test_ctrl_c_reaches_this_process_alone():
    with LocalWorkers(2) as workers:
        assert all(signal.SIGINT in blocked for _, blocked in workers.run(blocked_signals, range(4)))
        assert signal.SIGINT not in blocked_signals(None)


def write(folder: Path, spec: int) -> int:
    (folder / "text").write_text(str(spec))
    return spec


class Noting:
    """Workers that note the order of what they are asked."""

    def __init__(self):
        self.asked = []

    def run(self, function, arguments):
        self.asked += [argument.name for argument in arguments]
        # As processes may end: in another order than they began.
        yield from reversed([(number, function(argument)) for number, argument in enumerate(arguments)])


def test_the_largest_tasks_begin_and_results_keep_the_order_of_the_tasks(tmp_path):
    tasks = [Task(f"task-{size}", write, size, size=size) for size in (3, 10, 1, 7)]
    workers = Noting()
    outcomes = Stages(tmp_path, workers, lambda _: None).run("write", tasks, int)
    assert workers.asked == ["task-10", "task-7", "task-3", "task-1"]
    assert [(made.folder.name, result) for made, result in outcomes] == [(each.name, each.spec) for each in tasks]
    said = []
    again = Noting()
    assert Stages(tmp_path, again, said.append).run("write", [*tasks, Task("new", write, 4)], int)[:4] == outcomes
    assert again.asked == ["new"]
    assert said[0].startswith("write      5 tasks done, 4 kept from before, ")
