"""A judge that really answers: a small server that speaks chat-completions, and runs with answers to judge."""

import dataclasses
import http.server
import json
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import tyro

import mixsched
from eval.items import Answers, Item, TaskRecord, answers_folder, write_answers
from eval.judge.command import judge
from eval.judge.endpoint import Endpoint
from eval.rundir import RunFolder

QUESTION = re.compile(
    r"<instruction>\n(.*)\n</instruction>\n\n<answer_a>\n(.*)\n</answer_a>\n\n<answer_b>\n(.*)\n</answer_b>", re.DOTALL
)


@dataclasses.dataclass(frozen=True)
class Failure:
    """What the server answers instead: a status with a body, or after a while."""

    status: int = 200
    body: str = '{"error": {"message": "told to fail"}}'
    retry_after: str | None = None
    delay_s: float = 0.0


def longer_wins(instruction: str, first: str, second: str) -> str:
    """The rule of a judge without a bias of order."""
    verdict = "C" if len(first) == len(second) else "A" if len(first) > len(second) else "B"
    return f"I counted.\n[[{verdict}]]"


class JudgeServer:
    """Judges by `rule`, after the `failures`, the next of which answers the next request."""

    def __init__(self, port: int = 0):
        self.rule: Callable[[str, str, str], str] = longer_wins
        self.failures: deque[Failure] = deque()
        self.failure_of: Callable[[str, str, str], Failure | None] = lambda *_: None
        self.delay_s = 0.0
        self.gate = threading.Event()
        """While it is cleared, no request is answered."""
        self.gate.set()
        self.usage: dict[str, int] | None = {"prompt_tokens": 100, "completion_tokens": 5}
        self.requests: list[dict] = []
        self.times: list[float] = []
        self.keys: list[str | None] = []
        self.answered: list[tuple[str, str, str]] = []
        self.now_open = 0
        self.most_open = 0
        self._guard = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, "sk-secret")

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        judge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with judge._guard:
                    judge.times.append(time.monotonic())
                    judge.requests.append(asked)
                    judge.keys.append(self.headers["Authorization"])
                    judge.now_open += 1
                    judge.most_open = max(judge.most_open, judge.now_open)
                    failure = judge.failures.popleft() if judge.failures else None
                try:
                    self._answer(asked, failure)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                finally:
                    with judge._guard:
                        judge.now_open -= 1

            def _answer(self, asked: dict, failure: Failure | None) -> None:
                found = QUESTION.fullmatch(asked["messages"][1]["content"])
                assert found, asked
                texts = found[1], found[2], found[3]
                failure = failure or judge.failure_of(*texts)
                judge.gate.wait()
                time.sleep(judge.delay_s if failure is None else failure.delay_s)
                if failure is not None:
                    headers = {} if failure.retry_after is None else {"Retry-After": failure.retry_after}
                    self._send(failure.status, failure.body, headers)
                    return
                choice = {"message": {"role": "assistant", "content": judge.rule(*texts)}, "finish_reason": "stop"}
                with judge._guard:
                    judge.answered.append(texts)
                self._send(200, json.dumps({"choices": [choice], "usage": judge.usage}), {})

            def _send(self, status: int, body: str, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body.encode())))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


class Servers:
    """Opens servers; `at` stands for one that may open later at that port."""

    def __init__(self):
        self.opened: list[JudgeServer] = []

    def __call__(self, port: int = 0) -> JudgeServer:
        self.opened.append(JudgeServer(port))
        return self.opened[-1]

    @staticmethod
    def at(port: int) -> "NotYet":
        return NotYet(Endpoint(f"http://127.0.0.1:{port}/v1", "none"))


@dataclasses.dataclass(frozen=True)
class NotYet:
    """The address of a server that is down."""

    endpoint: Endpoint


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
