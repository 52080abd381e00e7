"""Hostile outputs of a model: none passes, none harms, none outlives its limit.

Outside a sandbox these would do no harm either: bombs are counted, and files have names of their own.
"""

import dataclasses
import os
import socket
from pathlib import Path

import pytest
from sandboxing import HUMANEVAL, PATIENT, sleepers, wait_for

from eval.programs import PROGRAM_LIMITS, verdicts_of
from eval.sandbox.run import Verdict

ROOT = Path(__file__).parents[2]
MARK = f"hostile-{os.getpid()}"
SECONDS = f"65.{os.getpid()}"
ENDED_SOON = dataclasses.replace(PROGRAM_LIMITS, wall_s=1.0)
# Each does something and then gives the right answer, so that it passes if what it tries succeeds and it gets there.
HOSTILE: dict[str, tuple[str, Verdict]] = {
    "fork bomb": (
        "for _ in range(50):\n    if not os.fork():\n        time.sleep(60)\n",
        "failed",
    ),
    "fork bomb that is not stopped by errors": (
        "for _ in range(50):\n    try:\n        if not os.fork():\n            time.sleep(60)\n"
        "    except OSError:\n        pass\nwhile True:\n    pass\n",
        "timeout",
    ),
    "memory bomb": ("held = [bytes([1]) * 2**24 for _ in range(60)]\n", "out_of_memory"),
    "memory in files": ("files = [os.memfd_create('a') for _ in range(4)]\n", "failed"),
    "memory in /dev/shm": ("open('/dev/shm/a', 'wb').write(bytes(2**22))\n", "failed"),
    "infinite loop": ("while True:\n    pass\n", "timeout"),
    "loop in finally": (
        "def again():\n    try:\n        time.sleep(60)\n    finally:\n        again()\n"
        "while True:\n    try:\n        again()\n    finally:\n        continue\n",
        "timeout",
    ),
    "sys.exit": ("sys.exit(0)\n", "failed"),
    "os._exit": ("os._exit(0)\n", "failed"),
    "tokens": (
        "for fd in range(64):\n    try:\n        os.write(fd, b'.' + bytes(16))\n    except OSError:\n        pass\n"
        "os._exit(0)\n",
        "failed",
    ),
    "a file outside /tmp": (f"open({str(ROOT / MARK)!r}, 'w')\n", "failed"),
    "a file above": (f"open('/var/tmp/{MARK}', 'w')\n", "failed"),
    "the environment": ("assert os.environ['SECRET_KEY']\n", "failed"),
    "/etc": ("open('/etc/passwd').read()\n", "failed"),
    "a socket": ("socket.create_connection(('127.0.0.1', PORT), timeout=5)\n", "failed"),
    "killing the parent": (f"os.kill({os.getpid()}, 9)\n", "failed"),
    "killing all": ("os.kill(os.getppid(), 9)\nos.kill(-1, 9)\nos._exit(0)\n", "failed"),
    "deep recursion": ("def down(n):\n    return down(n + 1)\ndown(0)\n", "failed"),
    "10 GB of output": ("for _ in range(10**4):\n    os.write(1, bytes(10**6))\n", "failed"),
    "threads": (
        "import threading\nfor _ in range(50):\n    threading.Thread(target=time.sleep, args=(60,)).start()\n",
        "failed",
    ),
    "signal handlers": (
        "for number in range(1, 32):\n    try:\n        signal.signal(number, signal.SIG_IGN)\n"
        "    except OSError:\n        pass\ntime.sleep(60)\n",
        "timeout",
    ),
    "closed output": ("sys.stdout.close()\nsys.stderr.close()\nos.close(1)\nos.close(2)\nraise SystemExit\n", "failed"),
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    """All of them judged at once, with a secret and a server to be found."""
    found: dict[str, Verdict] = {}
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SECRET_KEY", "something")
        for endless, limits in ((True, ENDED_SOON), (False, PATIENT)):
            names = [name for name, (_, expected) in HOSTILE.items() if (expected == "timeout") == endless]
            deeds = [HOSTILE[name][0].replace("PORT", str(server.getsockname()[1])) for name in names]
            (judged,) = verdicts_of("humaneval", [HUMANEVAL], [[output(deed) for deed in deeds]], limits=limits)
            found |= dict(zip(names, judged, strict=True))
    wait_for(lambda: not sleepers(SECONDS))
    return found


def output(code: str) -> str:
    """A completion that leaves a process running, runs the code, and then gives the right answer."""
    starts = f"subprocess.Popen(['sleep', {SECONDS!r}], start_new_session=True)"
    lines = ["import os, signal, socket, subprocess, sys, time", starts, *code.splitlines(), "return 2 * x"]
    return "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_output_does_not_pass(name: str, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[name] == HOSTILE[name][1]


def test_hostile_outputs_leave_nothing_behind(verdicts: dict[str, Verdict]) -> None:
    assert len(verdicts) == len(HOSTILE)
    assert not [path for path in (ROOT / MARK, Path("/var/tmp", MARK), Path("/tmp", MARK)) if path.exists()]


def test_the_same_without_harm_passes() -> None:
    """So that the verdicts above are the deeds' own."""
    assert verdicts_of("humaneval", [HUMANEVAL], [[output("open('/tmp/a', 'w').write('b')")]], limits=PATIENT) == [
        ["passed"]
    ]
