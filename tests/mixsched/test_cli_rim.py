"""The rim of the command lines: one sentence and an exit code for the caller's mistakes, a traceback for ours."""

import errno
import os
import subprocess
import sys
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
        (errno.EACCES, "/runs/a", "may not open '/runs/a' (Permission denied); change its permissions"),
        (errno.EROFS, "/runs/a", "may not open '/runs/a' (Read-only file system); change its permissions"),
        (errno.EPERM, "/runs/a", "may not open '/runs/a' (Operation not permitted); change its permissions"),
        (errno.ENOENT, "/runs/a", "the system refused '/runs/a': No such file or directory"),
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


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "Interrupted; nothing was half-written.\n"


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
