"""The same bytes from a real Ray cluster of this machine. Run by `make test-cluster`, where there is Ray."""

import os
import subprocess
import sys

import pytest
from launch import one_device
from preparing import same_files

pytestmark = pytest.mark.skipif(
    "TRAIN_CLUSTER" not in os.environ, reason="needs the package ray: make test-cluster runs this"
)
SETTINGS = ("--vocab-size=640", "--context-tokens=32", "--on=ray")


def prepare(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "train.prepare", *SETTINGS, *arguments]
    return subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)


def test_a_cluster_of_this_machine_gives_the_same_bytes(corpus, shards, tmp_path):
    done = prepare(f"--corpus={corpus}", f"--out={tmp_path / 'out'}", "--workers=2")
    assert done.returncode == 0, done.stderr
    same_files(shards, tmp_path / "out")


def test_a_running_cluster_gives_the_same_bytes(corpus, shards, tmp_path):
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    environment = {**one_device(), "RAY_AUTH_MODE": "disabled"}
    started = subprocess.run(
        [*ray, "start", "--head", "--num-cpus=2", "--port=26379", "--include-dashboard=false"],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    try:
        command = [sys.executable, "-m", "train.prepare", *SETTINGS, "--ray-address=127.0.0.1:26379"]
        out = [f"--corpus={corpus}", f"--out={tmp_path / 'out'}"]
        done = subprocess.run([*command, *out], env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    finally:
        subprocess.run([*ray, "stop", "--force"], env=environment, capture_output=True, check=False)
    same_files(shards, tmp_path / "out")


def test_a_mistake_is_one_sentence_there_too(corpus, tmp_path):
    with (tmp_path / "mine.jsonl").open("w") as stream:
        stream.write('{"text": "a"}\n{"text": \n')
    done = prepare(f"--corpus={tmp_path / 'mine.jsonl'}", f"--out={tmp_path / 'out'}")
    assert done.returncode == 2
    assert "1 of 2 records of source 'mine' are broken" in done.stderr
    assert "Traceback" not in done.stderr
