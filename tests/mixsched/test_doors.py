"""All doors serve one plan: the same rows in the same order from any step on, read from real shards."""

import pickle
from collections.abc import Callable
from pathlib import Path

import doors
import grain
import numpy as np
import pytest
from doors import READING, Case, Door, same, selected

from mixsched import Limit, Phase, Plan, Schedule, Steps, StepSource, UsageError
from mixsched.grain import BLOCK_SAMPLES, PlanSelection
from mixsched.walk import CHUNK_SAMPLES, iterate

HOST_DOORS = (doors.plain, doors.step_source, doors.step_source_in_threads)
DOORS = (*HOST_DOORS, doors.selection_one_by_one, doors.selection_in_threads, doors.elastic)
# Each run of one batch size starts processes anew; from step 11 on there is only one.
PROCESS_DOORS = (
    (doors.step_source_in_processes, 3),
    (doors.selection_in_processes, 11),
    (doors.elastic_in_processes, 11),
)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, write_source: Callable) -> Case:
    return doors.make_case(tmp_path_factory.mktemp("shards"), write_source)


@pytest.mark.parametrize("first_step", doors.FIRST_STEPS)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_a_door_serves_the_batches_of_the_plan_from_any_step(case: Case, door: Door, first_step: int) -> None:
    assert same(door(case.plan, case.sources, first_step), case.batches[first_step:])


@pytest.mark.parametrize(("door", "first_step"), PROCESS_DOORS, ids=lambda door: getattr(door, "__name__", None))
def test_a_door_serves_the_batches_of_the_plan_from_processes(case: Case, door: Door, first_step: int) -> None:
    assert same(doors.in_a_process(doors.serve, door, case, first_step), case.batches[first_step:])


@pytest.mark.parametrize("hosts", [2, 3, 4])
@pytest.mark.parametrize("door", HOST_DOORS, ids=lambda door: door.__name__)
def test_hosts_read_the_batches_between_them(case: Case, door: Callable, hosts: int) -> None:
    each = [door(case.plan, case.sources, 2, host=host, hosts=hosts) for host in range(hosts)]
    assert same([np.concatenate(batch) for batch in zip(*each, strict=True)], case.batches[2:])


@pytest.fixture(scope="module")
def long_plan() -> Plan:
    """More samples than the doors place at a time, in steps that do not divide what they place."""
    phases = (Phase("a", Steps(300), {"text": 0.7, "code": 0.3}), Phase("b", Steps(300), {"text": 1}, batch_size=31))
    plan = Plan(Schedule(phases, batch_size=70, context_tokens=8), {"text": 999, "code": 57}, seed=4)
    assert plan.samples(600) > CHUNK_SAMPLES > 2 * BLOCK_SAMPLES
    return plan


@pytest.mark.parametrize(("host", "hosts"), [(0, 1), (2, 3)])
def test_iterating_gives_the_slots_of_every_step(long_plan: Plan, host: int, hosts: int) -> None:
    steps = iterate(long_plan, first_step=7, stop_step=590, host=host, hosts=hosts)
    for expected, (step, placement) in zip(range(7, 590), steps, strict=True):
        slots = long_plan.slots(step, host=host, hosts=hosts)
        assert step == expected
        assert {name: part.tolist() for name, part in vars(placement).items()} == {
            name: part.tolist() for name, part in vars(slots).items()
        }


@pytest.mark.parametrize("steps", [(-1, None), (18, None), (3, 2), (3, 18)])
def test_steps_that_are_none_are_refused_at_the_call(case: Case, steps: tuple) -> None:
    with pytest.raises(UsageError, match=r"`first_step` must lie in 0\.\.17 .* and `stop_step` between it and 17, got"):
        iterate(case.plan, first_step=steps[0], stop_step=steps[1])


def test_a_host_that_is_none_is_refused_at_the_call(case: Case) -> None:
    with pytest.raises(UsageError, match=r"`host` must lie in 0\.\.hosts-1 and `hosts` in 1\.\.4 .* got host 2 of 2"):
        iterate(case.plan, host=2, hosts=2)


