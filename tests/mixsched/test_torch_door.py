"""The PyTorch doors serve the plan that all doors serve, resume at every step, and ask their workers in turn."""

import doctest
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import doors
import numpy as np
import pytest
from doors import Case, same

from mixsched import Plan, Rows, UsageError

# `make test-torch` sets it, so that there a missing package is no reason to skip.
if "MIXSCHED_TORCH" in os.environ:
    import torch  # pyright: ignore[reportMissingImports]  # noqa: F401
    import torchdata  # pyright: ignore[reportMissingImports]  # noqa: F401
WHY = "needs torch and torchdata, which `make test-torch` installs beside and runs this with"
data = pytest.importorskip("torch.utils.data", reason=WHY)
StatefulDataLoader = pytest.importorskip("torchdata.stateful_dataloader", reason=WHY).StatefulDataLoader

import mixsched.torch  # noqa: E402
from mixsched.torch import PlanBatchSampler, PlanIterable, concat_sources  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create .* worker processes:UserWarning"),
    # torchdata calls what newer versions of torch deprecate.
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning"),
]

# Workers are forked from a process that has no threads, unlike this one; what hangs is ended.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["mixsched.torch", "torchdata.stateful_dataloader"])
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, write_source: Callable) -> Case:
    return doors.make_case(tmp_path_factory.mktemp("shards"), write_source)


def parallel(workers: int) -> dict[str, Any]:
    return {"num_workers": workers, "multiprocessing_context": CONTEXT, "timeout": TIMEOUT_S} if workers else {}


def sampled(case: Case, make: Callable = data.DataLoader, *, workers: int = 0, **door: Any) -> Any:
    dataset = concat_sources(case.plan, case.sources)
    sampler = PlanBatchSampler(case.plan, **door)
    return make(dataset, batch_sampler=sampler, collate_fn=np.stack, **parallel(workers))


def iterable(case: Case, make: Callable = data.DataLoader, *, workers: int = 0, **door: Any) -> Any:
    return make(PlanIterable(case.plan, case.sources, **door), batch_size=None, **parallel(workers))


def rows(loader: Any) -> Iterator[np.ndarray]:
    return (np.asarray(batch["rows"] if isinstance(batch, dict) else batch) for batch in loader)


BOTH = pytest.mark.parametrize("door", [sampled, iterable], ids=lambda door: door.__name__)


@pytest.mark.parametrize("first_step", doors.FIRST_STEPS)
@BOTH
def test_a_door_serves_the_batches_of_the_plan_from_any_step(case: Case, door: Callable, first_step: int) -> None:
    loader = door(case, first_step=first_step)
    assert len(loader) == 17 - first_step
    assert same(rows(loader), case.batches[first_step:])


@pytest.mark.parametrize("workers", [1, 2, 3])
@BOTH
def test_workers_change_nothing(case: Case, door: Callable, workers: int) -> None:
    loader = door(case, workers=workers, first_step=3)
    assert same(rows(loader), case.batches[3:])
    # The same again: an iteration has its own place.
    assert same(rows(loader), case.batches[3:])


@pytest.mark.parametrize("hosts", [2, 3, 4])
@BOTH
def test_hosts_read_the_batches_between_them(case: Case, door: Callable, hosts: int) -> None:
    each = [rows(door(case, first_step=2, host=host, hosts=hosts)) for host in range(hosts)]
    assert same([np.concatenate(batch) for batch in zip(*each, strict=True)], case.batches[2:])


@pytest.mark.parametrize("workers", [0, 2])
@BOTH
def test_a_stateful_loader_resumes_at_every_step(case: Case, door: Callable, workers: int) -> None:
    running = door(case, StatefulDataLoader, workers=workers)
    batches = rows(running)
    for step in range(18):
        resumed = door(case, StatefulDataLoader, workers=workers)
        resumed.load_state_dict(pickle.loads(pickle.dumps(running.state_dict())))
        assert same(rows(resumed), case.batches[step:])
        if step < 17:
            assert np.array_equal(next(batches), case.batches[step])


@BOTH
def test_workers_that_run_out_at_different_steps_resume(case: Case, door: Callable) -> None:
    """Three workers over five steps: two of them read one step more."""
    running = door(case, StatefulDataLoader, workers=3, first_step=12)
    batches = rows(running)
    for step in range(12, 18):
        resumed = door(case, StatefulDataLoader, workers=3, first_step=12)
        resumed.load_state_dict(running.state_dict())
        assert same(rows(resumed), case.batches[step:])
        if step < 17:
            next(batches)


