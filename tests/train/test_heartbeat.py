"""A host that says no more that it is there has gone, and no other; told over JAX's own service."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from jax._src.lib import _jax
from launch import free_port

from train import heartbeat
from train.heartbeat import Heartbeat
from train.hosts import Hosts


@pytest.fixture
def client() -> Iterator[Any]:
    port = free_port()
    service = _jax.get_distributed_runtime_service(f"[::]:{port}", 1)
    client = _jax.get_distributed_runtime_client(f"127.0.0.1:{port}", 0)
    client.connect()
    yield client
    client.shutdown()
    service.shutdown()


@pytest.mark.parametrize("first", [(0, 1, 2), (0, 2)], ids=["heard before", "never heard"])
def test_a_host_that_is_silent_is_told(client, first: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "coordination", lambda: client)
    monkeypatch.setattr(heartbeat, "SILENT_S", 0.2)
    hosts = [Heartbeat(Hosts(index=index, count=3)) for index in range(3)]

    def told(*beating: int) -> list[str | None]:
        """What each of those says while they beat, in the end."""
        for _ in range(6):
            for index in beating:
                hosts[index].beat()
            said = [hosts[index].silent() for index in beating]
            time.sleep(0.05)
        return said

    if 1 in first:
        assert told(*first) == [None, None, None]
    assert told(0, 2) == ["1", "1"]
