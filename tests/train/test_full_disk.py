"""A disk that is really full (a tmpfs of its own): one sentence, and what was finished can be continued."""

import shlex
import sys

from launch import on_small_disk

WORDS = "error: no space left on the device"


def python(module: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-m", module, *arguments])


def test_train_stops_with_a_sentence_and_continues_when_there_is_space(tiny_arguments, tmp_path):
    disk = tmp_path / "disk"
    train = python("train", *tiny_arguments(disk / "runs"), "--resume")
    done = on_small_disk(disk, "300k", f"{train}; echo code $?; mount -o remount,size=50m {disk} && {train}")
    assert WORDS in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "code 2" in done.stdout
    assert "done: 32 steps" in done.stdout
