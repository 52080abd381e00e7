"""Runs whose weights are set by their losses, by the real command: served exactly, and the same after a kill."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from launch import finish, interrupt
from runs_alike import check_served, lines_of, same_parameters

import mixsched
from eval.rundir import RunFolder, read_plan
from train.adaptive import follow
from train.lineage import load_lineage
from train.scales import SCALES

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
    check_served(whole, plan)
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
    # What was served is in the plan, though no checkpoint has come since: a run that is watched is drawn by it.
    killed = read_plan(run)
    for line in lines_of(run):
        assert list(line["counts"].values()) == killed.counts(line["steps_done"] - 1).tolist()
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


def test_a_run_whose_experiment_lost_its_algorithm_is_refused(whole, arguments, refused, tmp_path):
    (tmp_path / "ado.py").write_text(EXPERIMENT.replace("    adaptive=", "    # adaptive="))
    said = refused("train", *arguments(whole.path.parent), f"--exp={tmp_path / 'ado.py'}", "--resume")
    assert "weights are set by its losses, but '" in said
    assert "declares no `adaptive`; restore it there" in said


@pytest.mark.parametrize(
    "damage", [lambda lines: lines[:5], lambda lines: [*lines[:5], "{", *lines[6:]], lambda _: ["[]"]]
)
def test_a_log_that_does_not_tell_of_every_step_is_refused(whole, arguments, tmp_path, refused, damage):
    run = RunFolder(Path(shutil.copytree(whole.path, tmp_path / whole.path.name)))
    run.online.write_text("\n".join(damage(run.online.read_text().splitlines())) + "\n")
    assert "does not tell of all 32 steps" in refused("train", *arguments(tmp_path), "--resume")


CHILD = """
from train.experiment import Adaptive, Experiment, Stage

experiment = Experiment(
    (Stage("own", 200 * 10**9, {"text": 0.9, "math": 0.1, "markup": 0}),), starts_from="code50", adaptive=Adaptive()
)
"""


def followed(folder: Path):
    """That child at nano: its folder, its declared plan, its first step, and what is told of its losses."""
    (folder / "child.py").write_text(CHILD)
    lineage, scale, run = load_lineage(folder / "child.py"), SCALES["nano"], RunFolder(folder)
    plan = lineage.plan(scale, dict.fromkeys(lineage.schedule(scale).sources, 9_000), seed=0)
    first_step = lineage.first_step(scale)
    _, observe = follow(run, lineage.experiment, scale, plan, first_step=first_step, steps_done=first_step)
    return run, plan, first_step, observe


def losses_of(step: int) -> dict[str, float]:
    return {"text": 3 + 30 * (16 * step) ** -0.3, "math": 2 + 50 * (16 * step) ** -0.4}


def test_an_algorithm_divides_the_own_sources_alone_and_leaves_out_its_own_first_steps(tmp_path):
    _, declared, first_step, observe = followed(tmp_path)
    plan = [observe(step, losses_of(step)) for step in range(first_step, first_step + 30)][-1]
    # Steps 245 to 250 are left out, the eighth loss is that of step 258, and every sixth step is followed by a fit.
    assert plan.amendments[0].reason == "ADO after step 263"
    served = dict(zip(plan.sources, (plan.served(plan.total_steps) - plan.served(first_step)).tolist(), strict=True))
    assert served["web_code"] == served["markup"] == 0
    assert sum(served.values()) == 16 * (plan.total_steps - first_step)
    assert plan.served(first_step).tolist() == declared.served(first_step).tolist()


def test_what_it_was_told_is_on_the_disk_before_the_next_step(tmp_path, monkeypatch):
    run, _, first_step, observe = followed(tmp_path)
    synced, sync = {}, os.fsync

    def synced_as(descriptor: int) -> None:
        sync(descriptor)
        found = os.fstat(descriptor)
        synced[found.st_ino] = found.st_size

    monkeypatch.setattr(os, "fsync", synced_as)
    for step in range(first_step, first_step + 3):
        observe(step, losses_of(step))
        found = run.online.stat()
        assert synced.get(found.st_ino) == found.st_size
