"""How far a run is, told from its files alone."""

import dataclasses
import fcntl
import json
import re
import shutil

import pytest

from eval.items import Answers, TaskRecord, answers_folder, write_answers
from eval.results import Row, append_rows, read_rows
from eval.rundir import RunFolder, read_config
from eval.suites import NANO
from experiments.grid.arguments import Setup
from experiments.grid.board import Board
from experiments.grid.catalogue import pick, read_catalogue
from experiments.grid.jobs import RunJob, jobs_of
from experiments.grid.keep import keep
from experiments.grid.pace import Left
from experiments.grid.state import run_state
from experiments.grid.view import summary
from experiments.grid.work import Ended
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
    declared["schedule"]["phases"][0]["weights"]["text"] = "0.5"
    with pytest.raises(UsageError, match="another configuration: schedule"):
        run_state(dataclasses.replace(job, declared=json.dumps(declared)), setup)


def test_a_run_that_repeated_a_source_otherwise_is_refused(setup, job):
    declared = json.loads(job.declared)
    declared["pools"] = {"web_code": 5}
    with pytest.raises(UsageError, match=r"another configuration: pools\.web_code"):
        run_state(dataclasses.replace(job, declared=json.dumps(declared)), setup)


def test_a_run_of_other_data_is_refused_and_one_of_moved_data_is_not(setup, job, shards, tmp_path):
    setup = dataclasses.replace(setup, suite="none", shards=tmp_path / "moved")
    shutil.copytree(shards, tmp_path / "moved")
    assert run_state(job, setup).complete
    manifest = tmp_path / "moved" / "text" / "manifest.json"
    told = json.loads(manifest.read_text())
    told["shards"][0]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(told))
    with pytest.raises(UsageError, match=r"another configuration: data\.text was"):
        run_state(job, setup)


@pytest.mark.parametrize("name", ["plan.json", "metrics.jsonl", "config.json"])
def test_a_damaged_file_is_named(setup, job, folder, name):
    (folder.path / name).write_bytes(b"\0[1, 2\n")
    with pytest.raises(UsageError, match=name):
        run_state(job, setup)


def test_a_plan_that_is_gone_is_named(setup, job, folder):
    folder.plan.unlink()
    with pytest.raises(UsageError, match=r"plan\.json' is missing"):
        run_state(job, setup)


def test_what_is_no_row_counts_for_nothing(setup, job, folder):
    measure(folder, "nano/reasoning")
    folder.results.write_bytes(folder.results.read_bytes() + b'null\n\xff\n{"step": 32}\n{"step": 32, "ta')
    assert run_state(job, setup).stage == "evaluated"


def test_a_job_that_was_stopped_waits_as_far_as_it_came_and_the_time_left_says_what_is_not_in_it(setup, job, folder):
    shutil.rmtree(folder.checkpoints / "32")
    lines = folder.metrics.read_text().splitlines(keepends=True)
    folder.metrics.write_text("".join(lines[:8]))
    board = Board([job], setup)
    board.start(job)
    folder.metrics.write_text("".join(lines[:24]))
    board.look_at_running()
    assert board.running[job.name].trained_tokens == 16 * 8 * 32
    assert re.search(r"1 running, about \d+ s left without the evaluations$", summary(board))
    board.end(Ended(job.name, "stopped", tokens=16 * 8 * 32, train_s=1.0))
    assert board.next() == job
    assert board.left() == Left(tokens=8 * 8 * 32, evaluations=1, judgements=0)


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
