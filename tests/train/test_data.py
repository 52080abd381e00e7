"""Batches are put on devices ahead of the loop: the same ones whoever asks when, and nothing is left running."""

import signal
import threading
import time
from collections.abc import Callable, Sequence

import jax
import numpy as np
import pytest

from mixsched import Phase, Plan, Schedule, Steps, StepSource, UsageError, WarmupCosine
from model.sharding import batch_sharding, device_mesh
from train.data import PUT_AHEAD_STEPS, READ_AHEAD_STEPS, READ_THREADS, Feed

ROWS = {"text": 50, "code": 20}
STEPS = 30
BATCH_SIZE = 8


class Counted:
    """Rows that say which they are, and in which threads they were asked for; `hurdle` stands before each reading."""

    def __init__(self, first: int, rows: int, hurdle: Callable[[Sequence[int]], object] = lambda records: None):
        self.first, self.rows, self.hurdle = first, rows, hurdle
        self.readers: list[threading.Thread] = []

    def __len__(self) -> int:
        return self.rows

    def __getitems__(self, records: Sequence[int]) -> np.ndarray:
        self.readers.append(threading.current_thread())
        self.hurdle(records)
        return np.repeat(self.first + np.asarray(records, np.int32)[:, None], 5, axis=1)


def sources(**code) -> dict[str, Counted]:
    return {"text": Counted(0, ROWS["text"]), "code": Counted(1_000, ROWS["code"], **code)}


def plan_of(text: float = 0.5) -> Plan:
    learning_rate = WarmupCosine(peak=1.0, end=0.1, warmup=Steps(5))
    phase = Phase("pretrain", Steps(STEPS), {"text": text, "code": 1 - text}, learning_rate)
    return Plan(Schedule((phase,), batch_size=BATCH_SIZE, context_tokens=4), ROWS, seed=0)


def check_batch(batch, plan: Plan, step: int) -> None:
    expected = StepSource(plan, sources())[step]
    np.testing.assert_array_equal(jax.device_get(batch.rows), expected["rows"])
    np.testing.assert_array_equal(jax.device_get(batch.source), expected["source"])
    assert jax.device_get(batch.learning_rate) == np.float32(plan.learning_rate(step))


def feeders() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "prefetch" in thread.name]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline_s:
        time.sleep(0.001)
    assert holds()


@pytest.mark.parametrize("first_step", [0, 7, STEPS - 1])
def test_batches_are_those_of_the_plan_from_any_step_on_and_lie_on_all_devices(first_step):
    plan, mesh = plan_of(), device_mesh()
    with Feed(sources(), mesh) as feed, jax.transfer_guard("disallow"):
        batches = [feed.batch(plan, step) for step in range(first_step, STEPS)]
    for step, batch in enumerate(batches, first_step):
        check_batch(batch, plan, step)
    assert batches[0].rows.sharding == batch_sharding(mesh)
    assert batches[0].learning_rate.sharding.is_fully_replicated


def test_steps_to_come_are_read_and_put_while_nobody_asks_by_other_threads_and_no_more_than_that():
    plan, read = plan_of(), sources()
    with Feed(read, device_mesh()) as feed:
        feed.batch(plan, 0)
        # One more is in the hand of the thread that puts, and finds no place.
        ahead = 1 + PUT_AHEAD_STEPS + 1 + READ_AHEAD_STEPS
        wait_until(lambda: len(read["text"].readers) == ahead)
        time.sleep(0.05)
        assert len(read["text"].readers) == ahead
    assert threading.main_thread() not in read["text"].readers


def test_another_plan_drops_what_lies_ahead_of_the_one_before():
    declared, amended = plan_of(text=0.5), plan_of(text=0.5).amend(9, {"text": 0.9, "code": 0.1})
    with Feed(sources(), device_mesh()) as feed:
        for step in range(STEPS):
            plan = declared if step < 9 else amended
            check_batch(feed.batch(plan, step), plan, step)
        assert (declared.counts(12) != amended.counts(12)).any()


def test_what_goes_wrong_in_the_background_is_raised_as_itself_at_its_step_and_ends_the_threads():
    wrong, plan, served = UsageError("the shard is gone"), plan_of(), []
    placed = plan.batch(20)
    gone = placed.record[placed.source == plan.sources.index("code")].tolist()

    def fail(records: Sequence[int]) -> None:
        if records == gone:
            raise wrong

    with Feed(sources(hurdle=fail), device_mesh()) as feed:
        with pytest.raises(UsageError) as raised:
            served.extend(feed.batch(plan, step) for step in range(STEPS))
        assert raised.value is wrong
        assert len(served) == 20
    wait_until(lambda: not feeders())


@pytest.mark.parametrize("asked", [0, 1, 5, STEPS])
def test_no_thread_is_left_when_the_block_ends_however_many_batches_were_asked_for(asked):
    plan = plan_of()
    with Feed(sources(), device_mesh()) as feed:
        for step in range(asked):
            feed.batch(plan, step)
    wait_until(lambda: not feeders())


def test_no_thread_is_left_by_plans_that_came_and_went():
    with Feed(sources(), device_mesh()) as feed:
        for step in range(10):
            feed.batch(plan_of(), step)
        wait_until(lambda: len(feeders()) <= 1 + READ_THREADS)
    wait_until(lambda: not feeders())


def test_no_thread_is_left_by_an_interruption_while_the_loop_waits():
    asked, held, loop = threading.Event(), threading.Event(), threading.get_ident()

    def wait_for_the_mount(records: Sequence[int]) -> None:
        asked.set()
        held.wait()

    def interrupt() -> None:
        asked.wait()
        signal.pthread_kill(loop, signal.SIGINT)
        # Only a reading that comes back can end.
        threading.Timer(0.05, held.set).start()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt), Feed(sources(hurdle=wait_for_the_mount), device_mesh()) as feed:
        feed.batch(plan_of(), 0)
    wait_until(lambda: not feeders())
