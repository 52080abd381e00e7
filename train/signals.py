"""Turns the first Ctrl-C or SIGTERM into a wish to stop, so that a run can save before it goes."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class StopWish:
    """`caught` is the signal that asked to stop, or None."""

    def __init__(self):
        self.caught: signal.Signals | None = None

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Remember the first signal; a second one stops at once."""
        if self.caught is not None:
            raise KeyboardInterrupt
        self.caught = signal.Signals(number)


@contextlib.contextmanager
def stop_wish() -> Iterator[StopWish]:
    """Listen for SIGINT and SIGTERM inside the block."""
    wish = StopWish()
    before = {number: signal.signal(number, wish.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
