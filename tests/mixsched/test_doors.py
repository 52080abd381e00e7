"""All doors serve one plan: the same rows in the same order, read from real shards, alone or through Grain."""

import pickle
from collections.abc import Callable

import grain
import numpy as np
import pytest

from mixsched import Phase, Placement, Plan, Ramp, Rows, Schedule, Steps, StepSource, UsageError, open_rows
from mixsched.grain import PlanSelection

Sources = dict[str, Rows]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, write_source: Callable) -> Sources:
    folder = tmp_path_factory.mktemp("shards")
    generator = np.random.default_rng(0)
    sizes = {"text": 29, "code": 7, "math": 12}
    drawn = {name: generator.integers(0, 2**16, (rows, 9), np.uint16) for name, rows in sizes.items()}
    return {name: open_rows(write_source(folder / name, rows, shards=2).folder) for name, rows in drawn.items()}


@pytest.fixture(scope="module")
def plan(sources: Sources) -> Plan:
    mix = {"text": 0.7, "code": 0.3}
    ramp = Ramp(mix, {"math": "1/3", "text": "2/3"})
    phases = (Phase("a", Steps(9), mix), Phase("b", Steps(6), ramp, batch_size=5))
    schedule = Schedule(phases, batch_size=8, context_tokens=8)
    return Plan(schedule, {name: len(rows) for name, rows in sources.items()}, seed=4)


def read_one_by_one(plan: Plan, sources: Sources, placement: Placement) -> np.ndarray:
    pairs = zip(placement.source.tolist(), placement.record.tolist(), strict=True)
    return np.stack([sources[plan.sources[source]][record] for source, record in pairs])


@pytest.fixture(scope="module")
def batches(plan: Plan, sources: Sources) -> list[np.ndarray]:
    """The rows of every step, read one at a time by `Plan.batch`: what the doors are compared with."""
    return [read_one_by_one(plan, sources, plan.batch(step)) for step in range(plan.total_steps)]


def test_the_step_source_serves_the_batches_of_the_plan(plan: Plan, sources: Sources, batches: list) -> None:
    steps = StepSource(plan, sources)
    assert len(steps) == 15
    for step in range(15):
        batch = steps[step]
        assert np.array_equal(batch["rows"], batches[step])
        assert np.array_equal(batch["source"], plan.batch(step).source)
        assert {name: part.dtype for name, part in batch.items()} == {"rows": np.int32, "source": np.int32}


@pytest.mark.parametrize("hosts", [2, 3, 5])
def test_several_hosts_read_the_batches_between_them(plan: Plan, sources: Sources, batches: list, hosts: int) -> None:
    parts = [StepSource(plan, sources, host, hosts) for host in range(hosts)]
    for step in (0, 8, 9, 14):
        assert np.array_equal(np.concatenate([part[step]["rows"] for part in parts]), batches[step])
        assert np.array_equal(np.concatenate([part[step]["source"] for part in parts]), plan.batch(step).source)


def selected(plan: Plan, sources: Sources) -> grain.MapDataset:
    datasets = [grain.MapDataset.source(sources[name]) for name in plan.sources]
    return grain.MapDataset.select_from_datasets(datasets, PlanSelection(plan))


def test_grains_selection_serves_the_samples_of_the_plan_in_order(plan: Plan, sources: Sources, batches: list) -> None:
    samples = selected(plan, sources)
    assert len(samples) == 9 * 8 + 6 * 5
    assert np.array_equal([samples[sample] for sample in range(102)], np.concatenate(batches))


def test_grains_batches_of_a_selection_are_the_batches_of_the_plan(plan: Plan, sources: Sources, batches: list) -> None:
    ours = selected(plan, sources)[:72].batch(8)
    assert np.array_equal([ours[step] for step in range(9)], batches[:9])
    last = selected(plan, sources)[72:].batch(5).to_iter_dataset(grain.ReadOptions(num_threads=2))
    assert np.array_equal(list(last), batches[9:])


def test_a_selection_can_be_asked_in_any_order_and_no_further(plan: Plan) -> None:
    selection, again = PlanSelection(plan), PlanSelection(plan)
    in_order = [selection[sample] for sample in range(len(selection))]
    for sample in np.random.default_rng(0).permutation(len(selection)).tolist():
        assert again[sample] == in_order[sample]
    for sample in (-1, 102):
        with pytest.raises(IndexError, match=rf"`index` must lie in 0\.\.101, got {sample}"):
            selection[sample]


def test_doors_can_be_sent_to_a_worker(plan: Plan, sources: Sources, batches: list) -> None:
    selection = PlanSelection(plan)
    assert selection[50] == PlanSelection(plan)[50]
    there = pickle.loads(pickle.dumps(selection))
    assert [there[sample] for sample in range(102)] == [selection[sample] for sample in range(102)]
    assert plan.fingerprint[:12] in repr(there)
    steps = pickle.loads(pickle.dumps(StepSource(plan, sources, 1, 2)))
    assert np.array_equal(steps[3]["rows"], batches[3][4:])


READING = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)


@pytest.mark.parametrize("step", [0, 1, 8, 9, 14])
def test_grain_reads_on_from_any_step(plan: Plan, sources: Sources, batches: list, step: int) -> None:
    steps = grain.MapDataset.source(StepSource(plan, sources))
    found = [batch["rows"] for batch in steps[step:].to_iter_dataset(READING)]
    assert len(found) == 15 - step
    assert all(np.array_equal(one, other) for one, other in zip(found, batches[step:], strict=True))


def test_a_grain_iterator_resumes_from_each_of_its_states(plan: Plan, sources: Sources, batches: list) -> None:
    dataset = grain.MapDataset.source(StepSource(plan, sources)).to_iter_dataset(READING)
    iterator = iter(dataset)
    states = []
    for _ in range(15):
        states.append(iterator.get_state())
        next(iterator)
    for step, state in enumerate(states):
        resumed = iter(dataset)
        resumed.set_state(state)
        assert np.array_equal(next(resumed)["rows"], batches[step])


def test_a_missing_source_is_refused(plan: Plan, sources: Sources) -> None:
    less = {name: rows for name, rows in sources.items() if name != "math"}
    with pytest.raises(UsageError, match="the source 'math' is missing, but the plan was made for 12 rows of it"):
        StepSource(plan, less)


def test_a_source_of_other_rows_is_refused(plan: Plan, sources: Sources) -> None:
    with pytest.raises(UsageError, match="the source 'code' has 12 rows, but the plan was made for 7 rows of it"):
        StepSource(plan, sources | {"code": sources["math"]})


def test_a_host_without_slots_is_told(plan: Plan, sources: Sources) -> None:
    with pytest.raises(UsageError, match=r"`hosts` in 1\.\.5 \(the smallest batch\), got host 0 of 6"):
        StepSource(plan, sources, 0, 6)


@pytest.mark.parametrize("step", [-1, 10_000])
def test_a_step_that_is_none_ends_iteration(plan: Plan, sources: Sources, step: int) -> None:
    with pytest.raises(IndexError, match="`index` must be a step in 0"):
        StepSource(plan, sources)[step]


@pytest.mark.parametrize(("host", "hosts"), [(2, 2), (-1, 2)])
def test_a_host_that_is_none_is_refused(plan: Plan, sources: Sources, host: int, hosts: int) -> None:
    with pytest.raises(UsageError, match=r"`host` must lie in 0\.\.hosts-1"):
        StepSource(plan, sources, host, hosts)
