"""Arrays between the stages: written piece by piece as they come, and mapped when they are read."""

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike


def mapped(path: Path, dtype: DTypeLike) -> np.ndarray:
    """The items of a file that holds nothing else; a view of the disk that closes with its last user."""
    return np.memmap(path, dtype, "r") if path.stat().st_size else np.empty(0, dtype)
