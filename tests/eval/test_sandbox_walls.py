"""No program leaves the sandbox or outlives it; without bubblewrap none runs.

What these programs try would do no harm outside either: bombs are counted, and files have names of their own.
"""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from sandboxing import QUICK, run, sleepers, wait_for

from eval.sandbox.run import Limits, outcomes_as_they_end, require_sandbox, run_program, run_programs
from mixsched.errors import UsageError

ROOT = Path(__file__).parents[2]
PYTHON = Path(sys.base_prefix).resolve()


def attempt(code: str) -> str:
    """A program that passes if what `code` tries is refused."""
    body = "".join(f"    {line}\n" for line in code.splitlines())
    return f"import ctypes, os, resource, socket\ntry:\n{body}except (OSError, ValueError):\n    pass\n" + (
        "else:\n    raise SystemExit('it worked')\n"
    )


def libc(function: str, *arguments: object) -> str:
    """Code that calls a function of the C library, and raises what it complains of."""
    call = f"ctypes.CDLL(None, use_errno=True).{function}({', '.join(map(str, arguments))})"
    return f"if {call} < 0:\n    raise OSError(ctypes.get_errno())"


def numbered(x86: int, arm: int) -> str:
    return f"{x86} if os.uname().machine == 'x86_64' else {arm}"


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
    "a mount": libc("mount", b"x", b"/tmp", b"tmpfs", 0, None),
    "a user namespace": libc("unshare", 0x10000000),
    "tracing the runner": libc("ptrace", 16, 1, None, None),
    "being traced by the runner": libc("ptrace", 0, 0, None, None),
    "a runner that waits for all others": "os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))",
    "a runner of another priority": "os.sched_setparam(1, os.sched_param(0))",
    "a runner with other attributes": libc("syscall", numbered(314, 274), 1, "(ctypes.c_uint32 * 12)(48, 5)", 0),
    "a nice runner": "os.setpriority(os.PRIO_PROCESS, 1, 19)",
    "a runner on one processor": "os.sched_setaffinity(1, os.sched_getaffinity(0))",
    "a key of the caller's session": libc("syscall", numbered(250, 219), 0, -3, 1),
    "a key for the next program": libc("syscall", numbered(248, 217), b"user", b"a", b"b", 1, -3),
    "memory given to a pipe": libc("vmsplice", "os.pipe()[1]", "(ctypes.c_size_t * 2)(id(b'a'), 1)", 1, 0),
    "memory that outlives its mapping": libc("shmget", 0, 2**20, 0o1600),
    "semaphores of the kernel": libc("semget", 0, 1, 0o1600),
    "queues of the kernel": libc("msgget", 0, 0o1600),
    "a file in memory": "os.memfd_create('a')",
    "a ring of calls": libc("syscall", 425, 8, "bytes(120)"),
    "the runner's limits": "resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))",
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
    limits = Limits(cpu_s=8, memory_bytes=300 * 2**20, processes=9, file_bytes=123_456)
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


def test_the_runner_can_be_neither_killed_nor_stopped() -> None:
    signals = (
        "import os\nfor number in (2, 9, 15, 19, 24):\n    os.kill(1, number)\n    os.kill(os.getppid(), number)\n"
    )
    assert run(signals).verdict == "passed"
    assert run(signals + "assert False\n").verdict == "failed"


def test_a_runner_that_is_robbed_of_its_limits_is_no_pass() -> None:
    robs = "import resource, time\nresource.prlimit(1, resource.RLIMIT_CPU, (0, 0))\ntime.sleep(0.2)\nassert False\n"
    assert run(robs).verdict == "failed"


def test_a_fork_bomb_stays_within_the_limit_of_processes() -> None:
    bomb = (
        "import os, time\nchildren = 0\nwhile children < 60:\n    try:\n        child = os.fork()\n"
        "    except BlockingIOError:\n        break\n    if not child:\n        time.sleep(60)\n        os._exit(0)\n"
        "    children += 1\nprint(children)\n"
    )
    outcome = run(bomb)
    assert outcome.verdict == "passed"
    assert 5 < int(outcome.stdout) < QUICK.processes


