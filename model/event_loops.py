"""Event loops that are closed while something still runs in them."""

import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def loops_closed_last() -> Iterator[None]:
    """Let every event loop that is made in the block end what it began before it is closed.

    Orbax leaves its loop at the first array that it cannot read, while the others are being read; they would tell a
    loop that is closed, and the interpreter would print that, for each of them.
    """
    policy = asyncio.get_event_loop_policy()
    make = policy.new_event_loop

    def patient() -> asyncio.AbstractEventLoop:
        loop = make()
        close = loop.close

        def close_last() -> None:
            pending = asyncio.all_tasks(loop)
            if pending:
                loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            close()

        loop.close = close_last
        return loop

    policy.new_event_loop = patient
    try:
        yield
    finally:
        policy.new_event_loop = make
