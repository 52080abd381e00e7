"""Runs whose weights are set by their losses, by the real command: served exactly, and the same after a kill."""

import json
import signal
from pathlib import Path

import pytest
from launch import finish, interrupt
from runs_alike import lines_of, same_parameters

import mixsched
from eval.rundir import RunFolder, read_plan

EXPERIMENT = """
from train.experiment import Adaptive, Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", 200 * 10**9, {"text": 0.5, "web_code": 0.4, "markup": 0.1}),),
    # At this size: left out 1 step, fitted after 9, weights set every 2.
    adaptive=Adaptive(skip_paper_tokens=1, refit_paper_tokens=55 * 10**9, every_paper_tokens=7 * 10**9),
)
"""


@pytest.fixture(scope="module")
def arguments(tiny_arguments, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adaptive")
    (folder / "ado.py").write_text(EXPERIMENT)

    def of(runs: Path) -> list[str]:
        return [*tiny_arguments(runs), f"--exp={folder / 'ado.py'}"]

    return of


@pytest.fixture(scope="module")
def whole(arguments, tmp_path_factory) -> RunFolder:
    """That run, trained to its end at once."""
    runs = tmp_path_factory.mktemp("whole")
    finish(arguments(runs))
    return RunFolder(runs / "ado-nano-seed0")


def test_weights_move_by_the_losses_and_are_served_exactly(whole):
    plan = read_plan(whole)
    assert {amendment.reason.partition(" ")[0] for amendment in plan.amendments} == {"ADO"}
    assert min(amendment.at_step for amendment in plan.amendments) > 9
    for line in lines_of(whole):
        assert list(line["counts"].values()) == plan.counts(line["steps_done"] - 1).tolist()
    declared = mixsched.Plan(plan.schedule, plan.rows, seed=plan.seed)
    assert plan.served(32).tolist() != declared.served(32).tolist()
    assert plan.served(9).tolist() == declared.served(9).tolist()


def test_its_log_tells_of_every_step_what_the_metrics_say(whole):
    log = [json.loads(line) for line in whole.online.read_text().splitlines()]
    assert [entry["step"] for entry in log] == list(range(32))
    for entry, line in zip(log, lines_of(whole), strict=True):
        assert entry["losses"] == {name: loss for name, loss in line["source_loss"].items() if loss is not None}
    decided = [entry["decided"]["at_step"] for entry in log if entry["decided"]]
    assert decided == [amendment.at_step for amendment in read_plan(whole).amendments]


def test_a_killed_run_continues_to_the_same_weights_and_bits(whole, arguments, tmp_path):
    run = RunFolder(tmp_path / whole.path.name)
    code, _ = interrupt(arguments(tmp_path), run.metrics, after_lines=13, by=signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    # Past the checkpoint of step 16, so that decisions after it must be dropped and made again.
    interrupt([*arguments(tmp_path), "--resume"], run.metrics, after_lines=24, by=signal.SIGKILL)
    finish([*arguments(tmp_path), "--resume"])
    assert read_plan(run) == read_plan(whole)
    assert lines_of(run) == lines_of(whole)
    assert run.online.read_text() == whole.online.read_text()
    assert same_parameters(run, whole)


def test_its_weights_can_not_be_amended_by_hand_too(whole, arguments, tmp_path, refused):
    change = tmp_path / "change.toml"
    change.write_text("weights = { text = 1 }\n")
    said = refused("train", *arguments(whole.path.parent), "--resume", "--amend", str(change))
    assert "are set by its losses" in said


def test_a_log_that_ends_too_early_is_told(whole, arguments, tmp_path, refused):
    run = RunFolder(tmp_path / whole.path.name)
    interrupt(arguments(tmp_path), run.metrics, after_lines=18, by=signal.SIGTERM)
    run.online.write_text("".join(run.online.read_text().splitlines(keepends=True)[:5]))
    assert "does not tell of all" in refused("train", *arguments(tmp_path), "--resume")