def test_the_step_source_tells_the_source_of_each_row(case: Case) -> None:
    steps = StepSource(case.plan, case.sources)
    assert len(steps) == 17
    for step in range(17):
        batch = steps[step]
        assert np.array_equal(batch["source"], case.plan.batch(step).source)
        assert {name: part.dtype for name, part in batch.items()} == {"rows": np.int32, "source": np.int32}


def test_a_selection_serves_the_samples_in_any_order(long_plan: Plan) -> None:
    everything = long_plan.batches(0, 600)
    expected = list(zip(everything.source.tolist(), everything.record.tolist(), strict=True))
    selection = PlanSelection(long_plan)
    assert [selection[sample] for sample in range(len(selection))] == expected
    for sample in np.random.default_rng(0).permutation(len(selection))[:500]:
        assert PlanSelection(long_plan)[sample] == selection[sample] == expected[sample]


@pytest.mark.parametrize("stride", [1, 8, 70])
def test_a_selection_places_neighbours_once(long_plan: Plan, monkeypatch: pytest.MonkeyPatch, stride: int) -> None:
    """Not one step for each sample, whatever the stride of a reader and however far apart its threads are."""
    placed, batches = [], Plan.batches
    monkeypatch.setattr(Plan, "batches", lambda plan, *steps: placed.append(steps) or batches(plan, *steps))
    selection = PlanSelection(long_plan)
    for sample in range(0, len(selection) - 9_000, stride):
        _ = selection[sample], selection[sample + 9_000]
    assert len(placed) == len(set(placed)) <= len(selection) // BLOCK_SAMPLES + 3


@pytest.mark.parametrize("sample", [-1, 112])
def test_a_selection_ends_with_its_plan(case: Case, sample: int) -> None:
    assert len(PlanSelection(case.plan)) == 112
    with pytest.raises(IndexError, match=rf"`index` must lie in 0\.\.111.*got {sample}; a plan is not repeated"):
        PlanSelection(case.plan)[sample]


def test_a_selection_ends_where_a_limit_stops_its_plan(case: Case) -> None:
    plan = Plan(case.plan.schedule, case.plan.rows, seed=4, limits={"code": Limit(1, "stop")})
    assert 0 < plan.total_steps < 6
    selection = PlanSelection(plan)
    served = plan.batches(0, plan.total_steps)
    assert [selection[sample][0] for sample in range(len(selection))] == served.source.tolist()


def test_doors_can_be_sent_to_a_worker(case: Case) -> None:
    selection = PlanSelection(case.plan)
    assert selection[50] == PlanSelection(case.plan)[50]
    there = pickle.loads(pickle.dumps(selection))
    assert [there[sample] for sample in range(112)] == [selection[sample] for sample in range(112)]
    assert case.plan.fingerprint[:12] in repr(there)
    steps = pickle.loads(pickle.dumps(StepSource(case.plan, case.sources, host=1, hosts=2)))
    assert np.array_equal(steps[3]["rows"], case.batches[3][4:])


def test_a_grain_iterator_resumes_from_each_of_its_states(case: Case) -> None:
    dataset = grain.MapDataset.source(StepSource(case.plan, case.sources)).to_iter_dataset(READING)
    iterator = iter(dataset)
    for step in range(18):
        resumed = iter(dataset)
        resumed.set_state(iterator.get_state())
        assert same([batch["rows"] for batch in resumed], case.batches[step:])
        next(iterator, None)


def shards(case: Case, count: int) -> list[grain.DatasetIterator]:
    """The elastic iterators of all shards over the first 11 steps, which have 8 samples each."""
    samples = selected(case.plan, case.sources)[:88]
    options = [grain.sharding.ShardOptions(shard, count) for shard in range(count)]
    return [iter(grain.experimental.ElasticIterator(samples, 8, each, read_options=READING)) for each in options]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 4), (4, 1)])
def test_elastic_shards_share_the_batches_and_hand_over_to_any_number(case: Case, before: int, after: int) -> None:
    running = shards(case, before)
    for step in range(12):
        resumed = shards(case, after)
        for shard in resumed:
            shard.set_state(running[-1].get_state())
        # By Grain's rule a shard takes every n-th slot.
        for number, shard in enumerate(resumed):
            assert same(shard, [batch[number::after] for batch in case.batches[step:11]])
        found = [next(shard, None) for shard in running]
        if step < 11:
            assert same(found, [case.batches[step][number::before] for number in range(before)])


