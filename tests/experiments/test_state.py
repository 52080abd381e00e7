"""How far a run is, told from its files alone."""

import dataclasses
import fcntl
import json
import shutil

import pytest

from eval.items import Answers, TaskRecord, answers_folder, write_answers
from eval.results import Row, append_rows, read_rows
from eval.rundir import RunFolder, read_config
from eval.suites import NANO
from experiments.grid.arguments import Setup
from experiments.grid.catalogue import pick, read_catalogue
from experiments.grid.jobs import RunJob, jobs_of
from experiments.grid.keep import keep
from experiments.grid.state import run_state
from mixsched.errors import UsageError
from model.config import ModelConfig
from train.scales import OptimizerConfig, Scale


@pytest.fixture
def setup(finished_run, tmp_path) -> Setup:
    """That of a copy of the finished run."""
    shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.path.name)
    fields = dict(read_config(finished_run).settings)
    model, optimizer = ModelConfig(**fields.pop("model")), OptimizerConfig(**fields.pop("optimizer"))
    return Setup(settings=Scale(model, optimizer, **fields), runs=tmp_path / "runs", seeds=1)


@pytest.fixture
def job(setup) -> RunJob:
    catalogue = read_catalogue()
    picked = pick(catalogue, ("code25",), (), everything=False, a_run_judges=True)
    [job] = jobs_of(catalogue, picked, setup)
    assert isinstance(job, RunJob)
    return job


@pytest.fixture
def folder(setup, job) -> RunFolder:
    return RunFolder(setup.runs / job.run)


def measure(folder: RunFolder, *tasks: str, value: float = 0.5) -> list[Row]:
    """Let the run have rows of these tasks at its last step."""
    like = read_rows(folder.results)[-1]
    rows = [dataclasses.replace(like, task=task, metric="acc", value=value) for task in tasks]
    append_rows(folder.results, rows)
    return rows


def test_a_run_that_there_is_not_is_missing(setup, job):
    state = run_state(dataclasses.replace(job, run="none"), setup)
    assert (state.stage, state.own_steps_done, state.complete) == ("missing", 0, False)


def test_a_run_without_its_last_checkpoint_is_begun(setup, job, folder):
    shutil.rmtree(folder.checkpoints / "32")
    lines = folder.metrics.read_text().splitlines(keepends=True)
    # Another process is in the middle of the next line.
    folder.metrics.write_text("".join(lines[:20]) + lines[20][:30])
    state = run_state(job, setup)
    assert (state.stage, state.own_steps_done) == ("begun", 20)
    assert state.tokens_per_s == json.loads(lines[19])["tokens_per_s"]


def test_a_trained_run_lacks_an_evaluation_unless_none_is_wanted(setup, job):
    state = run_state(job, setup)
    assert (state.stage, state.own_steps_done, state.complete) == ("trained", 32, False)
    assert run_state(job, dataclasses.replace(setup, suite="none")).complete


def test_an_evaluation_that_could_not_ask_a_task_says_which(setup, job, folder):
    measure(folder, "nano/reasoning", *(task for task in NANO.tasks if task not in ("nano_functions", "nano_open")))
    state = run_state(job, setup)
    assert (state.stage, state.lacks, state.complete) == ("evaluated", ("nano_functions", "nano_open"), False)
    # Answers for a judge have no number.
    record = TaskRecord("nano_open", "generation", "", {}, {})
    write_answers(answers_folder(folder, 32), Answers(record, []))
    assert run_state(job, setup).lacks == ("nano_functions",)
    measure(folder, "nano_functions")
    assert run_state(job, setup).complete


def test_rows_of_an_earlier_step_are_no_evaluation(setup, job, folder):
    like = read_rows(folder.results)[-1]
    append_rows(folder.results, [dataclasses.replace(like, task="nano/reasoning", step=16)])
    assert run_state(job, setup).stage == "trained"


def test_a_run_that_a_process_holds_is_being_written(setup, job, folder):
    assert not run_state(job, setup).written
    with (folder.path / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert run_state(job, setup).written
    assert not run_state(job, setup).written


def test_a_run_of_other_settings_or_another_mix_is_refused(setup, job):
    other = dataclasses.replace(setup, settings=dataclasses.replace(setup.settings, eval_every_steps=8))
    with pytest.raises(UsageError, match=r"another configuration: settings\.eval_every_steps was 16, now 8"):
        run_state(job, other)
    declared = json.loads(job.declared)
    declared["phases"][0]["weights"]["text"] = "0.5"
    with pytest.raises(UsageError, match="another configuration: schedule"):
        run_state(dataclasses.replace(job, declared=json.dumps(declared)), setup)


def test_the_last_row_of_a_measurement_is_kept_and_those_of_runs_elsewhere_stay(setup, job, folder, tmp_path):
    setup = dataclasses.replace(setup, suite="none")
    measure(folder, "nano_cloze", value=0.25)
    [last] = measure(folder, "nano_cloze", value=0.5)
    [path] = keep([job], setup, tmp_path / "results")
    rows = read_rows(path)
    assert [row for row in rows if row.task == "nano_cloze"] == [last]
    assert {row.step for row in rows} == {16, 32}
    elsewhere = dataclasses.replace(last, run="code25-nano-seed7", seed=7)
    append_rows(path, [elsewhere])
    assert keep([job], setup, tmp_path / "results") == []
    assert read_rows(path)[-1] == elsewhere
