"""The same bytes from a real Ray cluster of this machine. Run by `make test-cluster`, where there is Ray."""

import contextlib
import os
import socket
import subprocess
import sys
import time

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


def wait_for(port: int) -> None:
    """Return when something listens there."""
    ended_s = time.monotonic() + 60
    while time.monotonic() < ended_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise AssertionError("the cluster did not start")


def test_a_cluster_of_this_machine_gives_the_same_bytes(corpus, shards, tmp_path):
    done = prepare(f"--corpus={corpus}", f"--out={tmp_path / 'out'}", "--workers=2")
    assert done.returncode == 0, done.stderr
    same_files(shards, tmp_path / "out")


def test_a_running_cluster_gives_the_same_bytes(corpus, shards, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**one_device(), "RAY_AUTH_MODE": "disabled"}
    start = ["start", "--head", "--block", "--num-cpus=2", f"--port={port}", "--include-dashboard=false"]
    cluster = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", *start],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port)
        command = [sys.executable, "-m", "train.prepare", *SETTINGS, f"--ray-address=127.0.0.1:{port}"]
        out = [f"--corpus={corpus}", f"--out={tmp_path / 'out'}"]
        done = subprocess.run([*command, *out], env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    finally:
        cluster.terminate()
        cluster.wait(30)
    same_files(shards, tmp_path / "out")


def test_a_mistake_is_one_sentence_there_too(corpus, tmp_path):
    with (tmp_path / "mine.jsonl").open("w") as stream:
        stream.write('{"text": "a"}\n{"text": \n')
    done = prepare(f"--corpus={tmp_path / 'mine.jsonl'}", f"--out={tmp_path / 'out'}")
    assert done.returncode == 2
    assert "1 of 2 records of source 'mine' are broken" in done.stderr
    assert "Traceback" not in done.stderr
