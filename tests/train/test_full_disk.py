"""A disk that is really full (a tmpfs of its own): one sentence, and what was finished can be continued."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from launch import one_device

WORDS = "error: no space left on the device"


def on_small_disk(folder: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script with a tmpfs of that size on `folder`, in a mount namespace of its own."""
    folder.mkdir()
    mounted = f"mount -t tmpfs -o size={size} tmpfs {shlex.quote(str(folder))} && {script}"
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted]
    done = subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"this system allows no mount namespaces: {done.stderr.strip()}")
    return done


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
