"""The processes that train one run together: how they find each other, and what the first one tells the others."""

import contextlib
import dataclasses
import importlib.util
import itertools
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from mixsched.errors import UsageError

# What the environment of every task of `srun` says, and JAX looks at.
SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID")
# The first may prepare a corpus while the others wait for it; if it dies, JAX ends them.
LONGEST_WAIT_MS = 7 * 24 * 3600 * 1000


@dataclasses.dataclass(frozen=True)
class HostOptions:
    """How this process finds the others that train its run. On a TPU pod and under `srun` it is found out."""

    coordinator: str | None = None
    """HOST:PORT where all meet: host 0's name or address, and a port of it that is free."""
    count: int | None = None
    """How many processes there are. 1: this one alone, whatever the environment says."""
    index: int | None = None
    """Which of them this is, from 0."""
    wait_s: int = 300
    """Seconds after which it is an error that not all have met."""

    def __post_init__(self):
        given = {name: getattr(self, name) for name in ("coordinator", "count", "index")}
        lacking = [f"`--hosts.{name}`" for name, value in given.items() if value is None]
        if self.count is not None and self.count < 1:
            raise UsageError(f"`--hosts.count` must be at least 1, got {self.count}")
        if self.wait_s < 1:
            raise UsageError(f"`--hosts.wait-s` must be at least 1, got {self.wait_s}")
        if 0 < len(lacking) < 3 and given != {"coordinator": None, "count": 1, "index": None}:
            raise UsageError(f"{' and '.join(lacking)} must be given too: all three say which of the hosts this is")
        if self.coordinator is not None and not re.fullmatch(r".+:\d{1,5}", self.coordinator):
            raise UsageError(f"`--hosts.coordinator` must be HOST:PORT, got {self.coordinator!r}; try '10.0.0.1:8476'")
        if self.index is not None and self.count is not None and not 0 <= self.index < self.count:
            raise UsageError(f"`--hosts.index` must lie in 0..{self.count - 1} (`--hosts.count` - 1), got {self.index}")


class Hosts:
    """The `count` processes of a run, of which this is number `index`; all of them must make the same calls.

    A host that fails between two calls does not come to the next; `train.ending` ends those that wait for it there.
    """

    def __init__(self, *, index: int = 0, count: int = 1):
        self.index, self.count = index, count
        self._calls = itertools.count()

    @property
    def first(self) -> bool:
        """Whether this is the one that writes what is written once, and decides what is decided once."""
        return self.index == 0

    def of_first(self, make: Callable[[], Any]) -> Any:
        """What `make()` returns on the first host, where alone it is called: a value that JSON takes."""
        if self.count == 1:
            return make()
        key = f"of_first/{next(self._calls)}"
        if self.first:
            value = make()
            coordination().key_value_set(key, json.dumps(value))
            return value
        return json.loads(coordination().blocking_key_value_get(key, LONGEST_WAIT_MS))

    def wait(self) -> None:
        """Go on when all have come as far."""
        if self.count > 1:
            coordination().wait_at_barrier(f"wait/{next(self._calls)}", LONGEST_WAIT_MS)


ALONE = Hosts()


def coordination() -> Any:
    """JAX's client of the service by which hosts exchange short texts; JAX has no public door to it."""
    from jax._src import distributed

    return distributed.global_state.client


@contextlib.contextmanager
def joined(options: HostOptions) -> Iterator[Hosts]:
    """Meet the other hosts, for the length of the block; a process without others does not touch `jax.distributed`.

    Must be entered before anything asks JAX for its devices. Raises UsageError if the hosts can't be found; a process
    that waits in vain for another prints a sentence and ends with exit code 2.
    """
    how = _how(options)
    if how is None:
        yield ALONE
        return
    import jax

    # Its handler of SIGTERM would replace ours, and knows nothing of SIGINT.
    jax.config.update("jax_enable_preemption_service", False)
    with _bounded(options):
        try:
            # Longer than we wait: when its own time is up, JAX aborts the process with a dump of the stack.
            jax.distributed.initialize(**how, initialization_timeout=2 * options.wait_s + 60)
        except (RuntimeError, ValueError, OSError, KeyError) as error:
            raise UsageError(
                f"the hosts of this run can't be found ({' '.join(str(error).split())}); give `--hosts.coordinator`, "
                "`--hosts.count` and `--hosts.index` on each, or `--hosts.count 1` to train on this one alone"
            ) from error
    try:
        yield Hosts(index=jax.process_index(), count=jax.process_count())
    finally:
        # Waits for all, so that none finds the service of the first one gone.
        jax.distributed.shutdown()


def _how(options: HostOptions) -> dict[str, Any] | None:
    """What JAX is told to find the hosts by; None where there are no others."""
    if options.count is not None:
        if options.count == 1:
            return None
        return {
            "coordinator_address": options.coordinator,
            "num_processes": options.count,
            "process_id": options.index,
            "cluster_detection_method": "deactivate",
        }
    if all(name in os.environ for name in SLURM) and int(os.environ["SLURM_NTASKS"]) > 1:
        return {"cluster_detection_method": "slurm"}
    # On a Cloud TPU VM, or in a TPU pod of Kubernetes, JAX asks the environment and the metadata server who is there.
    return {} if _on_tpu() else None


def _on_tpu() -> bool:
    platforms = os.environ.get("JAX_PLATFORMS", "")
    if platforms and "tpu" not in platforms.split(","):
        return False
    # Without it there are none, and JAX, which takes a second to import, need not look for chips.
    if importlib.util.find_spec("libtpu") is None and "TPU_LIBRARY_PATH" not in os.environ:
        return False
    from jax._src import cloud_tpu_init
    from jax._src.clusters import GkeTpuCluster

    # The variable is how users tell libtpu and JAX that there is no metadata server to ask.
    asked = GkeTpuCluster.is_env_present() or "TPU_SKIP_MDS_QUERY" not in os.environ
    return cloud_tpu_init.running_in_cloud_tpu_vm and asked


@contextlib.contextmanager
def _bounded(options: HostOptions) -> Iterator[None]:
    where = "" if options.coordinator is None else f" at '{options.coordinator}'"
    who = "the hosts" if options.count is None else f"host {options.index} and the others of {options.count}"

    def give_up() -> None:
        print(
            f"error: {who} have not met{where} within {options.wait_s} s; start all of them with the same command "
            "and see that they reach each other there, or raise `--hosts.wait-s`",
            file=sys.stderr,
            flush=True,
        )
        os._exit(2)

    timer = threading.Timer(options.wait_s, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
