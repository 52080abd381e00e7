"""What a run may be continued with: what refuses, what is let through by name, and what is written down of it."""

import dataclasses
import json
import shutil
import sys

import pytest

import train.__main__
from eval.rundir import RunConfig, RunFolder, read_config
from eval.versions import library_versions
from mixsched.errors import UsageError
from train.continuing import continued


@pytest.fixture
def config(finished_run) -> RunConfig:
    return read_config(finished_run)


def going_on(before: RunConfig, now: RunConfig, *, accept: bool = False, plan_changes: tuple[str, ...] = ()):
    return continued(before, now, plan_changes, where="runs/x", steps_done=16, accept=accept)


def with_settings(config: RunConfig, part: str, **changes: object) -> RunConfig:
    settings = config.settings | {part: config.settings[part] | changes}
    return dataclasses.replace(config, settings=settings)


def test_a_run_says_what_trained_it(config):
    assert config.libraries == library_versions()
    assert {"jax", "jaxlib", "grain", "numpy", "orbax-checkpoint"} <= config.libraries.keys()
    assert (config.devices["kind"], config.devices["count"], config.devices["hosts"]) == ("cpu", 1, 1)
    assert config.numbers["not_finite"] == "stop"
    assert (config.adaptive, config.changes) == ({}, [])


def test_the_same_run_elsewhere_is_the_same_run(config):
    assert going_on(config, dataclasses.replace(config, shards="moved")) is None


@pytest.mark.parametrize("accept", [False, True])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda config: with_settings(config, "model", width=64), "settings.model.width was 32, now 64"),
        (lambda config: dataclasses.replace(config, seed=1), "config.seed was 0, now 1"),
        (lambda config: dataclasses.replace(config, adaptive={"skip": 1}), "config.adaptive.skip was absent, now 1"),
    ],
)
def test_another_model_seed_or_algorithm_is_another_run_whatever_is_accepted(config, change, words, accept):
    with pytest.raises(UsageError, match=words) as refusal:
        going_on(config, change(config), accept=accept)
    assert ("lets no other plan, model" in str(refusal.value)) == accept


def test_another_plan_is_not_let_through_either(config):
    with pytest.raises(UsageError, match=r"configuration: plan\.seed was 0, now 1"):
        going_on(config, config, accept=True, plan_changes=("plan.seed was 0, now 1",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda config: dataclasses.replace(config, libraries=config.libraries | {"jax": "0"}), "libraries.jax was"),
        (lambda config: dataclasses.replace(config, tokenizer="0"), "config.tokenizer was"),
        (lambda config: dataclasses.replace(config, data=config.data | {"text": "0"}), "config.data.text was"),
        (lambda config: with_settings(config, "optimizer", b2=0.9), "settings.optimizer.b2 was 0.95, now 0.9"),
        (lambda config: dataclasses.replace(config, numbers=config.numbers | {"not_finite": "skip"}), "now skip"),
    ],
)
def test_other_libraries_data_or_settings_refuse_unless_they_are_accepted_and_then_are_written_down(
    config, change, words
):
    now = change(config)
    with pytest.raises(UsageError, match=rf"{words}.*`--accept-changes`"):
        going_on(config, now)
    after = going_on(config, now, accept=True)
    assert after is not None
    assert dataclasses.replace(after, changes=[]) == now
    (told,) = after.changes
    assert (told["steps_done"], told["accepted"]) == (16, True)
    assert any(words in each for each in told["changed"])
    # From then on that is the run's.
    assert going_on(after, now) is None


def test_other_devices_and_another_commit_are_written_down_and_refuse_nothing(config):
    now = dataclasses.replace(config, devices=config.devices | {"count": 8}, commit="0")
    after = going_on(dataclasses.replace(config, commit="1"), now)
    assert after is not None
    assert after.changes[0]["changed"] == ["config.commit was 1, now 0", "config.devices.count was 1, now 8"]
    assert not after.changes[0]["accepted"]


def test_a_run_from_before_versions_were_written_down_goes_on_and_has_them_from_then_on(config, tmp_path):
    told = dataclasses.asdict(config)
    for name in ("libraries", "commit", "devices", "numbers", "adaptive", "changes"):
        del told[name]
    folder = RunFolder(tmp_path)
    folder.config.write_text(json.dumps(told))
    after = going_on(read_config(folder), config)
    assert after is not None
    assert dataclasses.replace(after, changes=[]) == config
    assert "config.libraries was not recorded" in after.changes[0]["changed"]


def test_the_command_refuses_other_versions_and_goes_on_where_it_is_told_to(
    finished_run, tiny_arguments, tmp_path, refused, monkeypatch, capsys
):
    run = RunFolder(tmp_path / finished_run.path.name)
    shutil.copytree(finished_run.path, run.path)
    shutil.rmtree(run.checkpoints / "32")
    config = json.loads(run.config.read_text())
    config["libraries"]["optax"] = "0.0.1"
    run.config.write_text(json.dumps(config))
    arguments = [*tiny_arguments(tmp_path), "--resume"]
    assert "libraries.optax was 0.0.1, now" in refused("train", *arguments)
    assert json.loads(run.config.read_text()) == config
    monkeypatch.setattr(sys, "argv", ["train", *arguments, "--accept-changes"])
    assert train.__main__.main() == 0
    assert "going on with what was otherwise: config.libraries.optax was 0.0.1, now" in capsys.readouterr().out
    (told,) = read_config(run).changes
    assert (told["steps_done"], told["accepted"]) == (16, True)
    assert "config.devices.count was 1, now 8" in told["changed"]
    assert "for a run that was begun" in refused("train", *tiny_arguments(tmp_path), "--accept-changes")
