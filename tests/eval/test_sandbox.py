"""No program leaves the sandbox, outlives it, or passes without running to its end; without bubblewrap none runs.

What these programs try would do no harm outside either: bombs are counted, and files have names of their own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval import sandbox
from eval.sandbox import Limits, Outcome, require_sandbox, run_program, run_programs
from mixsched.errors import UsageError

ROOT = Path(__file__).parents[2]
PYTHON = Path(sys.base_prefix).resolve()
# Long enough for any of these programs on a busy machine; those without an end get ENDLESS.
QUICK = Limits(wall_s=30.0, memory_bytes=200 * 2**20, output_bytes=100_000, file_bytes=2**20)
ENDLESS = Limits(wall_s=0.3)
try:
    require_sandbox()
except UsageError as missing:
    pytest.skip(str(missing), allow_module_level=True)


def run(program: str, limits: Limits = QUICK) -> Outcome:
    outcome = run_program(program, limits)
    assert outcome.verdict != "sandbox_error", outcome
    return outcome


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


def attempt(code: str) -> str:
    """A program that passes if what `code` tries is refused."""
    body = "".join(f"    {line}\n" for line in code.splitlines())
    return f"import ctypes, os, resource, socket\ntry:\n{body}except (OSError, ValueError):\n    pass\n" + (
        "else:\n    raise SystemExit('it worked')\n"
    )


REFUSED = {
    "/etc/passwd": "open('/etc/passwd')",
    "the checkout": f"os.listdir({str(ROOT)!r})",
    "the virtual environment": f"os.listdir({sys.prefix!r})",
    "/proc": "os.listdir('/proc/1')",
    "the parent's environment": "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "the runner's memory": "open('/proc/1/mem', 'rb').read(1)",
    "a file outside /tmp": "open('/sandbox-test', 'w')",
    "a file in Python's folder": "open(os.__file__ + '.sandbox-test', 'w')",
    "a file in /dev": "open('/dev/sandbox-test', 'w')",
    "a large file": "with open('/tmp/large', 'wb') as file:\n    for _ in range(2):\n        file.write(bytes(10**6))",
    "many files": (
        "for number in range(20):\n    with open(f'/tmp/{number}', 'wb') as file:\n        file.write(bytes(10**6))"
    ),
    "a higher limit": "resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))",
    "root": "os.setuid(0)",
    "a mount": "libc = ctypes.CDLL(None, use_errno=True)\nif libc.mount(b'x', b'/tmp', b'tmpfs', 0, None):\n"
    "    raise OSError(ctypes.get_errno())",
    "a user namespace": "libc = ctypes.CDLL(None, use_errno=True)\nif libc.unshare(0x10000000):\n"
    "    raise OSError(ctypes.get_errno())",
    "tracing the runner": "libc = ctypes.CDLL(None, use_errno=True)\nif libc.ptrace(16, 1, None, None):\n"
    "    raise OSError(ctypes.get_errno())",
    "taking the runner's descriptors": (
        "libc = ctypes.CDLL(None, use_errno=True)\nrunner = os.pidfd_open(1)\n"
        "if libc.syscall(438, runner, 1, 0) < 0:\n    raise OSError(ctypes.get_errno())"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_outside_can_be_reached(name: str) -> None:
    outcome = run(attempt(REFUSED[name]))
    assert outcome.verdict == "passed", outcome.stderr


@pytest.mark.parametrize("folder", sorted({Path.home(), *ROOT.parents, *PYTHON.parents}), ids=str)
def test_of_a_folder_above_no_more_is_seen_than_the_way_to_python(folder: Path) -> None:
    """A home, too, which is empty unless Python lies in it."""
    outcome = run(f"import os\ntry:\n    print(*os.listdir({str(folder)!r}), sep='\\n')\nexcept OSError:\n    pass\n")
    way = [str(PYTHON.relative_to(folder).parts[0])] if PYTHON.is_relative_to(folder) else []
    shown = [name for name in outcome.stdout.split("\n") if name]
    if folder == Path("/"):
        assert set(shown) <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "tmp", "usr", *way}
    elif not folder.is_relative_to("/usr") and not folder.is_relative_to("/tmp"):
        assert set(shown) <= set(way)


def test_not_even_this_machine_answers_over_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        socket.create_connection(address, timeout=5).close()
        outcome = run(attempt(f"socket.create_connection({address!r}, timeout=1)"))
    assert outcome.verdict == "passed", outcome.stderr


def test_sets_have_the_same_order_in_every_run() -> None:
    program = "print(list({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}))\n"
    assert run(program).stdout == run(program).stdout != ""


def test_the_environment_is_the_same_everywhere_and_the_user_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "something")
    monkeypatch.setenv("LANG", "de_DE.ISO-8859-1")
    outcome = run(
        "import json, os\nprint(json.dumps([dict(os.environ), os.getcwd()]))\n"
        "print(os.getuid(), os.getgid(), os.getgroups(), os.uname()[1])\n"
    )
    told, rest = outcome.stdout.splitlines()
    names, where = json.loads(told)
    assert names.pop("PWD", "/tmp") == where == "/tmp"
    assert names == {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    assert rest == "65534 65534 [] sandbox"


def test_python_reads_no_packages_of_the_machine_and_writes_no_compiled_modules() -> None:
    outcome = run(
        "import sys\nflags = sys.flags\nprint(flags.no_site, flags.no_user_site, flags.dont_write_bytecode)\n"
    )
    assert outcome.stdout == "1 1 1\n"


def test_a_program_holds_no_descriptor_of_the_runner_but_the_one_for_its_mark() -> None:
    outcome = run(
        "import fcntl, os\nfor number in range(200):\n    try:\n"
        "        print(number > 2 or number, fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY)\n"
        "    except OSError:\n        pass\n"
    )
    assert outcome.stdout.splitlines() == ["0 False", "1 True", "2 True", "True True"]


def test_a_program_is_in_a_session_of_the_sandbox() -> None:
    """In its caller's it could write into the terminal's input."""
    assert run("import os\nprint(os.getsid(0))\n").stdout == "1\n"


def test_what_a_program_may_use_is_limited_and_cannot_be_raised() -> None:
    limits = Limits(wall_s=7.0, memory_bytes=300 * 2**20, processes=9, file_bytes=123_456)
    names = ("AS", "CORE", "CPU", "FSIZE", "NOFILE", "NPROC")
    program = "import resource\n" + "".join(f"print(*resource.getrlimit(resource.RLIMIT_{each}))\n" for each in names)
    found = [tuple(map(int, line.split())) for line in run(program, limits).stdout.splitlines()]
    assert dict(zip(names, found, strict=True)) == {
        "AS": (300 * 2**20,) * 2,
        "CORE": (0, 0),
        "CPU": (8, 9),
        "FSIZE": (123_456,) * 2,
        "NOFILE": (64, 64),
        "NPROC": (9, 9),
    }


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_files_together_may_take_four_times_the_limit_of_one(folder: str) -> None:
    program = f"import os\nfound = os.statvfs({folder!r})\nprint(found.f_blocks * found.f_frsize)\n"
    assert run(program).stdout == f"{4 * QUICK.file_bytes}\n"


def test_who_has_used_up_its_seconds_of_processor_is_out_of_time() -> None:
    """Before the wall's: with several threads, say."""
    assert run("import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)\n").verdict == "timeout"


