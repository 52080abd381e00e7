"""Whole runs through the real command line: what they write, and that interruptions leave no trace."""

import json
import signal

import pytest
from launch import finish, interrupt
from runs_alike import check_served, lines_of, same_parameters

import mixsched
from eval.results import read_rows
from eval.rundir import RunFolder

RUN = "code25-nano-seed0"


def test_every_line_of_metrics_has_served_what_the_plan_says(finished_run):
    plan = mixsched.Plan.from_json(json.loads(finished_run.plan.read_text()))
    assert [line["steps_done"] for line in lines_of(finished_run)] == list(range(1, 33))
    check_served(finished_run, plan)


def test_a_run_learns_and_its_source_losses_average_to_its_loss(finished_run):
    lines = [json.loads(line) for line in finished_run.metrics.read_text().splitlines()]
    assert lines[-1]["loss"] < lines[0]["loss"] - 0.5
    for line in lines:
        by_source = sum(line["source_loss"][name] * count for name, count in line["counts"].items() if count)
        assert by_source / 8 == pytest.approx(line["loss"], rel=1e-5)


def test_heldout_is_measured_at_its_steps_with_nothing_twice(finished_run):
    rows = read_rows(finished_run.results)
    sources = {"heldout/text", "heldout/web_code", "heldout/markup"}
    assert {(row.step, row.task) for row in rows} == {(step, task) for step in (16, 32) for task in sources}
    assert len(rows) == 6
    last = {row.task: row.value for row in rows if row.step == 32}
    first = {row.task: row.value for row in rows if row.step == 16}
    assert all(0 < last[task] < first[task] < 8 for task in sources)


def test_an_interrupted_and_killed_run_continues_to_the_same_bits(finished_run, tiny_arguments, tmp_path):
    folder = RunFolder(tmp_path / "runs" / RUN)
    arguments = tiny_arguments(tmp_path / "runs")
    code, output = interrupt(arguments, folder.metrics, after_lines=5, by=signal.SIGINT)
    assert code == 128 + signal.SIGINT
    assert "stopped by SIGINT after step" in output
    assert "--resume" in output
    # Past the checkpoint of step 16, so that lines after it must be dropped and made again.
    killed, _ = interrupt([*arguments, "--resume"], folder.metrics, after_lines=20, by=signal.SIGKILL)
    assert killed == -signal.SIGKILL
    # As evaluations of two checkpoints leave them, of which the later one is gone: what comes in its place is another.
    for steps_done in ("1", "32"):
        (folder.evaluations / steps_done).mkdir(parents=True)
        (folder.judgements / steps_done).mkdir(parents=True)
    code, output = interrupt([*arguments, "--resume"], folder.metrics, after_lines=25, by=signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    finish([*arguments, "--resume"])
    for kept in (folder.evaluations, folder.judgements):
        assert [path.name for path in kept.iterdir()] == ["1"]

    assert same_parameters(folder, finished_run)
    assert lines_of(folder) == lines_of(finished_run)
    assert [(row.step, row.task, row.value) for row in read_rows(folder.results)] == [
        (row.step, row.task, row.value) for row in read_rows(finished_run.results)
    ]


def test_resuming_a_finished_run_changes_nothing(finished_run, tiny_arguments):
    before = {
        path: path.read_bytes()
        for path in (finished_run.metrics, finished_run.results, finished_run.config, finished_run.plan)
    }
    assert "done: 32 steps" in finish([*tiny_arguments(finished_run.path.parent), "--resume"])
    assert before == {path: path.read_bytes() for path in before}
