"""An extended plan is read like any other: saved, by every door, told, audited, and by rules that set weights."""

import json
import pathlib
import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_mixes import named
from extended_cases import extended, more, simple

from mixsched import Plan, StepSource, UsageError, commands, iterate, outlook, plan_text
from mixsched.audit import audited, read_lines
from mixsched.grain import PlanSelection
from mixsched.online import DoReMi, Online
from mixsched.plot import draw


def test_a_saved_extended_plan_is_the_same_plan(tmp_path: pathlib.Path) -> None:
    plan = extended()
    plan.save(tmp_path / "mix.plan")
    assert any(era.debts and era.shares.first_step == 601 for era in plan.quota.eras), "the seam leaves none behind"
    again = Plan.load(tmp_path / "mix.plan")
    assert again == plan
    for step in (0, 255, 599, 600, 601, 602, 1_200, 1_201, 1_203, plan.total_steps):
        assert again.served(step).tolist() == plan.served(step).tolist()
    there = pickle.loads(pickle.dumps(again))
    assert named(there, there.batches(0, there.total_steps)) == named(plan, plan.batches(0, plan.total_steps))


class Numbers:
    """Rows that say which they are."""

    def __init__(self, rows: int):
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitems__(self, records: Sequence[int], /) -> list[list[int]]:
        return [[record] for record in records]


def test_doors_serve_an_extended_plan_over_its_seams() -> None:
    plan = extended(30)
    steps = StepSource(plan, {name: Numbers(rows) for name, rows in plan.rows.items()})
    samples = PlanSelection(plan)
    for step, placement in iterate(plan, first_step=27):
        wanted = plan.batch(step)
        assert named(plan, placement) == named(plan, wanted)
        assert steps[step]["rows"][:, 0].tolist() == wanted.record.tolist()
        numbers = range(plan.samples(step), plan.samples(step + 1))
        assert [samples[number] for number in numbers] == list(zip(wanted.source, wanted.record, strict=True))
        assert {plan.step_of(number) for number in numbers} == {step}


def test_an_extended_plan_is_told() -> None:
    before = simple()
    plan = before.extend(more(mix={"math": 1}), sources={"math": 30}).amend(120, {"text": 1})
    told = plan_text(plan)
    assert f"extended at step 100; before it, it is the plan {before.fingerprint[:12]}\n" in told
    code, math_, text = outlook(plan)
    assert (math_.first_step, math_.samples, math_.runs_out_step) == (100, 200, 102)
    assert (code.samples, text.samples, text.last_step) == (500, 800, 149)
    again = plan.extend(more(name="r"))
    assert f"extended at step 150; before it, it is the plan {plan.fingerprint[:12]}\n" in plan_text(again)


def test_an_extended_plan_is_drawn_with_its_seam() -> None:
    plan = simple().extend(more()).amend(120, {"code": 1})
    said = [text.get_text() for text in draw(plan).axes[0].texts]
    assert said == ["p", "q", "extended", "amended"]


def test_an_extended_plan_as_a_file_is_told_and_compared(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan in TOML as a person may write it, with `extended_at`, beside the plan that it goes on from."""
    before, plan = simple(), simple().extend(more(mix={"math": 1}), sources={"math": 30})
    files = [tmp_path / "before.toml", tmp_path / "plan.toml"]
    for file, each in zip(files, (before, plan), strict=True):
        file.write_text("\n".join(line for line in each.to_toml().splitlines() if "fingerprint" not in line))
    assert commands.tell(files[1], shards=None, save=tmp_path / "solved.plan") == 0
    assert f"150 steps, 1,500 samples, 6,000 tokens; plan {plan.fingerprint}" in capsys.readouterr().out
    assert commands.compare(files[1], tmp_path / "solved.plan") == 0
    assert commands.compare(*files) == 1
    said = capsys.readouterr().out
    assert "plan.extended_at.0 was absent, now 100" in said
    assert "the same samples in all of the 100 steps that both have" in said


def metrics(path: pathlib.Path, plan: Plan, steps: list[int], *, told: str) -> pathlib.Path:
    """Lines of a run after so many steps: what was served since step 0 at first, then that or counts since."""
    lines, before = [], np.zeros(len(plan.sources), int)
    for place, done in enumerate(steps):
        served = plan.served(done)
        kind, value = (told, served - before) if place and told == "counts" else ("served", served)
        lines.append({"steps_done": done, kind: dict(zip(plan.sources, value.tolist(), strict=True))})
        before = served
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("told", ["served", "counts"])
@pytest.mark.parametrize("first", [100, 101])
def test_the_metrics_of_the_second_run_alone_are_audited(tmp_path: pathlib.Path, told: str, first: int) -> None:
    """From the end of the first run on, with a crash in the middle."""
    plan = simple().extend(more(mix={"math": "1/3", "code": "2/3"}), sources={"math": 30})
    file = metrics(tmp_path / "metrics.jsonl", plan, [first, 110, 120], told=told)
    again = metrics(tmp_path / "again.jsonl", plan, [110, 115, 150], told=told).read_text().splitlines()[1:]
    file.write_text(file.read_text() + "\n".join(again) + "\n")
    found = audited(plan, read_lines(file, plan))
    assert (found.lines, found.last.steps_done, found.wrong) == (5, 150, None)
    assert all(0 <= distance < 2 for distance, _ in found.farthest.values())
    other = simple().extend(more(mix={"math": "2/3", "code": "1/3"}), sources={"math": 30})
    assert audited(other, read_lines(file, other)).wrong is not None


def test_a_rule_sets_weights_behind_the_seam_alone() -> None:
    plan, rule = simple().extend(more(mix={"text": 0.5, "code": 0.5})), DoReMi({"text": 1.0, "code": 2.0})
    with pytest.raises(UsageError, match="`from_step` must be at least 100, the step at which the plan was extended"):
        Online(plan, rule, every_steps=10)
    online = Online(plan, rule, every_steps=10, from_step=100)
    for step in range(99, 130):
        online.observe(step, {"text": 3.0, "code": 2.5})
    assert [each.at_step for each in online.plan.amendments][:1] == [100]
    assert online.plan.origin == simple()
