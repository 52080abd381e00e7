"""Experiment files for tests, and `python -m experiments` on them in processes of its own."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from launch import one_device

EXPERIMENT = '''"""For tests."""

from experiments.mixes import BILLION
from train.experiment import Experiment, Stage

experiment = Experiment({start}stages=(Stage("{name}", paper_tokens={billions} * BILLION, mix={mix}),))
'''


def write_experiment(folder: Path, name: str, *, starts_from: str = "", mix: str = '{"text": 1}', billions: int = 200):
    """An experiment file of one stage, in a mix that is given as it is written."""
    start = f'starts_from="{starts_from}", ' if starts_from else ""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(EXPERIMENT.format(start=start, name=name, billions=billions, mix=mix))


def write_parent_and_child(folder: Path) -> None:
    """Two experiment files: `child` starts from `parent`, and has a tenth of its tokens."""
    write_experiment(folder, "parent")
    write_experiment(folder, "child", starts_from="parent", billions=20)


@dataclasses.dataclass(frozen=True)
class Grid:
    """The command in a folder: experiments in `experiments/`, runs in `runs/`."""

    folder: Path
    options: Sequence[str]

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def words(self, command: str, *words: str) -> list[str]:
        return [command, f"--experiments={self.folder / 'experiments'}", *self.options, *words]

    def start(self, command: str, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "experiments", *self.words(command, *words)],
            env=one_device(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def finish(self, command: str, *words: str, code: int = 0) -> str:
        """Run it to its end, which must have that exit code; returns its output."""
        output, _ = (process := self.start(command, *words)).communicate(timeout=900)
        assert process.returncode == code, output
        return output

    def metrics_lines(self, run: str) -> int:
        path = self.runs / run / "metrics.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def wait_for(self, process: subprocess.Popen[str], run: str, *, lines: int) -> None:
        """Wait until a run of the command has written so many lines."""
        while self.metrics_lines(run) < lines:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)

    def workers(self, process: subprocess.Popen[str]) -> list[int]:
        """The process ids of the command's workers."""
        told = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
        )
        return [int(word) for word in told.stdout.split()]

    def stop(self, process: subprocess.Popen[str], run: str, *, after_lines: int, by: signal.Signals) -> str:
        """Send the command a signal when a run has written so many lines; returns its output."""
        self.wait_for(process, run, lines=after_lines)
        os.kill(process.pid, by)
        return process.communicate(timeout=300)[0]
