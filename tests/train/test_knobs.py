"""Traces of steps and kept programs, of whole runs through the real command line."""

import os
import shutil
from pathlib import Path

import jax.numpy as jnp
import pytest
from launch import finish
from runs_alike import lines_of, same_parameters

from eval.rundir import RunFolder
from mixsched.errors import UsageError
from train.__main__ import without_changes
from train.compiled import FOLDER, LEAST_S, keep_compiled
from train.profiled import Profile, check_to_come, read_steps


def names(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_a_traced_run_that_keeps_its_programs_is_the_run_without_and_the_next_one_compiles_nothing_anew(
    finished_run, tiny_arguments, tmp_path
):
    folder, cache = RunFolder(tmp_path / "runs" / finished_run.path.name), tmp_path / "programs"
    arguments = [*tiny_arguments(tmp_path / "runs"), f"--compilation-cache={cache}"]
    output = finish([*arguments, "--profile-steps=3:6"])
    assert "traced steps 3..5" in output
    assert f"xprof --logdir {folder.profile}" in output
    (trace,) = folder.profile.rglob("*.xplane.pb")
    assert b"jit_train_step" in trace.read_bytes()
    assert same_parameters(folder, finished_run)
    assert lines_of(folder) == lines_of(finished_run)

    kept = names(cache)
    assert any("train_step" in path.name for path in kept)
    shutil.rmtree(folder.path)
    finish(arguments)
    assert names(cache) == kept
    assert not folder.profile.exists()


def test_a_trace_that_the_end_of_a_run_cuts_short_is_written_all_the_same(tmp_path):
    with Profile(range(2, 32), tmp_path) as profile:
        for step in range(4):
            profile.before(step, jnp.zeros(1))
    assert list(tmp_path.rglob("*.xplane.pb"))


def test_a_run_that_ends_before_a_trace_begins_writes_none(tmp_path):
    with Profile(range(2, 32), tmp_path) as profile:
        profile.before(0, jnp.zeros(1))
    assert not list(tmp_path.iterdir())


def test_steps_are_read_and_what_is_none_of_them_is_refused_in_a_sentence():
    assert read_steps("20:25") == range(20, 25)
    for wrong in ("20", "25:20", "20:20", "-1:4", "a:b", "1:2:3", ""):
        with pytest.raises(UsageError, match="`--profile-steps` must be FIRST:STOP"):
            read_steps(wrong)


def test_steps_that_are_done_or_beyond_the_end_are_refused():
    check_to_come(range(16, 32), steps_done=16, total_steps=32)
    for steps in (range(15, 20), range(30, 33)):
        with pytest.raises(UsageError, match=r"16\.\.31 are to come"):
            check_to_come(steps, steps_done=16, total_steps=32)
    with pytest.raises(UsageError, match="no step is left"):
        check_to_come(range(3, 5), steps_done=32, total_steps=32)


def test_the_command_line_refuses_before_anything_is_begun(refused, tiny_arguments, tmp_path):
    runs, file = tmp_path / "runs", tmp_path / "file"
    arguments = tiny_arguments(runs)
    file.touch()
    assert "got '6:3'" in refused("train", *arguments, "--profile-steps=6:3")
    assert "`--compilation-cache` must be a folder" in refused("train", *arguments, f"--compilation-cache={file}")
    assert "0..31 are to come" in refused("train", *arguments, "--profile-steps=30:40")
    assert not runs.exists()


def test_continuing_asks_for_no_second_trace():
    assert without_changes(["--exp=a.py", "--profile-steps", "3:6", "--seed=1"]) == ["--exp=a.py", "--seed=1"]


def test_keeping_is_told_to_jax_by_its_own_variables_and_what_a_person_set_stays(monkeypatch, tmp_path):
    monkeypatch.delenv(LEAST_S, raising=False)
    monkeypatch.setenv(FOLDER, "elsewhere")
    monkeypatch.chdir(tmp_path)
    keep_compiled(Path("programs"))
    assert os.environ[FOLDER] == str(tmp_path / "programs")
    assert os.environ.pop(LEAST_S) == "0"
    monkeypatch.setenv(LEAST_S, "7")
    keep_compiled(Path("programs"))
    assert os.environ[LEAST_S] == "7"
