"""Runs git on a repository, which may be a stranger's, so that no setting there or here changes what comes out."""

import contextlib
import itertools
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from mixsched.errors import UsageError

# The repository may be a stranger's, and the machine may have settings: neither runs a program nor changes a diff.
_SETTINGS = {
    "core.attributesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.quotePath": "false",
    "diff.algorithm": "myers",
    "diff.context": "3",
    "diff.indentHeuristic": "true",
    "diff.interHunkContext": "0",
    "diff.mnemonicPrefix": "false",
    "diff.noprefix": "false",
    "diff.orderFile": "/dev/null",
    "diff.relative": "false",
    "diff.renameLimit": "400",
    "diff.renames": "true",
    "diff.submodule": "short",
    "diff.suppressBlankEmpty": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "safe.directory": "*",
}
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


_start = subprocess.Popen


def find_repository(root: Path) -> tuple[Path, str]:
    """Git's own folder of a repository and its HEAD; raises UsageError if there is none at `root` itself."""
    if not root.is_dir():
        raise UsageError(f"`repository`: '{root}' is no folder; correct it, or clone the repository first")
    # Otherwise git would find the repository that holds a folder of data.
    only_here = {"GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    found = _run(root.resolve(), ("rev-parse", "--absolute-git-dir"), only_here)
    if found.returncode:
        raise UsageError(
            f"`repository`: '{root}' is no git repository ({_reason(found.stderr)}); name the folder of one"
        )
    folder = Path(os.fsdecode(found.stdout.rstrip(b"\n")))
    head = _run(folder, ("rev-parse", "--quiet", "--verify", "HEAD^{commit}"), {"GIT_DIR": str(folder)})
    if head.returncode:
        raise UsageError(f"`repository`: '{root}' has no commits; leave it out, or clone it again")
    return folder, head.stdout.decode().strip()


def _command(arguments: Sequence[str]) -> list[str]:
    settings = itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in _SETTINGS.items())
    return ["git", "--no-pager", *settings, *arguments]


def git_output(folder: Path, *arguments: str) -> bytes:
    """What a quick command prints, with git's own folder as the current one."""
    done = _run(folder, arguments, {"GIT_DIR": str(folder)})
    if done.returncode:
        raise _failed(folder, done.stderr)
    return done.stdout


def _run(folder: Path, arguments: Sequence[str], where: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    with _told(folder):
        return subprocess.run(
            _command(arguments), cwd=folder, env=_environment(where), capture_output=True, check=False
        )


@contextlib.contextmanager
def git_running(folder: Path, arguments: Sequence[str], *, said: bytes) -> Iterator[BinaryIO]:
    """What a long command prints while it runs; it ends with the block."""
    # Files, since nobody reads or writes these pipes while the output is read.
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as complaints:
        asked.write(said)
        asked.seek(0)
        with _told(folder):
            process = _start(
                _command(arguments),
                cwd=folder,
                env=_environment({"GIT_DIR": str(folder)}),
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=complaints,
            )
        assert process.stdout is not None
        try:
            yield cast(BinaryIO, process.stdout)
            if process.wait():
                complaints.seek(0)
                raise _failed(folder, complaints.read())
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _environment(where: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT, **where}


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f"reading '{folder}' needs the program git, which is not installed; install git") from error


def _failed(folder: Path, complaints: bytes) -> UsageError:
    return UsageError(f"git cannot read '{folder}' ({_reason(complaints)}); clone the repository again")


def _reason(complaints: bytes) -> str:
    return (complaints.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
