"""The commands that a campaign kills, at sizes at which one takes seconds."""

import dataclasses
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.load.tiny import BATCH_SIZE, CONTEXT_TOKENS, TINY, VOCAB_SIZE
from tests.torture.sameness import files_differ, names_differ, rows_differ, runs_differ

RUN, STEPS = "code25-nano-seed0", 240
GRID = ("code100-nano-seed0", "code_to_text-nano-seed0")
# Of `mixsched.cli`, after SIGINT and after SIGTERM.
RIM = ("interrupted", "ended by SIGTERM")


@dataclasses.dataclass(frozen=True)
class Victim:
    """A command in a folder, in which `words`, given again, goes on.

    - `lay_out(folder)`: puts there what the command needs, once, before the first start.
    - `written`: patterns of the files by whose coming and going moments are aimed at writes.
    - `differences(folder, untouched)`: what is not as in the folder where the same command was never killed.
    - `far(folder)`: how far it is, in words.
    - `said`: what it prints when a signal has stopped it; one of these.
    """

    name: str
    weight: int
    lay_out: Callable[[Path], None]
    words: Callable[[Path], Sequence[str]]
    written: tuple[str, ...]
    differences: Callable[[Path, Path], list[str]]
    far: Callable[[Path], str]
    said: tuple[str, ...]


def preparation(corpus: Path) -> Victim:
    """Preparing a small corpus with two workers."""
    return Victim(
        name="prepare",
        weight=25,
        lay_out=lambda folder: None,
        words=lambda folder: (*_python("train.prepare"), f"--corpus={corpus}", f"--out={folder / 'out'}", *_ROWS),
        written=("out.unfinished/*", "out.unfinished/.*", "out"),
        differences=files_differ,
        far=_finished_tasks,
        said=(*RIM, "give the same command again"),
    )


def training(shards: Path) -> Victim:
    """A run of a very small model, with a checkpoint every 20 steps."""
    return Victim(
        name="train",
        weight=40,
        lay_out=lambda folder: None,
        words=lambda folder: (
            *_python("train"),
            "--exp=experiments/code25.py",
            f"--runs={folder / 'runs'}",
            "--resume",
            *_tiny(shards),
        ),
        written=("runs/*/checkpoints/*", "runs/*/.*.tmp"),
        differences=lambda folder, untouched: [
            *runs_differ(folder / "runs", untouched / "runs", RUN),
            *names_differ(folder, untouched),
        ],
        far=lambda folder: _steps(folder / "runs" / RUN),
        said=("stopped by", *RIM),
    )


def grid(shards: Path) -> Victim:
    """Two experiments, of which one starts from the other, on worker processes, and their rows kept."""
    return Victim(
        name="experiments",
        weight=20,
        lay_out=lambda folder: None,
        words=lambda folder: (
            *_python("experiments"),
            "run",
            "code100",
            "code_to_text",
            f"--runs={folder / 'runs'}",
            "--seeds=1",
            "--suite=none",
            "--jobs=2",
            "--keep",
            f"--results={folder / 'results'}",
            *_tiny(shards),
        ),
        written=("runs/*/checkpoints/*", "runs/*/.*.tmp", "results/nano/*", "results/nano/.*"),
        differences=lambda folder, untouched: [
            *(each for run in GRID for each in runs_differ(folder / "runs", untouched / "runs", run)),
            *rows_differ(folder / "results/nano", untouched / "results/nano", "*.jsonl"),
            *names_differ(folder, untouched),
        ],
        far=lambda folder: "; ".join(_steps(folder / "runs" / run) for run in GRID),
        said=("the same command goes on from here", *RIM),
    )


def evaluation(run: Path, shards: Path) -> Victim:
    """The bundled suite on a trained run, with its programs in their sandboxes."""
    return Victim(
        name="eval",
        weight=15,
        lay_out=lambda folder: _copy_run(run, folder / "runs" / RUN),
        words=lambda folder: (
            *_python("eval"),
            "--run",
            str(folder / "runs" / RUN),
            "--suite=nano",
            f"--shards={shards}",
        ),
        written=("runs/*/evaluations/*/*", "runs/*/evaluations/*/.*", "runs/*/evaluations/*/*/*"),
        differences=lambda folder, untouched: [
            *rows_differ(folder / "runs" / RUN, untouched / "runs" / RUN, "results.jsonl"),
            *files_differ(folder / "runs" / RUN / "evaluations", untouched / "runs" / RUN / "evaluations"),
            *names_differ(folder, untouched),
        ],
        far=lambda folder: f"{len(list((folder / 'runs' / RUN / 'evaluations').rglob('*.json')))} tasks kept",
        said=RIM,
    )


_ROWS = (f"--vocab-size={VOCAB_SIZE}", f"--context-tokens={CONTEXT_TOKENS}", "--workers=2")


def _python(module: str) -> tuple[str, ...]:
    return sys.executable, "-m", module


def _tiny(shards: Path) -> tuple[str, ...]:
    tokens = -(-200_000_000_000 // (STEPS * BATCH_SIZE * CONTEXT_TOKENS))
    return (
        *TINY, f"--shards={shards}", f"--paper-tokens-per-token={tokens}", "--eval-every-steps=60",
        "--checkpoint-every-steps=20",
    )  # fmt: skip


def _copy_run(run: Path, to: Path) -> None:
    shutil.copytree(run, to, ignore=shutil.ignore_patterns("evaluations"))


def _finished_tasks(folder: Path) -> str:
    if (folder / "out").exists():
        return "all in its place"
    return f"{len([*folder.glob('out.unfinished/*/done.json')])} tasks finished"


def _steps(run: Path) -> str:
    metrics = run / "metrics.jsonl"
    return f"step {metrics.read_bytes().count(10) if metrics.exists() else 0}"
