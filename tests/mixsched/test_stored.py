"""Plans saved with all their steps solved: the same plan again, opened without solving, and damage is told."""

import concurrent.futures
import json
import pathlib
import pickle
import threading
import unittest.mock
from collections.abc import Callable

import numpy as np
import pytest

import mixsched.era
from mixsched import Limit, Phase, Plan, Ramp, Schedule, Steps, UsageError

MIX = {"text": 0.7, "code": 0.2, "math": 0.1}
ROWS = {"text": 4_000, "code": 900, "math": 300}


def a_plan() -> Plan:
    """Over several chunks, with a ramp, a limit, and amendments close enough together to leave sources behind."""
    phases = (Phase("a", Steps(700), MIX), Phase("b", Steps(600), Ramp(MIX, {"math": 0.5, "text": 0.5}), batch_size=3))
    plan = Plan(Schedule(phases, batch_size=2, context_tokens=8), ROWS, seed=3, limits={"math": Limit(2)})
    for at_step, code in ((400, 0.9), (401, 0.1), (402, 0.5), (900, 0.25)):
        plan = plan.amend(at_step, {"code": code, "text": 1 - code})
    return plan.amend(950, {"new": 0.5, "text": 0.5}, sources={"new": 50})


@pytest.fixture
def saved(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "mix.plan"
    a_plan().save(path)
    return path


def test_a_saved_plan_is_the_same_plan(saved: pathlib.Path) -> None:
    plan, again = a_plan(), Plan.load(saved)
    assert again == plan
    for step in (0, 255, 256, 399, 400, 401, 403, 699, 700, 951, 1_299):
        assert again.served(step).tolist() == plan.served(step).tolist()
    run, repeated = plan.batches(0, 1_300), Plan.load(str(saved)).batches(0, 1_300)
    assert all(np.array_equal(getattr(run, name), getattr(repeated, name)) for name in vars(run))


def test_a_saved_plan_is_not_solved_again(saved: pathlib.Path) -> None:
    with unittest.mock.patch.object(mixsched.era, "solve_chunk", side_effect=AssertionError("solved")):
        assert Plan.load(saved).served(1_300).sum() == 700 * 2 + 600 * 3
        with pytest.raises(AssertionError, match="solved"):
            a_plan().served(1_300)


def test_a_saved_plan_can_be_amended_and_sent_on(saved: pathlib.Path) -> None:
    amended = a_plan().amend(1_000, {"code": 1})
    again = Plan.load(saved).amend(1_000, {"code": 1})
    assert again == amended
    assert again.served(1_300).tolist() == amended.served(1_300).tolist()
    there = pickle.loads(pickle.dumps(Plan.load(saved)))
    assert there.served(1_300).tolist() == a_plan().served(1_300).tolist()


def test_many_threads_may_read_a_saved_plan_at_once(tmp_path: pathlib.Path) -> None:
    """Large parts, whose sums are reckoned while other threads run; eight of them meet at the first read."""
    mix = {f"s{place:03}": f"{place + 1}/80200" for place in range(400)}
    schedule = Schedule((Phase("p", Steps(512), mix),), batch_size=64, context_tokens=1)
    Plan(schedule, dict.fromkeys(mix, 90), seed=0).save(tmp_path / "mix.plan")
    for _ in range(20):
        plan, barrier = Plan.load(tmp_path / "mix.plan"), threading.Barrier(8)

        def read(step: int, plan: Plan = plan, barrier: threading.Barrier = barrier) -> int:
            barrier.wait()
            return int(plan.served(step).sum())

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, [512] * 8)) == [512 * 64] * 8


def test_the_first_line_is_the_declaration(saved: pathlib.Path) -> None:
    head = json.loads(saved.read_bytes().split(b"\n", 1)[0])
    assert Plan.from_json(head["plan"]) == a_plan()


@pytest.mark.parametrize("ending", ["json", "toml"])
def test_a_declaration_in_json_or_toml_is_loaded_by_the_same_door(tmp_path: pathlib.Path, ending: str) -> None:
    path = tmp_path / f"mix.{ending}"
    path.write_text(a_plan().to_toml() if ending == "toml" else json.dumps(a_plan().to_json()))
    assert Plan.load(path) == a_plan()


def flip(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_flipped_bit_is_told_when_its_steps_are_read(saved: pathlib.Path) -> None:
    """Each byte of the solved steps in turn: whoever reads all steps is told; the declaration is still read."""
    content = saved.read_bytes()
    begin = content.index(b"\n") + 1
    for place in range(begin, len(content), 7):
        saved.write_bytes(flip(content, place))
        plan = Plan.load(saved)
        with pytest.raises(UsageError, match=rf"'{saved}' is damaged where it holds the steps from"):
            plan.batches(0, 1_300)
    saved.write_bytes(content)
    assert Plan.load(saved).batches(0, 1_300).source.size == 3_200


def test_a_flipped_bit_in_the_first_line_is_told_or_changes_nothing(saved: pathlib.Path) -> None:
    """Each byte of the first line in turn: refused as damaged or another format, or the plan is the same one."""
    content = saved.read_bytes()
    wanted = a_plan().served(1_300).tolist()
    refused = 0
    for place in range(0, content.index(b"\n"), 3):
        saved.write_bytes(flip(content, place))
        try:
            assert Plan.load(saved).served(1_300).tolist() == wanted
        except UsageError:
            refused += 1
    assert refused > 100


EDITS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda content: content[:-1], "it was cut or added to; save the plan again"),
    "longer": (lambda content: content + b"\0", "it was cut or added to; save the plan again"),
    "no line": (lambda content: content[:40], "the first line of .* is damaged"),
    "another format": (
        lambda content: content.replace(b'"mixsched_plan": 1', b'"mixsched_plan": 9'),
        "is stored in format 9 with 256 steps a part, this version of mixsched reads 1 with 256",
    ),
    "another plan format": (lambda content: content.replace(b'"format": 2', b'"format": 1'), "this plan has format 1"),
    "edited": (lambda content: content.replace(b'"seed": 3', b'"seed": 4'), "it was edited or damaged"),
    "binary": (lambda _: b"\xff\xfe\x00", "is no text, so it is no plan"),
    "no JSON": (lambda _: b"{", "is not JSON: .*; mend it there"),
    "empty": (lambda _: b"", "is not JSON"),
    "a list": (lambda _: b"[]", "a plan must be an object"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_no_whole_plan_file_is_refused(saved: pathlib.Path, edit: str) -> None:
    change, said = EDITS[edit]
    saved.write_bytes(change(saved.read_bytes()))
    with pytest.raises(UsageError, match=said):
        Plan.load(saved)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(
        UsageError, match=r"there is no file 'nowhere.plan'; name a plan in JSON or TOML, or a saved one"
    ):
        Plan.load("nowhere.plan")


def test_a_plan_that_cannot_be_written_leaves_what_was_there(saved: pathlib.Path) -> None:
    content = saved.read_bytes()
    with (
        unittest.mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")),
        pytest.raises(OSError, match="No space left"),
    ):
        a_plan().amend(1_000, {"code": 1}).save(saved)
    assert saved.read_bytes() == content
    assert [path.name for path in saved.parent.iterdir()] == ["mix.plan"]
