"""Which folders `python -m train.prepare` has made or is making: no reader takes what is in them for documents."""

import os
from pathlib import Path

from mixsched.shards import TOKENIZER_FILE

# What the stages call them (they import the readers, so the names stand here too).
WORK_FILE, RECORD_FILE = "work.json", "corpus.json"
UNFINISHED = ".unfinished"


def is_prepared(folder: Path) -> bool:
    """Whether a folder holds prepared sources."""
    return all(os.path.isfile(folder / name) for name in (RECORD_FILE, TOKENIZER_FILE))


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds the work of a preparation that has not ended."""
    return folder.name.endswith(UNFINISHED) and os.path.isfile(folder / WORK_FILE)


def is_own_output(folder: Path) -> bool:
    """Whether a folder is of either kind."""
    return is_unfinished(folder) or is_prepared(folder)