def test_grains_checkpoints_resume_doors(case: Case, tmp_path: Path) -> None:
    dataset = grain.MapDataset.source(StepSource(case.plan, case.sources)).to_iter_dataset(READING)
    handler = grain.checkpoint.CheckpointHandler()
    iterators = {"steps": iter(dataset), "elastic": shards(case, 1)[0]}
    for name, iterator in iterators.items():
        next(iterator), next(iterator)
        (tmp_path / name).mkdir()
        handler.save(tmp_path / name, item=iterator)
    steps = handler.restore(tmp_path / "steps", item=iter(dataset))
    assert same([batch["rows"] for batch in steps], case.batches[2:])
    assert same(handler.restore(tmp_path / "elastic", item=shards(case, 1)[0]), case.batches[2:11])


@pytest.mark.parametrize(("name", "rows"), [("math", 12), ("law", 5)])
def test_a_missing_source_is_refused_also_one_of_an_amendment(case: Case, name: str, rows: int) -> None:
    less = {other: source for other, source in case.sources.items() if other != name}
    message = f"the source '{name}' is missing, but the plan was made for {rows} rows of it"
    with pytest.raises(UsageError, match=message):
        StepSource(case.plan, less)


class Given:
    """Rows of a source as somebody else's class gives them."""

    def __init__(self, rows: np.ndarray):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, records: list[int]) -> np.ndarray:
        return self.rows[records]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (lambda n: np.zeros((n, 9), np.float32), r"the source 'code' gave \d+ rows as float32"),
        (
            lambda n: np.zeros((n, 8), np.uint16),
            r"the source 'text' gave \d+ rows as uint16 \[\d+, 9\], 'code' rows of \[8\]; all",
        ),
        (lambda n: np.zeros(n, np.uint16), r"the source 'text' gave \d+ rows as uint16 .*, 'code' rows of \[\]; all"),
        (
            lambda n: np.full((n, 9), 2**40),
            r"the source 'code' gave the token id 1099511627776",
        ),
    ],
)
def test_rows_that_make_no_batch_are_refused_with_the_source(case: Case, rows: Callable, said: str) -> None:
    sources = {name: Given(np.zeros((len(each), 9), np.uint16)) for name, each in case.sources.items()}
    good = StepSource(case.plan, sources)
    sources = {**sources, "code": Given(rows(len(sources["code"])))}
    wrong = StepSource(case.plan, sources)
    place = case.plan.sources.index("code")
    step = next(step for step in range(1, 9) if case.plan.counts(step)[place] > 0)
    assert good[step]["rows"].dtype == np.int32
    with pytest.raises(UsageError, match=said):
        wrong[step]


def test_arrays_are_no_sources_as_they_are(case: Case) -> None:
    sources = {name: np.zeros((len(each), 9)) for name, each in case.sources.items()}
    with pytest.raises(
        UsageError, match=r"the source '\w+' has no `__getitems__\(records\)`; give what `open_rows` opens"
    ):
        StepSource(case.plan, sources)  # pyright: ignore[reportArgumentType]


def test_a_source_of_other_rows_is_refused(case: Case) -> None:
    with pytest.raises(UsageError, match="the source 'code' has 12 rows, but the plan was made for 7 rows of it"):
        StepSource(case.plan, {**case.sources, "code": case.sources["math"]})


def test_a_host_without_slots_is_told(case: Case) -> None:
    with pytest.raises(UsageError, match=r"`hosts` in 1\.\.4 \(the smallest batch\), got host 0 of 5"):
        StepSource(case.plan, case.sources, host=0, hosts=5)


@pytest.mark.parametrize("step", [-1, 10_000])
def test_a_step_that_is_none_ends_iteration(case: Case, step: int) -> None:
    with pytest.raises(IndexError, match="`index` must be a step in 0"):
        StepSource(case.plan, case.sources)[step]


@pytest.mark.parametrize(("host", "hosts"), [(2, 2), (-1, 2)])
def test_a_host_that_is_none_is_refused(case: Case, host: int, hosts: int) -> None:
    with pytest.raises(UsageError, match=r"`host` must lie in 0\.\.hosts-1"):
        StepSource(case.plan, case.sources, host=host, hosts=hosts)