def test_the_runner_can_be_neither_killed_nor_stopped() -> None:
    signals = (
        "import os\nfor number in (2, 9, 15, 19, 24):\n    os.kill(1, number)\n    os.kill(os.getppid(), number)\n"
    )
    assert run(signals).verdict == "passed"
    assert run(signals + "assert False\n").verdict == "failed"


def test_a_runner_that_is_robbed_of_its_limits_is_no_pass() -> None:
    robs = "import resource, time\nresource.prlimit(1, resource.RLIMIT_CPU, (0, 0))\ntime.sleep(0.2)\nassert False\n"
    assert run_program(robs, QUICK).verdict in ("failed", "sandbox_error")


def test_a_fork_bomb_stays_within_the_limit_of_processes() -> None:
    bomb = (
        "import os, time\nchildren = 0\nwhile children < 60:\n    try:\n        child = os.fork()\n"
        "    except BlockingIOError:\n        break\n    if not child:\n        time.sleep(60)\n        os._exit(0)\n"
        "    children += 1\nprint(children)\n"
    )
    outcome = run(bomb)
    assert outcome.verdict == "passed"
    assert 5 < int(outcome.stdout) < QUICK.processes


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
    ],
)
def test_a_program_without_end_is_ended(program: str) -> None:
    outcome = run(program, ENDLESS)
    assert outcome.verdict == "timeout"
    assert outcome.wall_s >= ENDLESS.wall_s


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


def sleepers(seconds: str) -> list[str]:
    """The processes of this machine that run `sleep` for these seconds."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [str(path)] if path.read_bytes() == f"sleep\0{seconds}\0".encode() else []
        except OSError:
            continue
    return found


def test_nothing_outlives_its_program() -> None:
    seconds = f"61.{os.getpid()}"
    starts = (
        f"import subprocess\nfor _ in range(3):\n    subprocess.Popen(['sleep', {seconds!r}], start_new_session=True)\n"
    )
    assert run(starts).verdict == "passed"
    wait_for(lambda: not sleepers(seconds))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_caller_takes_its_programs_along(number: signal.Signals) -> None:
    seconds = f"62.{os.getpid()}{int(number)}"
    starts = f"import subprocess\nsubprocess.run(['sleep', {seconds!r}])\n"
    caller = (
        "from eval.sandbox import *\n"
        f"run_programs([{starts!r}] * 4, Limits(wall_s=50.0), workers=2)\n"
    )  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", caller], cwd=ROOT, stderr=subprocess.PIPE) as process:
        wait_for(lambda: len(sleepers(seconds)) == 2)
        process.send_signal(number)
        process.wait(timeout=20)
    wait_for(lambda: not sleepers(seconds))


def wait_for(condition) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come true in 20 s")


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    require_sandbox.cache_clear()
    with pytest.raises(UsageError, match="apt-get install bubblewrap"):
        run_program("pass", QUICK)
    with pytest.raises(UsageError, match="never run without"):
        run_programs(["pass"], QUICK, workers=1)


def test_a_bubblewrap_that_may_not_work_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    require_sandbox.cache_clear()
    with pytest.raises(UsageError, match=r"allow user namespaces.*No permissions to create"):
        run_program("pass", QUICK)


def test_a_sandbox_that_never_answers_is_ended_and_counts_as_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seconds = f"600.{os.getpid()}"
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\nexec sleep {seconds}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(sandbox, "require_sandbox", lambda: None)
    monkeypatch.setattr(sandbox, "_GRACE_S", 0.2)
    assert run_program("pass", Limits(wall_s=0.1)) == Outcome(
        "sandbox_error", "", "the sandbox gave no answer in time", 0.0
    )
    assert not sleepers(seconds)


def test_a_bubblewrap_that_just_runs_the_program_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text('#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift\nexec "$@"\n')
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    require_sandbox.cache_clear()
    with pytest.raises(UsageError, match="never run without one"):
        run_program("pass", QUICK)
