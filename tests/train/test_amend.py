"""A run whose weights are changed while it trains, through the real command line: served, logged, and kept."""

import json
import re
import signal
from pathlib import Path

import pytest
from launch import finish, interrupt

import mixsched
from eval.rundir import RunFolder, read_config, read_plan

CHANGE = 'weights = { text = 0.5, web_code = 0.5 }\nreason = "code helps"\n'


@pytest.fixture(scope="module")
def amended(tiny_arguments, tmp_path_factory) -> tuple[RunFolder, list[str], int]:
    """A run on text alone that is stopped, amended with code, stopped again, and finished; its steps at the change."""
    folder = tmp_path_factory.mktemp("amended")
    arguments = [word.replace("code25", "text_only") for word in tiny_arguments(folder / "runs")]
    run = RunFolder(folder / "runs" / "text_only-nano-seed0")
    change = folder / "change.toml"
    change.write_text(CHANGE)
    interrupt(arguments, run.metrics, after_lines=20, by=signal.SIGTERM)
    at_step = len(run.metrics.read_text().splitlines())
    amend = [*arguments, "--resume", f"--amend={change}"]
    code, output = interrupt(amend, run.metrics, after_lines=at_step + 9, by=signal.SIGINT)
    assert code == 128 + signal.SIGINT
    assert "--resume" in output.splitlines()[-1]
    assert "--amend" not in output.splitlines()[-1]
    finish([*arguments, "--resume"])
    return run, arguments, at_step


def test_the_change_is_served_from_its_step_on_and_nothing_before_it_changed(amended):
    run, _, at_step = amended
    plan = read_plan(run)
    assert [(each.at_step, each.reason) for each in plan.amendments] == [(at_step, "code helps")]
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert [line["steps_done"] for line in lines] == list(range(1, 65))
    for line in lines:
        step = line["steps_done"] - 1
        assert line["counts"]["text"] == (8 if step < at_step else 4)
        assert line["counts"].get("web_code", 0) == (0 if step < at_step else 4)
    assert lines[-1]["served"] == dict(zip(plan.sources, plan.served(64).tolist(), strict=True))
    assert lines[-1]["source_loss"]["web_code"] < lines[at_step]["source_loss"]["web_code"]


def test_the_log_is_in_the_checkpoint_and_what_came_in_is_recorded(amended):
    run, _, _ = amended
    saved = next((run.checkpoints / "64" / "plan").rglob("metadata"))
    assert mixsched.Plan.from_json(json.loads(saved.read_text())) == read_plan(run)
    assert {"text", "web_code"} <= read_config(run).data.keys()


def test_a_run_is_not_continued_under_a_plan_whose_past_was_amended(amended, tmp_path):
    """The checkpoint after step 64 is not one of a plan with an amendment that lies before it and that it lacks."""
    run, _, at_step = amended
    plan = read_plan(run)
    other = plan.amend(at_step + 1, {"text": 1})
    assert plan.departures(plan, served_steps=64) == ()
    assert other.departures(plan, served_steps=at_step + 1) == ()
    assert f"plan.amendments.1.at_step was absent, now {at_step + 1}" in other.departures(plan, served_steps=64)
    assert plan.departures(other, served_steps=64)[0].startswith("plan.amendments.1.at_step was ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no file '.*change.toml'; name a TOML file with `weights` in it"),
        ("weights = ", "change.toml' is not TOML"),
        ("at_step = 70", "a change of weights lacks weights; its fields are at_step, reason, until_step, weights"),
        ("weights = { text = 0.5 }", "must add up to 1, they add up to 0.5"),
        (
            "weights = { text = 0.5, web_cod = 0.5 }",
            r"the mix names the source 'web_cod', .* did you mean 'web_code'\?",
        ),
        (
            "at_step = 3\nweights = { text = 1 }",
            "`at_step` 3 is served already, 64 steps are; amend at step 64 or later",
        ),
        # Of a source that is new to the run, whose data must not be recorded either.
        ("at_step = 3\nweights = { text = 0.5, markup = 0.5 }", "`at_step` 3 is served already, 64 steps are"),
        ("at_step = 64\nweights = { text = 1 }", "`at_step` must lie between the last amendment .* got 64"),
    ],
)
def test_a_change_that_cannot_be_leaves_the_run_as_it_is(amended, tmp_path, text, said):
    run, arguments, _ = amended
    before = {path: path.read_bytes() for path in (run.plan, run.config, run.metrics, run.results)}
    path = tmp_path / "change.toml"
    if text is not None:
        path.write_text(text)
    output = finish([*arguments, "--resume", f"--amend={path}"], code=2)
    assert output.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in output
    assert re.search(said, output), output
    assert before == {path: path.read_bytes() for path in before}


def test_a_run_that_was_not_begun_cannot_be_amended(tiny_arguments, tmp_path):
    change = tmp_path / "change.toml"
    change.write_text(CHANGE)
    output = finish([*tiny_arguments(tmp_path / "runs"), "--resume", f"--amend={change}"], code=2)
    assert "holds no run yet, so there is nothing to amend" in output
    assert not (tmp_path / "runs").exists()


def test_a_new_run_cannot_be_amended(tiny_arguments, tmp_path):
    assert "`--resume`" in finish([*tiny_arguments(Path(tmp_path)), "--amend=change.toml"], code=2)
