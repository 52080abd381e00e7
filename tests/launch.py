"""How tests start commands of ours in processes of their own."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval.sandbox.run import require_sandbox
from mixsched.errors import UsageError


def one_device() -> dict[str, str]:
    """The environment as a user's machine has it: one CPU device, whatever this test session was given."""
    return {**os.environ, "XLA_FLAGS": ""}


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """Start `python -m train`, its errors among its output."""
    command = [sys.executable, "-m", "train", *arguments]
    return subprocess.Popen(command, text=True, env=one_device(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(arguments: list[str], *, code: int = 0) -> str:
    """Run `python -m train` to its end, which must have that exit code; returns its output."""
    output, _ = (process := start(arguments)).communicate(timeout=300)
    assert process.returncode == code, output
    return output


def interrupt(arguments: list[str], metrics: Path, *, after_lines: int, by: signal.Signals) -> tuple[int, str]:
    """Start a run and send it a signal when it has written so many lines; returns its exit code and output."""
    process = start(arguments)
    while not metrics.exists() or len(metrics.read_text().splitlines()) < after_lines:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.002)
    process.send_signal(by)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def on_small_disk(folder: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script with a tmpfs of that size on the new `folder`, in a mount namespace of its own."""
    folder.mkdir()
    mounted = f"mount -t tmpfs -o size={size} tmpfs {shlex.quote(str(folder))} && {script}"
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted]
    done = subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"this system allows no mount namespaces: {done.stderr.strip()}")
    return done


def need_sandbox(*, of_module: bool) -> None:
    """Skip a test, or as it is imported a module of tests, where no sandbox can be made."""
    try:
        require_sandbox()
    except UsageError as missing:
        pytest.skip(str(missing), allow_module_level=of_module)
