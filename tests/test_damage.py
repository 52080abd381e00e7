"""Files that broke on the disk, and disks that take no more: said in a sentence, and what was good stays usable."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from launch import finish, on_small_disk, start

from eval.rundir import RunFolder, read_config, read_plan
from figures.curves import draw_curves
from figures.read import read_run
from mixsched.errors import UsageError
from mixsched.shards import open_rows
from tests.torture.sameness import files_differ, rows_differ


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]


def test_a_byte_that_changed_in_a_shard_is_told_or_was_never_read(shards: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(shards / "text", tmp_path / "text"))
    shard = source / "00000-of-00001.array_record"
    content = shard.read_bytes()
    rows = open_rows(source)
    good = rows.__getitems__(range(len(rows)))
    told = 0
    for place in range(0, len(content), 2_003):
        shard.write_bytes(flipped(content, place))
        try:
            assert np.array_equal(open_rows(source).__getitems__(range(len(rows))), good)
        except UsageError as error:
            told += 1
            said = str(error)
            assert said.startswith(f"the shard '{shard}' cannot be read (")
            assert said.endswith("); restore it or prepare this source again")
    assert told > len(content) // 2_003 // 2


def test_training_on_a_damaged_shard_stops_with_a_sentence(shards: Path, tiny_arguments, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(shards, tmp_path / "damaged"))
    shard = damaged / "text" / "00000-of-00001.array_record"
    content = shard.read_bytes()
    # Every row of the source, since the first batches read only some.
    for place in range(1_000, len(content), 500):
        content = flipped(content, place)
    shard.write_bytes(content)
    said = finish([*tiny_arguments(tmp_path / "runs"), f"--shards={damaged}"], code=2)
    assert "Traceback" not in said
    assert "text/00000-of-00001.array_record' cannot be read (" in said


def test_a_shard_that_goes_while_it_is_trained_on_is_missed_when_it_is_opened_again(
    shards: Path, tiny_arguments, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(shards, tmp_path / "shards"))
    words = [*tiny_arguments(tmp_path / "runs"), f"--shards={copied}", "--log-every-steps=1"]
    metrics = tmp_path / "runs" / "code25-nano-seed0" / "metrics.jsonl"
    process = start(words)
    while not metrics.exists() or not metrics.read_text():
        assert process.poll() is None, process.communicate()[0]
    shard = copied / "text" / "00000-of-00001.array_record"
    moved = shutil.move(shard, tmp_path / "away")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert f"the shard '{shard}' is missing; restore it or prepare this source again" in finish(
        [*words, "--resume"], code=2
    )
    shutil.move(moved, shard)
    finish([*words, "--resume"])


def damage_checkpoint(checkpoint: Path) -> None:
    """Change a bit of its largest file: of arrays, which have no checksum of their own."""
    arrays = max((path for path in checkpoint.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    arrays.write_bytes(flipped(arrays.read_bytes(), arrays.stat().st_size // 2))


def test_a_byte_that_changed_in_a_checkpoint_is_told_and_another_measured(
    finished_run: RunFolder, refused, tmp_path: Path
) -> None:
    folder = RunFolder(Path(shutil.copytree(finished_run.path, tmp_path / "run")))
    damage_checkpoint(folder.checkpoints / "32" / "model")
    said = refused("eval", "--run", str(folder.path), "--shards", read_config(folder).shards)
    assert "is damaged or not of this run" in said
    assert "of model is not what was saved); restore it from a copy, or take another by `--step`: 16" in said


def test_a_run_is_not_continued_from_a_damaged_checkpoint(
    finished_run: RunFolder, tiny_arguments, refused, tmp_path: Path
) -> None:
    folder = RunFolder(Path(shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.path.name)))
    shutil.rmtree(folder.checkpoints / "32")
    shutil.copytree(folder.checkpoints / "16", folder.checkpoints / "8")
    damage_checkpoint(folder.checkpoints / "16" / "optimizer")
    said = refused("train", *tiny_arguments(tmp_path / "runs"), "--resume")
    assert "of optimizer is not what was saved" in said
    assert "remove that folder and give the same command again with --resume: it goes on from the one before" in said


def test_a_torn_last_line_of_metrics_is_passed_over_with_a_word(finished_run: RunFolder, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished_run.path, tmp_path / "run"))
    metrics = run / "metrics.jsonl"
    content = metrics.read_bytes()
    metrics.write_bytes(content[:-20])
    record = read_run(run)
    assert len(record.metrics) == 31
    assert record.notes == (
        f"the last line of '{metrics}' is torn, and passed over; python -m train --resume writes it again",
    )
    metrics.write_bytes(content)
    assert read_run(run).notes == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("7", "it must be an object, got 7"),
        ("{}", "it lacks `counts`"),
        ('{"loss": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "it is nested too deep"),
    ],
)
def test_another_line_of_metrics_that_is_none_is_named(
    finished_run: RunFolder, tmp_path: Path, line: str, words: str
) -> None:
    run = Path(shutil.copytree(finished_run.path, tmp_path / "run"))
    lines = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(UsageError, match=r"line 2 of .* is no line of metrics") as said:
        read_run(run)
    assert words in str(said.value)


def test_samples_of_skipped_steps_have_no_loss_and_are_drawn_all_the_same(
    finished_run: RunFolder, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(finished_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints")))
    first, *others = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    nothing = {"loss": None, "grad_norm": None, "source_loss": dict.fromkeys(json.loads(first)["source_loss"])}
    skipped = json.loads(first) | nothing | {"skipped_steps": 1}
    (run / "metrics.jsonl").write_text("".join([json.dumps(skipped) + "\n", *others]))
    assert draw_curves(read_run(run), tmp_path / "out")
    (run / "metrics.jsonl").write_text(json.dumps(skipped | {"skipped_steps": 0}) + "\n")
    with pytest.raises(UsageError, match="it tells no loss of"):
        read_run(run)


@pytest.mark.parametrize(
    "change", [{"steps_done": 33}, {"steps_done": 0}, {"tokens": 0}, {"counts": {"x": 1}}, {"source_loss": {}}]
)
def test_a_line_of_metrics_of_another_plan_is_named(finished_run: RunFolder, tmp_path: Path, change: dict) -> None:
    run = Path(shutil.copytree(finished_run.path, tmp_path / "run"))
    lines = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text(json.dumps(json.loads(lines[0]) | change) + "\n")
    with pytest.raises(UsageError, match=r"line 1 of .* is no line of metrics"):
        read_run(run)


def python(module: str, *arguments: object) -> str:
    return shlex.join([sys.executable, "-m", module, *map(str, arguments)])


def test_pictures_and_plans_on_a_full_disk_are_there_whole_or_not_at_all(
    finished_run: RunFolder, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    plan = tmp_path / "mix.json"
    plan.write_text(json.dumps(read_plan(finished_run).to_json()))
    curves = python("figures", "curves", "--runs", finished_run.path, "--out", disk / "out")
    saved = python("mixsched", "plan", plan, "--save", disk / "solved.plan")
    filled = f"head -c 50000 /dev/zero > {disk}/filler"
    listed = f"ls -A {disk} {disk}/out"
    script = f"{filled}; {curves}; echo code $?; {saved}; echo code $?; {listed}; rm {disk}/filler"
    script += f"; mount -o remount,size=20m {disk} && {curves} && {saved} && {listed}"
    done = on_small_disk(disk, "52k", f"{{ {script}; }}")
    assert done.stderr.count("error: no space left on the device") == 2
    assert len(done.stderr.splitlines()) == 2
    full, then = done.stdout.split("drew", 1)
    assert full.count("code 2\n") == 2
    assert not {"out/", "solved.plan", "code25-nano-seed0-curves.png"} & set(full.split())
    assert {"solved.plan", "code25-nano-seed0-curves.png", "code25-nano-seed0-curves.svg"} <= set(then.split())
    assert ".tmp" not in done.stdout


def test_a_folder_that_may_not_be_written_is_a_sentence(
    finished_run: RunFolder, tiny_arguments, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    commands = [
        python("train", *tiny_arguments(disk / "runs")),
        python("figures", "curves", "--runs", finished_run.path, "--out", disk / "out"),
        python("train", *tiny_arguments(disk / "kept"), "--resume"),
    ]
    copied = f"mkdir {disk}/kept && cp -r {shlex.quote(str(finished_run.path))} {disk}/kept"
    script = f"{copied} && mount -o remount,ro {disk}"
    script += "".join(f"; {command}; echo code $?" for command in commands)
    done = on_small_disk(disk, "20m", f"{{ {script}; }}")
    assert "Traceback" not in done.stderr
    assert done.stdout.count("code 2\n") == len(commands), done.stdout + done.stderr
    assert done.stderr.count("(Read-only file system); change its permissions or choose another place") == len(commands)


def test_an_evaluation_on_a_full_disk_keeps_its_tasks_and_goes_on(
    finished_run: RunFolder, shards: Path, tmp_path: Path
) -> None:
    whole, disk = Path(shutil.copytree(finished_run.path, tmp_path / "whole")), tmp_path / "disk"
    tasks = ["nano_cloze", "nano_capitals"]

    def evaluated(run: Path) -> str:
        return python("eval", "--run", run, "--tasks", *tasks, "--shards", shards)

    subprocess.run(evaluated(whole), shell=True, check=True, stdout=subprocess.DEVNULL)
    evaluations = whole / "evaluations" / "32"
    left = (evaluations / "nano_cloze.jsonl").stat().st_size + (evaluations / "nano_capitals.jsonl").stat().st_size // 2
    filled = f"free=$(df --output=avail -B1 {disk} | tail -1); head -c $((free - {left})) /dev/zero > {disk}/filler"
    run = disk / "run"
    script = f"cp -r {finished_run.path} {run}; {filled}; {evaluated(run)}; echo code $?; ls -A {run}/evaluations/32"
    script += f"; rm {disk}/filler; {evaluated(run)} && cp -r {run} {tmp_path}/after"
    done = on_small_disk(disk, "50m", f"{{ {script}; }}")
    full, kept = f"error: no space left on the device that holds '{run}", done.stdout.splitlines()[:3]
    assert done.stderr.count(full) == 1, done.stderr
    assert kept == ["code 2", "nano_cloze.json", "nano_cloze.jsonl"]
    assert files_differ(tmp_path / "after" / "evaluations", whole / "evaluations") == []
    assert rows_differ(tmp_path / "after", whole, "results.jsonl") == []
