"""Files that are there whole or not at all, whatever happens while they are written."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_atomically(path: Path, parts: Iterable[Any]) -> None:
    """Write bytes, part after part: beside the file's place first, on the disk, then renamed.

    What was there stays until then, and for good if the writing fails.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
