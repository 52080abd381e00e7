"""Where compiled programs are kept, so that the next process need not compile them again."""

import os
from pathlib import Path

from mixsched.errors import UsageError

# What JAX reads when it is imported; processes that are started from here go by it too.
FOLDER, LEAST_S = "JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"


def check_folder(folder: Path) -> None:
    """Raise UsageError unless it is a folder, or nothing yet."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"`--compilation-cache` must be a folder, '{folder}' is a file; name another")


def keep_compiled(folder: Path) -> None:
    """Have JAX keep every program that it compiles in `folder`; to be called before JAX is imported."""
    os.environ[FOLDER] = str(folder.absolute())
    # By default it keeps only what takes a second to compile.
    os.environ.setdefault(LEAST_S, "0")
