"""Runs that begin where another one ended, by the real command: the same bits as one run of the whole plan."""

import shutil
import signal
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
from launch import finish, interrupt
from runs_alike import check_served, lines_of, same_parameters

from eval.results import read_rows
from eval.rundir import RunFolder, read_config, read_plan
from figures.curves import draw_curves
from figures.read import read_run
from model.checkpoint import write_checkpoints
from model.sharding import device_mesh
from train.checkpoint import save
from train.rundir import last_checkpoint
from train.scales import OptimizerConfig
from train.state import init_state, make_optimizer, state_maker

CHILD = """
from train.experiment import Anneal, Experiment, Stage

experiment = Experiment(
    starts_from="code25",
    stages=(
        Stage("more", 50 * 10**9, {"text": 0.5, "web_code": 0.5}),
        Stage("cooldown", 50 * 10**9, {"text": 0.7, "markup": 0.3}, lr=Anneal()),
    ),
)
"""


@pytest.fixture(scope="module")
def arguments(finished_run, tiny_arguments, tmp_path_factory) -> list[str]:
    """Of a child of 16 steps of the finished run, which lies in the same folder of runs."""
    folder = tmp_path_factory.mktemp("child")
    shutil.copytree(finished_run.path, folder / "runs" / finished_run.path.name)
    (folder / "child.py").write_text(CHILD)
    return [*tiny_arguments(folder / "runs"), f"--exp={folder / 'child.py'}"]


@pytest.fixture(scope="module")
def child(arguments) -> RunFolder:
    """That child, trained to its end."""
    output = finish(arguments)
    run = folder_of(arguments, "child")
    assert f"run {run.path}: 16 steps, 4,096 tokens, from '{folder_of(arguments, 'code25').path}'" in output
    assert "done: 48 steps" in output
    return run


def folder_of(arguments: list[str], experiment: str) -> RunFolder:
    runs = next(word.removeprefix("--runs=") for word in reversed(arguments) if word.startswith("--runs="))
    return RunFolder(Path(runs) / f"{experiment}-nano-seed0")


def copied(arguments: list[str], to: Path, *runs: RunFolder) -> list[str]:
    """The same arguments for another folder of runs, which has copies of these."""
    for run in runs:
        shutil.copytree(run.path, to / run.path.name)
    return [*arguments, f"--runs={to}"]


def test_the_child_counts_on_where_its_parent_ended(child, arguments):
    parent, plan = read_plan(folder_of(arguments, "code25")), read_plan(child)
    assert plan.origin == parent
    assert read_config(child).starts_from == "code25-nano-seed0"
    assert [line["steps_done"] for line in lines_of(child)] == list(range(33, 49))
    check_served(child, plan)
    assert {(row.step, row.tokens) for row in read_rows(child.results)} == {(48, 48 * 8 * 32)}


def test_the_child_ends_with_the_bits_of_one_run_of_its_whole_plan(child, arguments, tmp_path):
    """That run has the child's folder with a new state, as training from scratch begins, for its checkpoint."""
    whole = RunFolder(tmp_path / child.path.name)
    whole.path.mkdir()
    for file in (child.config, child.plan):
        shutil.copy(file, whole.path)
    settings = read_config(child).settings
    optimizer = make_optimizer(OptimizerConfig(**settings["optimizer"]))
    make_state = state_maker(read_config(child).model, optimizer, key=jax.random.key(0))
    with write_checkpoints(whole.checkpoints, keep=1) as checkpoints:
        save(checkpoints, 0, init_state(make_state, device_mesh(jax.devices()[:1])), read_plan(child))
    finish([*arguments, f"--runs={tmp_path}", "--resume"])
    assert [line["steps_done"] for line in lines_of(whole)] == list(range(1, 49))
    assert lines_of(whole)[32:] == lines_of(child)
    assert lines_of(whole)[:32] == lines_of(folder_of(arguments, "code25"))
    assert same_parameters(whole, child)


def test_a_killed_child_continues_without_its_parent_to_the_same_bits(child, arguments, tmp_path):
    parent = folder_of(arguments, "code25")
    again = copied(arguments, tmp_path, parent)
    run = folder_of(again, "child")
    interrupt(again, run.metrics, after_lines=3, by=signal.SIGKILL)
    assert last_checkpoint(run) == 32
    shutil.rmtree(folder_of(again, "code25").path)
    finish([*again, "--resume"])
    assert same_parameters(run, child)
    assert lines_of(run) == lines_of(child)
    assert [(row.task, row.value) for row in read_rows(run.results)] == [
        (row.task, row.value) for row in read_rows(child.results)
    ]


def test_a_child_that_was_killed_before_its_first_checkpoint_begins_again(child, arguments, tmp_path):
    again = copied(arguments, tmp_path, folder_of(arguments, "code25"), child)
    run = folder_of(again, "child")
    shutil.rmtree(run.checkpoints)
    finish([*again, "--resume"])
    assert lines_of(run) == lines_of(child)
    assert same_parameters(run, child)


def test_its_curves_begin_where_it_began(child, tmp_path, monkeypatch):
    monkeypatch.setattr(plt, "close", lambda figure: None)
    _, svg = draw_curves(read_run(child.path), tmp_path)
    loss, heldout, mix, rate = plt.gcf().axes
    monkeypatch.undo()
    plt.close("all")
    # In thousands of tokens, of 256 a step.
    assert heldout.get_xlim()[0] == pytest.approx(8.192)
    for panel in (mix, rate):
        assert panel.get_xlim() == pytest.approx((8.192, 12.288))
    assert [text.get_text() for text in rate.texts] == [" more", " cooldown"]
    assert np.min(np.asarray(loss.lines[0].get_xdata())) > 8.192
    # Half of the first stretch is text, whatever the parent was served before it.
    areas = {area.get_label(): np.asarray(area.get_paths()[0].vertices)[:, 1] for area in mix.collections}
    assert np.ptp(areas["text"][:3]) == pytest.approx(50, abs=13)
    assert "(from code25-nano-seed0 at 8,192)" in svg.read_text()
    said = next(line for line in svg.read_text().splitlines() if "samples apart" in line)
    assert 0 <= float(said.split(" samples apart")[0].split(">")[-1]) < 1
