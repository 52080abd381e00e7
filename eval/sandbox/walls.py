"""The walls of a sandbox: bubblewrap's command line, in which a Python finds itself and an empty folder.

No network, no processes but its own, no environment; of the file system a read-only Python and system libraries, no
/proc, and a private /tmp. The user is `nobody` without capabilities, who can make no further user namespace.
"""

import os
import shutil
import sys
from pathlib import Path

from mixsched.errors import UsageError

_NOBODY = "65534"
_RUNNER = Path(__file__).with_name("runner.py")
_SYSTEM = ("/lib", "/lib32", "/lib64", "/libx32", "/bin")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
# Where root's first namespace shows the interpreter's folder to `nobody`, who may not be allowed into root's home.
_PYTHON = "/mnt/python"
# Of a machine without memory the kernel ends these programs first, and not, say, the training run beside them.
_FIRST_TO_GO = ("-c", '{ echo 1000 > /proc/self/oom_score_adj; } 2> /dev/null; exec "$@"', "sandbox")


def command(*, tmp_bytes: int) -> list[str]:
    """The command that starts the runner behind the walls, with `tmp_bytes` for the files of its /tmp.

    Raises UsageError if a program that it needs isn't installed.
    """
    bwrap = _find("bwrap", package="bubblewrap")
    prefix = Path(sys.base_prefix).resolve()
    python = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    first, shown = _as_nobody(bwrap, prefix) if os.geteuid() == 0 else ([], str(prefix))
    return [
        _find("sh", package="dash"), *_FIRST_TO_GO,
        *first, bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--uid", _NOBODY, "--gid", _NOBODY,
        "--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "sandbox",
        "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp",
        "--setenv", "LANG", "C.UTF-8", "--setenv", "PYTHONHASHSEED", "0",
        *_files(prefix, shown),
        "--size", str(tmp_bytes), "--tmpfs", "/tmp", "--size", str(tmp_bytes), "--tmpfs", "/dev/shm",
        "--remount-ro", "/", "--chdir", "/tmp",
        "--", str(python), "-S", "-s", "-B", "-c", _RUNNER.read_text(encoding="utf-8"),
    ]  # fmt: skip


def _as_nobody(bwrap: str, prefix: Path) -> tuple[list[str], str]:
    """The start of root's command, and where the interpreter's folder then is.

    Root's processes have no limit to their number, so root becomes `nobody` before the walls are built.
    """
    setpriv = _find("setpriv", package="util-linux")
    # Of its own PIDs, since bubblewrap may not signal the processes of `nobody`: with their PID 1, all of them end.
    first = [bwrap, "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc"]
    shown = ["--tmpfs", str(Path(_PYTHON).parent), "--ro-bind", str(prefix), _PYTHON]
    drop = [setpriv, "--reuid", _NOBODY, "--regid", _NOBODY, "--clear-groups"]
    return [*first, *shown, "--", *drop, "--"], _PYTHON


def _files(prefix: Path, shown: str) -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for folder in map(Path, _SYSTEM):
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        else:
            arguments += ["--ro-bind-try", str(folder), str(folder)]
    if not prefix.is_relative_to("/usr"):
        arguments += ["--ro-bind", shown, str(prefix)]
    for device in _DEVICES:
        arguments += ["--dev-bind", device, device]
    return arguments


def _find(program: str, *, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise UsageError(
            f"`{program}` isn't installed, and generated programs never run without its sandbox; install it with "
            f"'apt-get install {package}' or 'dnf install {package}' (Linux only)"
        )
    return found
