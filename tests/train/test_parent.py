"""What a run may start from: a finished run of its own scale, data and plan, amended or not; all else is refused."""

import json
import shutil
import sys
from pathlib import Path

import jax
import pytest

import train.__main__
from eval.rundir import RunFolder, read_config, read_plan
from model.checkpoint import write_checkpoints
from model.sharding import device_mesh
from train.amend import amend_run, read_change
from train.checkpoint import save
from train.rundir import declared
from train.scales import OptimizerConfig
from train.state import init_state, make_optimizer, state_maker

CHILD = """
from train.experiment import Anneal, Experiment, Stage

mix = {"text": 0.5, "web_code": 0.3, "markup": 0.2}
experiment = Experiment(starts_from="code25", stages=(Stage("more", 50 * 10**9, mix, lr=Anneal()),))
"""


@pytest.fixture
def parent(finished_run, tmp_path) -> RunFolder:
    """A copy of the finished run that a test may damage."""
    return RunFolder(Path(shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.path.name)))


@pytest.fixture
def arguments(tiny_arguments, tmp_path) -> list[str]:
    (tmp_path / "child.py").write_text(CHILD)
    return [*tiny_arguments(tmp_path / "runs"), f"--exp={tmp_path / 'child.py'}"]


def edited(file: Path, change: dict) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | change))


def test_a_parent_that_is_not_there_names_the_command_that_trains_it(refused, arguments, tmp_path, shards):
    said = refused("train", *arguments, "--seed=4")
    assert f"'child' starts from '{tmp_path}/runs/code25-nano-seed4', which is no run yet; train it first: " in said
    assert "python -m train --exp=experiments/code25.py --seed=4 " in said
    assert f"--runs={tmp_path}/runs --shards={shards} --model.vocab-size=640" in said
    assert not (tmp_path / "runs").exists()


def test_a_parent_that_is_not_finished_names_the_command_that_finishes_it(refused, arguments, parent):
    shutil.rmtree(parent.checkpoints / "32")
    said = refused("train", *arguments)
    assert "of which 16 of 32 steps are saved; finish it first: python -m train --exp=" in said
    assert said.endswith(" --resume ")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--model.layers=1", "config.model.layers was 2, now 1"),
        ("--optimizer.peak-lr=0.002", "plan.schedule.phases.0.lr.peak was 0.004, now 0.002"),
        ("--batch-size=16", "plan.schedule.batch_size was 8, now 16"),
    ],
)
def test_a_parent_of_other_settings_is_refused(refused, arguments, parent, option, said):
    assert said in refused("train", *arguments, option)
    assert not (parent.path.parent / "child-nano-seed0").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tokenizer": "0" * 64}, "config.tokenizer was 0000"),
        ({"data": {"text": "0" * 64}}, "config.data.text was 0000"),
        ({"data": {"text/heldout": "0" * 64}}, "config.data.text/heldout was 0000"),
    ],
)
def test_a_parent_of_other_data_is_refused(refused, arguments, parent, change, said):
    edited(parent.config, change)
    told = refused("train", *arguments)
    assert f"'{parent.path}', from which this run starts, is of another configuration: {said}" in told
    assert not (parent.path.parent / "child-nano-seed0").exists()


def test_a_parent_of_another_seed_is_not_looked_at(refused, arguments, parent):
    assert "code25-nano-seed1', which is no run yet" in refused("train", *arguments, "--seed=1")


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    assert train.__main__.main() == 0


def amended(parent: RunFolder, change: Path) -> None:
    """The parent as if it had been amended before its first step and stands there."""
    for file in (parent.metrics, parent.results):
        file.unlink()
    shutil.rmtree(parent.checkpoints)
    amend_run(parent, read_plan(parent), read_change(change), rows={}, steps_done=0)
    settings = read_config(parent)
    optimizer = make_optimizer(OptimizerConfig(**settings.settings["optimizer"]))
    make_state = state_maker(settings.model, optimizer, key=jax.random.key(0))
    with write_checkpoints(parent.checkpoints, keep=1) as checkpoints:
        save(checkpoints, 0, init_state(make_state, device_mesh()), read_plan(parent))


def test_a_parent_that_was_amended_is_gone_on_from_as_it_was_served(refused, arguments, parent, tmp_path, monkeypatch):
    change = tmp_path / "change.toml"
    change.write_text('at_step = 20\nweights = { text = 0.5, web_code = 0.5 }\nreason = "code helps"\n')
    amended(parent, change)
    run([*arguments, "--exp=experiments/code25.py", "--resume"], monkeypatch)
    run(arguments, monkeypatch)
    child = RunFolder(parent.path.parent / "child-nano-seed0")
    plan = read_plan(child)
    assert plan.origin == read_plan(parent)
    assert [each.reason for each in plan.amendments] == ["code helps"]
    lines = [json.loads(line) for line in child.metrics.read_text().splitlines()]
    assert [line["steps_done"] for line in lines] == list(range(33, 41))
    assert list(lines[-1]["served"].values()) == plan.served(40).tolist()
    # Continued, it is the same run; begun again, it is not one that a parent that was served otherwise leads to.
    run([*arguments, "--resume"], monkeypatch)
    shutil.rmtree(child.checkpoints)
    parent.plan.write_text(json.dumps(declared(read_plan(parent)).to_json()))
    said = refused("train", *arguments, "--resume")
    assert f"'{parent.path}', from which this run starts, is of another configuration" in said
    assert "plan.amendments.0.at_step was absent, now 20" in said
