"""The rim of every command line: a caller's mistake becomes one sentence and an exit code, never a traceback."""

import errno
import gc
import os
import sys
from collections.abc import Callable


def run(main: Callable[[], int | None]) -> None:
    """Call `main` and exit: 0 or its return value, 2 after a mistake of the caller, 130 after Ctrl-C.

    What cannot be the caller's mistake keeps its traceback, so that it can be mended.
    """
    from mixsched.errors import UsageError

    try:
        code = main() or 0
        sys.stdout.flush()
    except UsageError as error:
        code = _say(str(error))
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has left; writing more would only raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
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
        print("Interrupted; nothing was half-written.", file=sys.stderr)
        code = 130
    sys.exit(code)


def _say(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def _os_error(error: OSError) -> str:
    where = f" {str(error.filename)!r}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"no space left on the device that holds{where or ' the output'}; free some space and give the "
            "same command again (with --resume for a training run): what was finished is kept"
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"may not open{where} ({error.strerror}); change its permissions or choose another folder"
    return f"the system refused{where}: {error.strerror or error}"
