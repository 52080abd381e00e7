"""What tests of judges share: servers that really answer, and runs with answers to judge."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import tyro
from judge_server import Failure, JudgeServer, Servers

import mixsched
from eval.items import Answers, Item, TaskRecord, answers_folder, write_answers
from eval.judge.command import judge
from eval.rundir import RunFolder


@pytest.fixture
def make_server() -> Iterator[Servers]:
    servers = Servers()
    try:
        yield servers
    finally:
        for server in servers.opened:
            server.close()


@pytest.fixture
def server(make_server: Servers) -> JudgeServer:
    return make_server()


@pytest.fixture
def failure() -> type[Failure]:
    return Failure


MODEL = {"vocab_size": 640, "context_tokens": 32, "width": 32, "layers": 1, "heads": 2, "hidden": 32}


def make_run(
    path: Path,
    answers: Mapping[str, str | None],
    *,
    step: int = 5,
    task: str = "dolly",
    prompts: Mapping[str, str] | None = None,
    settings: Mapping[str, object] | None = None,
) -> RunFolder:
    """A run's folder as training and evaluation leave it, but for checkpoints; an answer of None is no text at all."""
    folder = RunFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    config = {
        "run": path.name,
        "experiment": "code25",
        "scale": "nano",
        "seed": 0,
        "shards": "shards/none",
        "tokenizer": "0",
        "data": {},
        "settings": {"model": MODEL, "batch_size": 8},
    }
    folder.config.write_text(json.dumps(config))
    schedule = mixsched.Schedule(
        (mixsched.Phase("pretrain", mixsched.Steps(10), {"text": 1}),), batch_size=8, context_tokens=32
    )
    folder.plan.write_text(json.dumps(mixsched.Plan(schedule, {"text": 100}, seed=0).to_json()))
    items = [
        Item(
            item=name,
            prompt=(prompts or {}).get(name, f"Tell me of {name}."),
            target="",
            scores={},
            outputs=None if answer is None else [answer, "another sample"],
        )
        for name, answer in answers.items()
    ]
    record = TaskRecord(task, "generation", "", {}, dict(settings or {"limit": None, "items": len(items)}))
    write_answers(answers_folder(folder, step), Answers(record, items))
    return folder


@pytest.fixture
def two_runs(tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    """Twelve pairs: A is longer in six, B in three, they are equally long in two and identical in one."""
    longer = {f"item{number:02}": "long answer " + "x" * number for number in range(12)}
    a = {name: text if number < 6 else "short" for number, (name, text) in enumerate(longer.items())}
    b = {name: "brief" if number < 6 else text for number, (name, text) in enumerate(longer.items())}
    b |= {"item09": "trohs", "item10": "tiger", "item11": "short"}
    return make_run(tmp_path / "runs/code25-nano-seed0", a), make_run(tmp_path / "runs/text_only-nano-seed0", b)


COMMAND = [sys.executable, "-m", "eval", "judge"]


def start_judging(a: RunFolder, b: RunFolder, server: JudgeServer, *arguments: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own, its errors among its output."""
    command = [*COMMAND, str(a.path), str(b.path), "--judge=openai:rule", f"--base-url={server.url}", *arguments]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(name="start_judging")
def start_judging_fixture() -> Callable[..., subprocess.Popen[str]]:
    return start_judging


@pytest.fixture(name="make_run")
def make_run_fixture() -> Callable[..., RunFolder]:
    return make_run


@pytest.fixture
def judge_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command in this process; returns its output, or raises what it raises."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    def run(a: RunFolder, b: RunFolder, server: JudgeServer | None = None, *arguments: str) -> str:
        given = [] if server is None else ["--judge=openai:rule", f"--base-url={server.url}"]
        tyro.cli(judge, args=[str(a.path), str(b.path), *given, *arguments])
        return capsys.readouterr().out

    return run
