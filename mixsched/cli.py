"""The rim of every command line: a caller's mistake becomes one sentence and an exit code, never a traceback."""

import errno
import functools
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable

from mixsched.errors import UsageError

FULL = (errno.ENOSPC, errno.EDQUOT)
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
FORBIDDEN = (
    *DENIED,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EIO,
    errno.EFBIG,
)
_AGAIN_S = 0.01


def run(main: Callable[[], int | None]) -> None:
    """Call `main` and exit: 0 or its return value, 2 after a mistake of the caller, 130 after Ctrl-C, 143 on SIGTERM.

    What cannot be the caller's mistake keeps its traceback, so that it can be mended.
    """
    # By default SIGTERM ends a process on the spot; as an exception it lets temporary files be removed.
    signal.signal(signal.SIGTERM, _end)
    if getattr(sys.unraisablehook, "func", None) is not _send_again:
        sys.unraisablehook = functools.partial(_send_again, sys.unraisablehook)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        # While the command was imported, Ctrl-C ended it without a word.
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
    except MemoryError as error:
        code = _say(_no_memory(str(error)))
    except (ValueError, RuntimeError) as error:
        # JAX has the words of its allocator alone to tell it by.
        if isinstance(error, RuntimeError) and "out of memory" in str(error).lower():
            sys.exit(_say(_no_memory(str(error))))
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
    except _EndedError as ended:
        print("ended by SIGTERM", file=sys.stderr)
        code = ended.code
    sys.exit(code)


class _EndedError(SystemExit):
    """SIGTERM came."""


def _end(number: int, _: object) -> None:
    raise _EndedError(128 + number)


def _send_again(told: "Callable[[sys.UnraisableHookArgs], object]", unraisable: "sys.UnraisableHookArgs") -> None:
    # What a signal raises while Python collects garbage or finalizes an object goes no further: a moment later it can.
    number = {_EndedError: signal.SIGTERM, KeyboardInterrupt: signal.SIGINT}.get(unraisable.exc_type)
    if number is None:
        told(unraisable)
    else:
        threading.Timer(_AGAIN_S, os.kill, (os.getpid(), number)).start()


def _say(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def no_space(where: str) -> str:
    """The sentence on a full disk."""
    return (
        f"no space left on the device that holds {where}; free some space and give the same command again: "
        "what was finished is kept"
    )


def _no_memory(told: str) -> str:
    reason = " ".join(told.split())[:200] or "an allocation failed"
    return f"not enough memory ({reason}); choose a smaller model or batch, or give the command more memory"


def _os_error(error: OSError) -> str:
    where = repr(str(error.filename)) if error.filename else "the output"
    if error.errno in FULL:
        return no_space(where)
    remedy = "change its permissions or choose another place" if error.errno in DENIED else "name another"
    return f"may not use {where} ({error.strerror}); {remedy}"
