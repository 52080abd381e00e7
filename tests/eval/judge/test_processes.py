"""The real command, interrupted, killed, and run twice at once: answered questions are never asked again."""

import json
import re
import signal
import time

import pytest

WINS = re.compile(r"^  ([AB]) wins +(\S+%) ", re.MULTILINE)


def wait_for_answers(server, process, count: int) -> None:
    while len(server.answered) < count:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.002)


def kept_lines(runs) -> list[dict]:
    (file,) = (runs[0].path / "judgements/5").glob("*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def cache_file(runs):
    (file,) = (runs[0].path.parent / "judgements/cache").glob("*.jsonl")
    return file


@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_an_interrupted_command_goes_on_where_it_was(server, two_runs, start_judging, judge_here, by, code):
    server.delay_s = 0.1
    process = start_judging(*two_runs, server, "--concurrency=2")
    wait_for_answers(server, process, 8)
    # No more answers: a command that waited for those that are on their way would never end.
    server.gate.clear()
    process.send_signal(by)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "Traceback" not in output
    assert ("give the same command again" in output) == (by != signal.SIGKILL)
    known = len(cache_file(two_runs).read_text().splitlines())
    assert 5 <= known < 22
    if by == signal.SIGKILL:
        # As if it had been killed while it wrote.
        cache_file(two_runs).write_bytes(cache_file(two_runs).read_bytes()[:-20])
        known -= 1

    asked_before = len(server.requests)
    server.delay_s = 0.0
    server.gate.set()
    output = judge_here(*two_runs, server)
    assert f"22 replies ({22 - known} new, {known} from the cache)" in output
    assert len(server.requests) - asked_before == 22 - known
    assert len(kept_lines(two_runs)) == 12


def test_two_processes_at_once_share_the_work_and_ask_nothing_twice(server, two_runs, start_judging):
    server.delay_s = 0.05
    # The second compares the same pairs from the other side, so that it needs the very same replies.
    processes = [start_judging(*two_runs, server), start_judging(*two_runs[::-1], server)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert len(server.requests) == len(set(server.answered)) == 22
    assert len(cache_file(two_runs).read_text().splitlines()) == 22
    rates = [dict(WINS.findall(output)) for output in outputs]
    assert rates[0] == {"A": "50.0%", "B": "25.0%"}
    assert rates[1] == {"A": "25.0%", "B": "50.0%"}
