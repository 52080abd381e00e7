"""A server that speaks chat-completions and judges by a rule, or fails as it is told."""

import dataclasses
import http.server
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from eval.judge.endpoint import Endpoint

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
