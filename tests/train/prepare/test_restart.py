"""Killed at any moment and started again: the same bytes, nothing done twice, nothing left behind."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launch import one_device
from preparing import prepared, same_files

from mixsched.errors import UsageError
from train.prepare.stages.work import Task, execute, finished, work_folder

KILLS = 6


def command(corpus: Path, out: Path) -> list[str]:
    settings = ["--vocab-size=640", "--context-tokens=32", "--workers=2"]
    return [sys.executable, "-m", "train.prepare", f"--corpus={corpus}", f"--out={out}", *settings]


def processes_of(group: int) -> list[str]:
    """The command lines of the processes of a group that are not dead."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], text=True, capture_output=True, check=True).stdout
    lines = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [line[2] for line in lines if line[0] == str(group) and not line[1].startswith("Z")]


def left_of(group: int) -> list[str]:
    """The same after the time that processes take to end, 10 seconds at most."""
    ended_s = time.monotonic() + 10
    while processes_of(group) and time.monotonic() < ended_s:
        time.sleep(0.05)
    return processes_of(group)


@pytest.mark.parametrize("whom", ["group", "parent"])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(corpus, shards, tmp_path, whom):
    """Signal 9 to all processes, or to the first alone, whose workers must end by themselves."""
    rng = random.Random(whom)
    out = tmp_path / "made" / "out"
    kills = 0
    for _ in range(KILLS):
        run = subprocess.Popen(
            command(corpus, out), env=one_device(), stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            run.wait(rng.uniform(0.2, 1.1))
            assert run.returncode == 0
            break
        except subprocess.TimeoutExpired:
            (os.killpg if whom == "group" else os.kill)(run.pid, signal.SIGKILL)
            run.wait()
            kills += 1
        assert not left_of(run.pid)
        # The signal may come between the last rename and the end.
        if out.exists():
            break
    assert kills
    if not out.exists():
        done = subprocess.run(command(corpus, out), env=one_device(), text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    same_files(shards, out)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_interrupted_it_says_so_and_ends_its_workers(corpus, tmp_path):
    run = subprocess.Popen(
        command(corpus, tmp_path / "out"), env=one_device(), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    unfinished = tmp_path / "out.unfinished"
    while not unfinished.exists():
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    told = "what was finished is kept: give the same command again to go on\ninterrupted\n"
    assert run.communicate(timeout=20)[1] == told
    assert run.returncode == 130
    assert not left_of(run.pid)
    assert not list(unfinished.glob(".*.*"))


def write(folder: Path, spec: str) -> int:
    (folder / "text").write_text(spec)
    return len(spec)


def test_a_task_is_done_once_unless_it_is_asked_something_else_or_its_file_was_damaged(tmp_path):
    task = Task("write", write, "four")
    assert finished(tmp_path, task) is None
    made, result = execute(tmp_path, task)
    assert result == 4
    assert finished(tmp_path, task) == (made, result)
    assert finished(tmp_path, Task("write", write, "other")) is None
    (tmp_path / "write" / "text").write_text("flip")
    assert finished(tmp_path, task) is None
    assert execute(tmp_path, task) == (made, result)


def test_a_task_that_fails_leaves_what_was_there(tmp_path):
    task = Task("write", write, "four")
    before = execute(tmp_path, task)

    def fail(folder: Path, spec: str) -> int:
        (folder / "half").write_text(spec)
        raise OSError("no more")

    with pytest.raises(OSError, match=r"no more"):
        execute(tmp_path, Task("write", fail, "six"))
    assert finished(tmp_path, task) == before
    assert [path.name for path in tmp_path.iterdir()] == ["write"]


def test_only_what_depends_on_a_changed_input_is_done_again(corpus, tmp_path, monkeypatch):
    mine = shutil.copytree(corpus, tmp_path / "corpus")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.corpus.assemble", lambda *_, **__: None)
        prepared(mine, out)
    lines = (mine / "markup.jsonl").read_text().splitlines(keepends=True)
    (mine / "markup.jsonl").write_text("".join(lines[1:]))
    done = []
    monkeypatch.setattr(
        "train.prepare.stages.running.execute", lambda folder, task: done.append(task.name) or execute(folder, task)
    )
    prepared(mine, out)
    assert sum(name.startswith("clean") for name in done) == 1
    same_files(out, prepared(mine, tmp_path / "anew"))


def test_what_other_processes_finished_is_not_done_again(corpus, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.corpus.assemble", lambda *_, **__: None)
        prepared(corpus, out, workers=2)
    done = []
    monkeypatch.setattr("train.prepare.stages.running.execute", lambda folder, task: done.append(task.name))
    prepared(corpus, out)
    assert done == []


def test_the_work_of_another_recipe_is_refused(tmp_path):
    with work_folder(tmp_path / "work", {"data": "a", "sources": 2}):
        pass
    with (
        pytest.raises(UsageError, match=r"unfinished work of another recipe \(of other data\); give the command"),
        work_folder(tmp_path / "work", {"data": "b", "sources": 2}),
    ):
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds files of something else"), work_folder(tmp_path / "work", {}):
        pass
    assert (tmp_path / "work" / "thesis.txt").read_text() == "mine"


def test_settings_can_be_changed_and_what_does_not_depend_on_them_is_kept(corpus, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match=r"a vocabulary of at most \d+ words, got `--vocab-size` 250000"):
        prepared(corpus, out, vocab_size=250_000)
    done = []

    def noted(folder: Path, task: Task) -> tuple:
        done.append(task.name)
        return execute(folder, task)

    monkeypatch.setattr("train.prepare.stages.running.execute", noted)
    prepared(corpus, out)
    assert not [name for name in done if name.startswith(("clean", "decide"))]


def test_an_input_that_is_added_before_others_leaves_their_work(tmp_path, corpus, shards, monkeypatch):
    mine = shutil.copytree(corpus, tmp_path / "corpus")
    out, tokenizer = tmp_path / "out", shards / "tokenizer.model"
    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.corpus.assemble", lambda *_, **__: None)
        prepared(mine, out, tokenizer=tokenizer)
    lines = (mine / "markup.jsonl").read_text().splitlines(keepends=True)
    (mine / "aaa.jsonl").write_text("".join(line.replace("the", "a") for line in lines))
    done = []

    def noted(folder: Path, task: Task) -> tuple:
        done.append(task.name)
        return execute(folder, task)

    monkeypatch.setattr("train.prepare.stages.running.execute", noted)
    prepared(mine, out, tokenizer=tokenizer)
    # The files of the source that grew are small and are read together; those of the others stay.
    assert sum(name.startswith("clean") for name in done) == 1
    assert len([name for name in done if name.startswith("encode")]) == 1


def test_a_leftover_of_a_finished_preparation_is_removed(corpus, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.stages.finishing.shutil.rmtree", lambda *_, **__: None)
        prepared(corpus, out)
    assert (tmp_path / "out.unfinished").exists()
    with pytest.raises(UsageError, match=r"exists already"):
        prepared(corpus, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_more_inputs_than_a_process_may_open(tmp_path):
    """Run with 40 open files at most, of which Python and its libraries need some."""
    (tmp_path / "many").mkdir()
    for number in range(80):
        texts = (f"document {each} of file {number}" for each in range(20))
        (tmp_path / "many" / f"{number:02}.jsonl").write_text("".join(f'{{"text": "{text}"}}\n' for text in texts))
    script = (
        "import resource, sys; from train.prepare.readers import jsonl; from train.prepare.__main__ import main; "
        "jsonl.PART_BYTES = 1_000; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)); "
        "sys.argv = ['p', *sys.argv[1:]]; main()"
    )
    arguments = [f"--corpus={tmp_path / 'many'}", f"--out={tmp_path / 'out'}", "--workers=1", "--vocab-size=300"]
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_two_processes_in_one_folder_are_refused(tmp_path):
    with (
        work_folder(tmp_path / "work", {}),
        pytest.raises(UsageError, match=r"another process is preparing in"),
        work_folder(tmp_path / "work", {}),
    ):
        pass
