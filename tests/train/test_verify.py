"""Recorded steps replayed by the real command: the same bits, what was changed behind its back, and what can't be."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from launch import one_device

from eval.results import read_rows
from eval.rundir import RunFolder, read_config, read_plan
from mixsched.errors import UsageError
from train.replay import replay


def files(folder: Path) -> dict[Path, tuple[int, bytes]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def verified(run: RunFolder, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "train", "--verify", str(run.path), *words]
    return subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)


def copied(run: RunFolder, folder: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(run.path, folder / run.path.name)))


def test_the_steps_behind_the_last_checkpoint_but_one_come_out_the_same_to_the_bit_and_nothing_is_written(finished_run):
    before = files(finished_run.path)
    done = verified(finished_run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "replayed steps 16..31" in done.stdout
    assert "compared 16 lines of" in done.stdout
    assert "arrays of the checkpoint after step 32" in done.stdout
    assert "all of it is the same, bit for bit" in done.stdout
    assert "note:" not in done.stdout
    assert files(finished_run.path) == before


def test_a_number_that_was_changed_is_found_from_the_first_step_on(finished_run, tmp_path):
    run = copied(finished_run, tmp_path)
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    lines[1]["grad_norm"] *= 1 + 1e-6
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = verified(run, "--from-step=0", "--steps=3")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "replayed steps 0..2" in done.stdout
    assert "from the initial weights of its seed" in done.stdout
    (told,) = (line for line in done.stdout.splitlines() if line.startswith("differs:"))
    assert "after step 2: line.grad_norm was" in told


def test_where_there_is_nothing_to_replay_it_says_so(refused, finished_run, tmp_path):
    assert "`--from-step` must be one of 0, 16, from" in refused(
        "train", f"--verify={finished_run.path}", "--from-step=5"
    )
    assert "`--steps` must be at least 1" in refused("train", f"--verify={finished_run.path}", "--steps=0")
    assert "is no run" in refused("train", "--verify", str(tmp_path))
    run = copied(finished_run, tmp_path)
    run.metrics.write_text("")
    assert "holds no step that could be replayed" in refused("train", "--verify", str(run.path))


def test_steps_before_an_accepted_change_are_not_replayed_with_what_came_after(finished_run, tmp_path):
    run = copied(finished_run, tmp_path)
    config = json.loads(run.config.read_text())
    config["changes"] = [{"steps_done": 16, "when": "", "changed": [], "accepted": True}]
    run.config.write_text(json.dumps(config))
    with pytest.raises(UsageError, match="must be one of 16, from"):
        replay(run, from_step=0, most_steps=None, shards=None)


def test_rows_say_which_code_plan_and_data_they_are_of(finished_run):
    config, plan = read_config(finished_run), read_plan(finished_run)
    for row in read_rows(finished_run.results):
        assert row.libraries == config.libraries
        assert row.commit == config.commit
        assert (row.plan, row.tokenizer) == (plan.fingerprint[:12], config.tokenizer[:12])
        assert len(row.data) == 12
