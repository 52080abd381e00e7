"""Each program gets the verdict that it deserves, however it ends; none passes without running to its last line."""

import dataclasses
import os
from pathlib import Path

import pytest
from sandboxing import QUICK, run, sleepers, wait_for

from eval.sandbox import run as sandbox
from eval.sandbox.run import Limits, Outcome, run_program, run_programs

ENDLESS = Limits(wall_s=0.3)


GOOD = {
    "plain": "def twice(x):\n    return 2 * x\n\nassert twice(4) == 8\n",
    "empty": "",
    "standard library": "import collections, dataclasses, datetime, itertools, json, math, re, string, typing\n",
    "main": "if __name__ == '__main__':\n    done = True\nassert done\n",
    "dataclass and pickle": (
        "import dataclasses, pickle\n@dataclasses.dataclass\nclass A:\n    x: 'int'\n"
        "assert pickle.loads(pickle.dumps(A(3))) == A(3)\n"
    ),
    "doctest": "def f():\n    '''\n    >>> f()\n    3\n    '''\n    return 3\n"
    "import doctest\nassert doctest.testmod().attempted == 1\n",
    "threads": "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\n",
    "a file in /tmp": "open('/tmp/a', 'w').write('b')\nassert open('/tmp/a').read() == 'b'\n",
    "closed output": "import sys\nsys.stdout.close()\nsys.stderr.close()\n",
    "closed descriptors": "import os\nos.close(0)\nos.close(1)\nos.close(2)\n",
    "no output object": "import sys\nsys.stdout = None\n",
    "bytes that are no text": "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\x00')\n",
    "standard input is empty": "import sys\nassert sys.stdin.read() == ''\n",
    "left running": "import subprocess\nsubprocess.Popen(['sleep', '60'])\n",
    "annotations": "def f(x: 1 + 1):\n    pass\n\nassert f.__annotations__ == {'x': 2}\n",
    "arguments": "import sys\nassert sys.argv == ['']\n",
    "interrupts": "import signal\nassert signal.getsignal(2) is signal.default_int_handler\n"
    "assert signal.getsignal(17) == signal.SIG_DFL and signal.set_wakeup_fd(-1) == -1\n",
    "unicode": "assert '\u00e4\u2603' == chr(228) + chr(0x2603)\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_program_that_runs_to_its_end_passes(name: str) -> None:
    outcome = run(GOOD[name])
    assert outcome.verdict == "passed", outcome.stderr
    assert outcome.wall_s > 0


# Sends a value to whoever listens, if it could be the mark that the runner waits for.
SEND = """import gc, os, sys
def send(value):
    if type(value) is bytes and len(value) == 16:
        for fd in range(3, 64):
            try:
                os.write(fd, value)
            except OSError:
                pass
"""


EARLY = {
    "assert": "assert 1 == 2\n",
    "syntax": "def f(:\n",
    "sys.exit": "import sys\nsys.exit(0)\nassert False\n",
    "os._exit": "import os\nos._exit(0)\nassert False\n",
    "SystemExit": "raise SystemExit\n",
    "KeyboardInterrupt": "raise KeyboardInterrupt\n",
    "exit at exit": "import atexit, os\natexit.register(os._exit, 0)\nassert False\n",
    "a new program": "import os\nos.execv('/usr/bin/true', ['true'])\n",
    "a signal": "import os\nos.kill(os.getpid(), 9)\n",
    "all signalled": "import os, signal\nsignal.signal(15, lambda *_: os._exit(0))\nos.kill(-1, 15)\nassert False\n",
    "a crash": "import ctypes\nctypes.string_at(0)\n",
    "deep recursion": "def f(n):\n    return f(n + 1)\n\nf(0)\n",
    "deeper recursion": "def f(n):\n    return [*map(f, [n + 1])]\n\nimport sys\nsys.setrecursionlimit(10**6)\nf(0)\n",
    "a NUL": "x = 1\0\n",
    "half a pair": "x = '\ud800'\n",
    "a child that ends": "import os\nif os.fork():\n    os._exit(0)\nimport time\ntime.sleep(1)\n",
    "patched exits": "import os, sys\nos._exit = lambda status: None\nsys.exit = os._exit\nassert False\n",
    "patched excepthook": "import sys\nsys.excepthook = lambda *_: print('passed')\nassert False\n",
    "fake marks": "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'x' * 16)\n"
    "    except OSError:\n        pass\nassert False\n",
    "a flood of marks": "import os\nfor fd in range(3, 64):\n    try:\n        while True:\n"
    "            os.write(fd, bytes(65_536))\n    except OSError:\n        pass\n",
    "fake reports": "import os\nfor token in (b'passed', b'0' * 32 + b' passed 1 0\\n'):\n    os.write(1, token)\n"
    "    os.write(2, token)\nassert False\n",
    "the runner's variables": (
        f"{SEND}frame = sys._getframe()\nwhile frame:\n"
        "    for value in [*frame.f_locals.values(), *frame.f_globals.values(), *frame.f_code.co_consts]:\n"
        "        send(value)\n    frame = frame.f_back\nassert False\n"
    ),
    "the runner's stack": f"{SEND}for value in gc.get_referents(sys._getframe(1)):\n    send(value)\nassert False\n",
    "all objects": f"{SEND}for each in gc.get_objects():\n    for value in gc.get_referents(each):\n"
    "        send(value)\nassert False\n",
    "the runner's pipe": f"{SEND}for fd in range(3, 64):\n    try:\n        os.set_blocking(fd, False)\n"
    "        send(os.read(fd, 16))\n    except OSError:\n        pass\nassert False\n",
    "the runner's functions": (
        "import sys\nrunner = sys._getframe(1).f_globals\n"
        "runner['_finish'] = runner['_print_error'] = runner['_flush'] = lambda *_: 0\nassert False\n"
    ),
}


@pytest.mark.parametrize("name", EARLY)
def test_a_program_that_ends_before_its_last_line_fails(name: str) -> None:
    outcome = run(EARLY[name])
    assert outcome.verdict == "failed", outcome
    assert len(outcome.stderr) <= 4_000


def test_sets_have_the_same_order_in_every_run() -> None:
    program = "print(list({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}))\n"
    assert run(program).stdout == run(program).stdout != ""


def test_who_has_used_up_its_seconds_of_processor_is_out_of_time() -> None:
    """Before the wall's: with several threads, say."""
    assert run("import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)\n").verdict == "timeout"


@pytest.mark.parametrize(
    "program",
    [
        "x = [0] * 10**9\n",
        "held = []\nfor _ in range(400):\n    held.append(bytes(10**6))\n",
        "text = 'a'\nfor _ in range(30):\n    text += text\n",
    ],
)
def test_a_program_that_takes_too_much_memory_is_told_apart(program: str) -> None:
    assert run(program).verdict == "out_of_memory"


@pytest.mark.parametrize(
    "program",
    [
        "while True:\n    pass\n",
        "import time\ntime.sleep(600)\n",
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n",
        "import signal, time\nfor sent in (1, 2, 15, 24):\n    signal.signal(sent, signal.SIG_IGN)\ntime.sleep(600)\n",
        "import os, time\nos.setsid()\ntime.sleep(600)\n",
        "import os\nos.kill(os.getpid(), 19)\n",
        # Which the runner would hear of, if it were the tracer.
        "import ctypes, os\nctypes.CDLL(None).ptrace(0, 0, None, None)\nos.kill(os.getpid(), 19)\n",
    ],
)
def test_a_program_without_end_is_ended(program: str) -> None:
    outcome = run(program, ENDLESS)
    assert outcome.verdict == "timeout"
    assert outcome.wall_s >= ENDLESS.wall_s


@pytest.mark.parametrize("before", ["", "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"])
def test_a_program_may_use_no_more_of_the_processor_than_its_seconds(before: str) -> None:
    outcome = run(f"{before}while True:\n    pass\n", dataclasses.replace(QUICK, cpu_s=1))
    assert outcome.verdict == "timeout"
    assert 1.0 <= outcome.wall_s < QUICK.wall_s


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_output_without_end_fails_and_is_cut(name: str) -> None:
    outcome = run(f"import sys\nwhile True:\n    print('x' * 1000, file=sys.{name})\n")
    assert outcome.verdict == "failed"
    assert outcome.stderr.endswith("wrote more than 100,000 bytes")
    assert len(outcome.stdout) <= QUICK.output_bytes
    assert len(outcome.stderr) <= 4_000


@pytest.mark.parametrize(("lines", "verdict"), [(45, "passed"), (55, "failed")])
def test_both_outputs_together_are_limited(lines: int, verdict: str) -> None:
    both = f"import sys\nfor _ in range({lines}):\n    print('x' * 999)\n    print('y' * 999, file=sys.stderr)\n"
    outcome = run(both)
    assert outcome.verdict == verdict
    assert len(outcome.stderr) <= 4_000
    if verdict == "passed":
        assert outcome.stdout == ("x" * 999 + "\n") * lines
        assert outcome.stderr == (("y" * 999 + "\n") * lines)[-4_000:].strip()


def test_an_error_is_told_with_its_line() -> None:
    outcome = run("def f():\n    return 1\n\n\nassert f() == 2, 'not two'\n")
    assert "assert f() == 2" in outcome.stderr
    assert "AssertionError: not two" in outcome.stderr
    assert "sandbox_runner" not in outcome.stderr
    assert outcome.stderr.splitlines()[1] == '  File "<program>", line 5, in <module>'


def test_of_a_deep_error_the_last_calls_are_told() -> None:
    calls = "".join(f"def f{number}():\n    f{number - 1}()\n\n" for number in range(1, 30))
    outcome = run(f"def f0():\n    raise ValueError('deep')\n\n{calls}f29()\n")
    assert [line.split()[-1] for line in outcome.stderr.splitlines() if "<program>" in line] == [
        f"f{number}" for number in range(7, -1, -1)
    ]
    assert outcome.stderr.endswith("ValueError: deep\n\nended with status 1 before its last line")


def test_of_a_long_error_the_end_is_told() -> None:
    outcome = run("raise ValueError('x' * 200_000 + 'end')\n")
    assert outcome.verdict == "failed"
    assert "xend\n" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert 3_900 < len(outcome.stderr) <= 4_000


def test_many_programs_keep_their_order() -> None:
    programs = [f"print({number})\nassert {number} % 3\n" for number in range(9)]
    outcomes = run_programs(programs, QUICK, workers=2)
    assert [outcome.verdict for outcome in outcomes] == ["failed", "passed", "passed"] * 3
    assert [int(outcome.stdout) for outcome in outcomes] == list(range(9))


def test_limits_that_the_machine_does_not_take_are_no_failure_of_the_program() -> None:
    outcome = run_program("pass", Limits(memory_bytes=2**70))
    assert outcome.verdict == "sandbox_error"
    assert "OverflowError" in outcome.stderr


def test_a_sandbox_that_never_answers_is_ended_and_counts_as_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a process of its own, as bubblewrap has one while it starts, which no one else would end."""
    seconds = f"600.{os.getpid()}"
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\nsleep {seconds} &\nwait\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(sandbox, "require_sandbox", lambda: None)
    monkeypatch.setattr(sandbox, "_GRACE_S", 0.2)
    assert run_program("pass", Limits(wall_s=0.1)) == Outcome(
        "sandbox_error", "", "the sandbox gave no answer in time", 0.0
    )
    wait_for(lambda: not sleepers(seconds))
