"""Whether the hub answers is asked of real servers; without it what lies in the cache is still read."""

import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import datasets
import huggingface_hub.constants as client
import pytest

from eval.data.hub import reachable_or_offline
from eval.loading import load_tasks


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers, though with an error: that too is a hub which can be reached."""

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(client, "ENDPOINT", f"http://127.0.0.1:{port}")


def offline() -> tuple[bool, bool]:
    return client.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE


def test_a_hub_that_answers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(client, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        with reachable_or_offline() as online:
            assert online
            assert offline() == (False, False)
        server.shutdown()


def test_a_hub_that_refuses_connections_is_left_alone_and_only_then(no_hub: None) -> None:
    with reachable_or_offline() as online:
        assert not online
        assert offline() == (True, True)
    assert offline() == (False, False)


def test_a_hub_that_is_silent_is_waited_for_only_as_long_as_said(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ENDPOINT", f"http://127.0.0.1:{silent_port}")
    with reachable_or_offline(patience_s=0.1) as online:
        assert not online


def test_a_user_who_says_offline_is_not_asked_for_the_hub(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ENDPOINT", f"http://127.0.0.1:{silent_port}")
    monkeypatch.setattr(client, "HF_HUB_OFFLINE", True)
    started = time.monotonic()
    with reachable_or_offline(patience_s=30) as online:
        assert not online
    # Far from the 30 s that asking would have taken.
    assert time.monotonic() - started < 15


@pytest.mark.usefixtures("no_hub")
def test_a_task_without_the_hub_is_skipped_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    tasks, skipped = load_tasks(["piqa", "mbpp"], data=None)
    assert not tasks
    assert list(skipped) == ["piqa", "mbpp"]
    assert skipped["piqa"].startswith(
        "its data set 'baber/piqa' is not in the hub's cache, and the hub can't be reached; `--data` takes its files"
    )


@pytest.mark.usefixtures("no_hub")
def test_what_lies_in_the_hubs_cache_is_read_without_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    uploaded = tmp_path / "piqa"
    uploaded.mkdir()
    row = {"goal": "To open a jar,", "sol1": "freeze it.", "sol2": "warm its lid.", "label": 1}
    (uploaded / "validation.jsonl").write_text(json.dumps(row) + "\n")
    cache = tmp_path / "cache"
    datasets.load_dataset(str(uploaded), cache_dir=str(cache))
    # The name that the cache gives what comes from baber/piqa.
    (cache / "piqa").rename(cache / "baber___piqa")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    capfd.readouterr()
    tasks, skipped = load_tasks(["piqa"], data=None)
    assert not skipped
    assert tasks["piqa"].eval_docs[0] == row
    assert capfd.readouterr() == ("", "")
