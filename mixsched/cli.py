"""The rim of every command line: a caller's mistake becomes one sentence and an exit code, never a traceback."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Callable

from mixsched.errors import UsageError

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EIO,
    errno.EFBIG,
)


def run(main: Callable[[], int | None]) -> None:
    """Call `main` and exit: 0 or its return value, 2 after a mistake of the caller, 130 after Ctrl-C, 143 on SIGTERM.

    What cannot be the caller's mistake keeps its traceback, so that it can be mended.
    """
    # By default SIGTERM ends a process on the spot; as an exception it lets temporary files be removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        code = main() or 0
        if sys.__stdout__ is not None:
            sys.stdout.flush()
    except UsageError as error:
        code = _say(str(error))
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has left; writing more would only raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.errno not in FULL + FORBIDDEN:
            raise
        code = _say(_os_error(error))
    except (ValueError, RuntimeError) as error:
        # The writers of shards and checkpoints wrap the system's error in one of their own.
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        code = _say(_os_error(OSError(errno.ENOSPC, "")))
        # What they left unfinished is torn down now; at the interpreter's end it would complain.
        del error
        gc.collect()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


def _say(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def no_space(where: str) -> str:
    """The sentence on a full disk."""
    return (
        f"no space left on the device that holds {where}; free some space and give the same command again: "
        "what was finished is kept"
    )


def _os_error(error: OSError) -> str:
    where = repr(str(error.filename)) if error.filename else "the output"
    if error.errno in FULL:
        return no_space(where)
    return f"may not use {where} ({error.strerror}); change its permissions or choose another place"