@pytest.mark.parametrize("workers", [0, 2])
@BOTH
def test_other_hosts_go_on_from_the_state_of_any_host(case: Case, door: Callable, workers: int) -> None:
    before = [door(case, StatefulDataLoader, workers=workers, host=host, hosts=2) for host in range(2)]
    found = [np.concatenate(batch) for batch in zip(*(take(rows(loader), 5) for loader in before), strict=True)]
    after = [door(case, StatefulDataLoader, workers=workers, host=host, hosts=3) for host in range(3)]
    for loader in after:
        loader.load_state_dict(before[1].state_dict())
    found += [np.concatenate(batch) for batch in zip(*map(rows, after), strict=True)]
    assert same(found, case.batches)


def take(batches: Iterator[np.ndarray], steps: int) -> list[np.ndarray]:
    return [next(batches) for _ in range(steps)]


def test_a_state_that_is_loaded_before_workers_start_is_that_of_all_of_them(case: Case) -> None:
    alone = PlanIterable(case.plan, case.sources)
    take(rows(alone), 5)
    assert alone.state_dict() == {"next_step": 5, "plan": case.plan.fingerprint}
    loader = iterable(case, workers=2)
    loader.dataset.load_state_dict(alone.state_dict())
    assert len(loader) == 12
    assert same(rows(loader), case.batches[5:])


def test_a_sampler_says_its_next_step_and_goes_on_from_it(case: Case) -> None:
    sampler = PlanBatchSampler(case.plan, first_step=3)
    batches = iter(sampler)
    assert sampler.state_dict() == {"next_step": 3, "plan": case.plan.fingerprint}
    next(batches), next(batches)
    other = PlanBatchSampler(case.plan, host=1, hosts=2)
    other.load_state_dict(sampler.state_dict())
    assert len(other) == len(list(other)) == 12
    assert other.state_dict()["next_step"] == 17
    # At the end there is nothing left; it does not begin anew.
    sampler.load_state_dict(other.state_dict())
    assert list(sampler) == []


def test_a_new_iteration_over_a_sampler_has_its_state_before_its_first_batch(case: Case) -> None:
    sampler = PlanBatchSampler(case.plan, first_step=3)
    assert len(list(sampler)) == 14
    iter(sampler)
    assert sampler.state_dict()["next_step"] == 3


def test_batches_are_what_torch_wants(case: Case) -> None:
    """Targets and indices are int64 in torch; a sampler's indices are Python's, which any dataset takes."""
    for step, batch in enumerate(iterable(case)):
        assert batch["step"] == step
        assert batch["source"].tolist() == case.plan.batch(step).source.tolist()
        assert str(batch["rows"].dtype) == str(batch["source"].dtype) == "torch.int64"
    assert {type(index) for indices in PlanBatchSampler(case.plan) for index in indices} == {int}


def test_workers_may_be_forked_after_rows_were_read(case: Case) -> None:
    """What PyTorch does by default on Linux, in a process without the threads of JAX."""
    assert same(doors.in_a_process(doors.read_then_fork, case), case.batches)


@BOTH
def test_the_state_of_another_plan_is_refused(case: Case, door: Callable) -> None:
    running = door(case, StatefulDataLoader)
    take(rows(running), 2)
    amended = Case(case.plan.amend(12, {"text": 1}), case.sources, [])
    resumed = door(amended, StatefulDataLoader)
    resumed.load_state_dict(running.state_dict())
    message = (
        f"`state_dict` is of the plan {case.plan.fingerprint[:12]}, but this is the plan "
        f"{amended.plan.fingerprint[:12]}; restore that plan, or, .* pass the step to go on with as `first_step`"
    )
    with pytest.raises(UsageError, match=message):
        next(rows(resumed))


@BOTH
def test_a_step_or_host_that_is_none_is_refused(case: Case, door: Callable) -> None:
    with pytest.raises(UsageError, match=r"`first_step` must lie in 0\.\.17"):
        door(case, first_step=18)
    with pytest.raises(UsageError, match=r"`host` must lie in 0\.\.hosts-1 .* got host 2 of 2"):
        door(case, host=2, hosts=2)


def fewer(sources: dict[str, Rows]) -> dict[str, Any]:
    return {name: rows for name, rows in sources.items() if name != "law"}


@pytest.mark.parametrize("make", [concat_sources, PlanIterable])
def test_datasets_that_are_not_the_plans_are_refused(case: Case, make: Callable[[Plan, Any], Any]) -> None:
    with pytest.raises(UsageError, match="the source 'law' is missing, but the plan was made for 5 rows of it"):
        make(case.plan, fewer(dict(case.sources)))
    with pytest.raises(UsageError, match="the source 'law' has 12 rows, but the plan was made for 5 rows of it"):
        make(case.plan, {**case.sources, "law": case.sources["math"]})


def test_the_examples_run() -> None:
    """Doctest's collector does not see them: it fails where there is no torch."""
    examples = doctest.testmod(mixsched.torch)
    assert examples.attempted > 10
    assert examples.failed == 0
