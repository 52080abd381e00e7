"""The cache of replies: torn lines heal, damaged ones are named, claims hold between processes."""

import hashlib
import subprocess
import sys

import pytest

from eval.judge.cache import ReplyCache
from eval.judge.prompt import Reply
from mixsched.errors import UsageError

KEYS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]


def test_replies_come_back_as_they_were(tmp_path):
    reply = Reply("lines\n\u2028 and \ud83d halves \U0001f600", "stop", 7, None)
    with ReplyCache(tmp_path / "a/cache.jsonl") as cache:
        assert cache.get(KEYS[0]) is None
        cache.put(KEYS[0], reply)
        assert cache.get(KEYS[0]) == reply
    with ReplyCache(tmp_path / "a/cache.jsonl") as cache:
        assert cache.get(KEYS[0]) == reply


def test_what_another_opening_writes_is_seen(tmp_path):
    with ReplyCache(tmp_path / "cache.jsonl") as one, ReplyCache(tmp_path / "cache.jsonl") as other:
        one.put(KEYS[0], Reply("one", "stop"))
        other.put(KEYS[1], Reply("other", "stop"))
        assert one.get(KEYS[1]) == Reply("other", "stop")
        assert other.get(KEYS[0]) == Reply("one", "stop")


@pytest.mark.parametrize("left", [1, 20, 60])
def test_half_a_line_is_ignored_and_then_removed(tmp_path, left):
    path = tmp_path / "cache.jsonl"
    with ReplyCache(path) as cache:
        cache.put(KEYS[0], Reply("kept", "stop"))
        cache.put(KEYS[1], Reply("torn", "stop"))
    whole = path.read_bytes()
    first, second = whole.splitlines(keepends=True)
    path.write_bytes(first + second[:left])
    with ReplyCache(path) as cache:
        assert cache.get(KEYS[0]) == Reply("kept", "stop")
        assert cache.get(KEYS[1]) is None
        cache.put(KEYS[1], Reply("torn", "stop"))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("damage", ["nonsense", "[]", '{"key": "a"}', '{"text": "a", "finish": "b"}', "7"])
def test_a_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "cache.jsonl"
    with ReplyCache(path) as cache:
        cache.put(KEYS[0], Reply("kept", "stop"))
    with path.open("a") as stream:
        stream.write(damage + "\n")
    with (
        ReplyCache(path) as cache,
        pytest.raises(UsageError, match=r"line 2 of '.*cache.jsonl' is no reply of a judge"),
    ):
        cache.get(KEYS[1])


def test_a_question_that_another_process_asks_cannot_be_claimed_until_that_process_is_gone(tmp_path):
    path = tmp_path / "cache.jsonl"
    script = (
        "import sys; from pathlib import Path; from eval.judge.cache import ReplyCache\n"
        f"with ReplyCache(Path({str(path)!r})) as cache, cache.claim({KEYS[0]!r}) as ours:\n"
        "    print(ours, flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    with ReplyCache(path) as cache:
        with cache.claim(KEYS[0]) as ours:
            assert not ours
        with cache.claim(KEYS[1]) as ours:
            assert ours
        # Writing is not held up by questions on their way.
        cache.put(KEYS[2], Reply("kept", "stop"))
        holder.kill()
        holder.communicate()
        with cache.claim(KEYS[0]) as ours:
            assert ours
