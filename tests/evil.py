"""A pickle that shows that it was run."""

from collections.abc import Callable
from pathlib import Path


class Evil:
    """What makes a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.mark,)