def test_nothing_outlives_its_program() -> None:
    seconds = f"61.{os.getpid()}"
    starts = (
        f"import subprocess\nfor _ in range(3):\n    subprocess.Popen(['sleep', {seconds!r}], start_new_session=True)\n"
    )
    assert run(starts).verdict == "passed"
    wait_for(lambda: not sleepers(seconds))


def test_of_a_machine_without_memory_the_kernel_ends_programs_first() -> None:
    seconds = f"63.{os.getpid()}"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, f"import subprocess\nsubprocess.run(['sleep', {seconds!r}])\n")
        wait_for(lambda: bool(sleepers(seconds)))
        process = Path(sleepers(seconds)[0]).parent
        assert (process / "oom_score_adj").read_text() == "1000\n"
        os.kill(int(process.name), signal.SIGKILL)
        assert running.result().verdict == "passed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_caller_takes_its_programs_along(number: signal.Signals) -> None:
    seconds = f"62.{os.getpid()}{int(number)}"
    starts = f"import subprocess\nsubprocess.run(['sleep', {seconds!r}])\n"
    caller = (
        "from eval.sandbox.run import *\n"
        f"run_programs([{starts!r}] * 4, Limits(wall_s=50.0), workers=2)\n"
    )  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", caller], cwd=ROOT, stderr=subprocess.PIPE) as process:
        wait_for(lambda: len(sleepers(seconds)) == 2)
        process.send_signal(number)
        process.wait(timeout=20)
    wait_for(lambda: not sleepers(seconds))


def test_a_caller_that_is_interrupted_while_its_programs_start_ends_them() -> None:
    seconds = f"66.{os.getpid()}"
    starts = f"import subprocess\nsubprocess.run(['sleep', {seconds!r}])\n"
    caller = f"from eval.sandbox.run import *\nrun_programs([{starts!r}] * 24, Limits(wall_s=50.0), workers=24)\n"
    with subprocess.Popen([sys.executable, "-c", caller], cwd=ROOT, stderr=subprocess.PIPE) as process:
        wait_for(lambda: bool(sleepers(seconds)))
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        finally:
            process.kill()
    wait_for(lambda: not sleepers(seconds))


def test_a_caller_that_stops_listening_takes_its_programs_along() -> None:
    seconds = f"64.{os.getpid()}"
    programs = [f"import subprocess\nsubprocess.run(['sleep', {seconds!r}])\n", "", "assert False\n"]
    outcomes = outcomes_as_they_end(programs, Limits(wall_s=50.0), workers=2)
    assert [(place, outcome.verdict) for place, outcome in (next(outcomes), next(outcomes))] == [
        (1, "passed"),
        (2, "failed"),
    ]
    wait_for(lambda: bool(sleepers(seconds)))
    outcomes.close()
    wait_for(lambda: not sleepers(seconds))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_has_the_same_sandbox() -> None:
    """With the system's Python, since root's own may lie where others may not look."""
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(python).exists():
        pytest.skip(f"there is no {python}, which is of the version that the environment has")
    caller = (
        "from eval.sandbox.run import *\n"
        "for program in ('import os; print(os.getuid(), os.listdir())', 'assert False', 'open(\"/etc/passwd\")'):\n"
        "    outcome = run_program(program, Limits())\n    print(outcome.verdict, outcome.stdout.strip())\n"
    )
    command = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", python, "-B", "-c", caller]
    environment = {**os.environ, "PYTHONPATH": str(Path(numpy.__file__).parents[1])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["passed 65534 []", "failed ", "failed "], done.stderr


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


def test_a_bubblewrap_that_just_runs_the_program_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text('#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift\nexec "$@"\n')
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    require_sandbox.cache_clear()
    with pytest.raises(UsageError, match="never run without one"):
        run_program("pass", QUICK)
