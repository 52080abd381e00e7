"""The rim of the command lines: one sentence and an exit code for the caller's mistakes, a traceback for ours."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from mixsched import UsageError, cli


def exit_code(main: Callable[[], int | None]) -> object:
    with pytest.raises(SystemExit) as left:
        cli.run(main)
    return left.value.code


def raising(error: BaseException) -> Callable[[], int | None]:
    def main() -> int | None:
        raise error

    return main


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (3, 3)])
def test_the_exit_code_is_what_main_returns(
    returned: int | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(lambda: returned) == code
    assert capsys.readouterr() == ("", "")


def test_a_mistake_of_the_caller_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(raising(UsageError("`weights` must add up to 1; mend them"))) == 2
    assert capsys.readouterr() == ("", "error: `weights` must add up to 1; mend them\n")


@pytest.mark.parametrize(
    ("number", "path", "said"),
    [
        (errno.ENOSPC, "/runs/a", "no space left on the device that holds '/runs/a'; free some space"),
        (errno.EDQUOT, "/runs/a", "no space left on the device that holds '/runs/a'; free some space"),
        (errno.ENOSPC, None, "no space left on the device that holds the output; free some space"),
        (errno.EACCES, "/runs/a", "may not use '/runs/a' (Permission denied); change its permissions"),
        (errno.EROFS, "/runs/a", "may not use '/runs/a' (Read-only file system); change its permissions"),
        (errno.EPERM, "/runs/a", "may not use '/runs/a' (Operation not permitted); change its permissions"),
        (errno.EISDIR, "/runs/a", "may not use '/runs/a' (Is a directory); name another"),
    ],
)
def test_what_the_system_refuses_is_one_sentence_and_2(
    number: int, path: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(raising(OSError(number, os.strerror(number), path))) == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert told.startswith(f"error: {said}")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "an allocation failed"),
        (RuntimeError("INTERNAL: Out of memory allocating 9 bytes."), "INTERNAL: Out of memory allocating 9 bytes."),
    ],
)
def test_memory_that_does_not_suffice_is_one_sentence_and_2(
    error: Exception, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(raising(error)) == 2
    assert capsys.readouterr() == (
        "",
        f"error: not enough memory ({reason}); choose a smaller model or batch, or give the command more memory\n",
    )


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ECONNREFUSED])
def test_what_else_the_system_says_keeps_its_traceback(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)):
        cli.run(raising(OSError(number, os.strerror(number))))


def test_sigterm_unwinds_so_that_temporary_files_are_removed(tmp_path: pathlib.Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from mixsched import cli\n"
        "def main():\n"
        "    mark = pathlib.Path(sys.argv[1])\n"
        "    mark.touch()\n"
        "    try:\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        mark.unlink()\n"
        "cli.run(main)\n"
    )
    mark = tmp_path / "mark"
    with subprocess.Popen([sys.executable, "-c", script, str(mark)]) as process:
        while not mark.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
    assert process.returncode == 128 + signal.SIGTERM
    assert not mark.exists()


@pytest.mark.parametrize(
    ("number", "said", "code"),
    [(signal.SIGTERM, "ended by SIGTERM\n", 143), (signal.SIGINT, "interrupted\n", 130)],
)
def test_a_signal_that_comes_while_an_object_is_finalized_still_ends_it(
    number: signal.Signals, said: str, code: int
) -> None:
    # There Python drops what a signal raises, with a traceback.
    script = (
        "import os, sys, time\n"
        "from mixsched import cli\n"
        "class Finalized:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), int(sys.argv[1]))\n"
        "        time.sleep(60)\n"
        "def main():\n"
        "    Finalized()\n"
        "    time.sleep(60)\n"
        "cli.run(main)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(int(number))], stderr=subprocess.PIPE, text=True, timeout=50, check=False
    )
    assert (ended.returncode, ended.stderr) == (code, said)


def test_other_exceptions_of_finalizers_are_told_as_ever() -> None:
    script = (
        "from mixsched import cli\n"
        "class Finalized:\n"
        "    def __del__(self):\n"
        "        raise ValueError('ours')\n"
        "cli.run(lambda: Finalized() and None)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 0
    assert "ValueError: ours" in ended.stderr


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("error", [ValueError("ours"), KeyError("ours"), AssertionError("ours"), TypeError("ours")])
def test_a_fault_of_ours_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error), match="ours"):
        cli.run(raising(error))


def test_a_reader_that_leaves_early_is_no_error() -> None:
    script = "from mixsched import cli; cli.run(lambda: [print(n) for n in range(100_000)] and 0)"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
