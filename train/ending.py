"""When one host of a run ends, all do: with its sentence and its exit code, wherever they are waiting for it."""

import contextlib
import io
import json
import os
import re
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Iterator

from mixsched import cli
from train.heartbeat import SILENT_S, Heartbeat
from train.hosts import Hosts, coordination

POLL_S = 0.5
# How long one that ends waits for the others to have heard it, and one that can't go on for the reason of another.
LEAVE_S = 10.0
ECHO_S = 3.0
_GO_ON = "see what the others said, and give the same command again on all with --resume"
# How Gloo, the links between TPUs' hosts, and JAX's own service say that one who should answer does not.
_BROKEN_OFF = r"Gloo|^(UNAVAILABLE|DEADLINE_EXCEEDED|ABORTED|CANCELLED)\b|[Hh]eartbeat|[Cc]onnection (reset|closed)"


@contextlib.contextmanager
def ending_together(hosts: Hosts) -> Iterator[None]:
    """End all hosts if the block raises on one of them; with one host errors go their way.

    A host may be deep in a collective that never ends when another fails, and an exception can't reach it there: a
    thread listens, and ends the process on the spot, as a kill does. Runs are made to be continued after that.
    """
    if hosts.count == 1:
        yield
        return
    ending = _Ending(hosts)
    ending.listen()
    try:
        yield
    except BaseException as error:
        ending.tell(error)
    ending.stop_listening()


class _Ending:
    def __init__(self, hosts: Hosts):
        self._hosts = hosts
        self._over = threading.Event()
        self._heartbeat = Heartbeat(hosts)
        # Taken by whoever ends this process, and never given back.
        self._last_words = threading.Lock()
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def listen(self) -> None:
        self._listener.start()

    def stop_listening(self) -> None:
        # Only now, when all have come to the good end, does no one have to be heard any more.
        self._hosts.wait()
        self._over.set()
        # What it asks is gone when the hosts part.
        self._listener.join()

    def tell(self, error: BaseException) -> None:
        """End this process and, by telling them why, the others."""
        self._last_words.acquire()
        told = _told(error)
        if told is None and (reason := self._reason(ECHO_S)) is not None:
            # A collective broke off because another host has gone.
            self._leave(*reason)
        if told is None and (lost := _lost(error)) is not None:
            told = lost, 1
        if told is None:
            traceback.print_exception(error)
            told = f"{type(error).__name__}, see its traceback", 1
        said, code = told
        said = f"host {self._hosts.index}: {said}"
        coordination().key_value_set(f"failed/{self._hosts.index}", json.dumps([said, code]))
        self._leave(said, code)

    def _listen(self) -> None:
        while not self._over.wait(POLL_S):
            reason = None
            # A call that failed is no reason to listen no more; where the service has gone, JAX ends the process.
            with contextlib.suppress(RuntimeError):
                self._heartbeat.beat()
                reason = self._reason(0) or self._silence()
            if reason is not None:
                self._last_words.acquire()
                self._leave(*reason)

    def _reason(self, within_s: float) -> tuple[str, int] | None:
        """What the first host that failed said, and its exit code, if that is heard in time."""
        until_s = time.monotonic() + within_s
        while True:
            found = coordination().key_value_dir_get("failed/")
            if found:
                said, code = json.loads(found[0][1])
                return said, code
            if time.monotonic() >= until_s:
                return None
            time.sleep(POLL_S / 5)

    def _silence(self) -> tuple[str, int] | None:
        """What to say of a host that has gone without a word, and the exit code; None while all are heard."""
        silent = self._heartbeat.silent()
        return None if silent is None else (f"host {silent} was not heard for {SILENT_S:.0f} s; {_GO_ON}", 1)

    def _leave(self, said: str, code: int) -> None:
        # `_exit` leaves without.
        sys.stdout.flush()
        print(f"error: {said}", file=sys.stderr, flush=True)
        with contextlib.suppress(Exception):
            coordination().key_value_set(f"leaving/{self._hosts.index}", "")
            until_s = time.monotonic() + LEAVE_S
            while len(coordination().key_value_dir_get("leaving/")) < self._hosts.count and time.monotonic() < until_s:
                time.sleep(POLL_S / 5)
            if self._hosts.first:
                # The service that the others have just asked ends with this process.
                time.sleep(POLL_S)
        os._exit(code)


def _lost(error: BaseException) -> str | None:
    """What to say where an exchange with another host broke off, which has most likely gone; None elsewhere."""
    # By now it is loaded; a command line that only prints has no use for it.
    import jax

    reason = " ".join(str(error).split())
    if not isinstance(error, jax.errors.JaxRuntimeError) or re.search(_BROKEN_OFF, reason) is None:
        return None
    return f"an exchange with another host broke off ({textwrap.shorten(reason, 300, placeholder=' ...')}); {_GO_ON}"


def _told(error: BaseException) -> tuple[str, int] | None:
    """What the command line says of an error, and its exit code; None for one that keeps its traceback."""

    def raise_it() -> None:
        raise error

    with contextlib.redirect_stderr(io.StringIO()) as heard:
        try:
            cli.run(raise_it)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
            return heard.getvalue().removeprefix("error: ").strip() or f"ended with exit code {code}", code
        except Exception:
            return None
    raise AssertionError("`cli.run` returned")
