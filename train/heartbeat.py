"""Hears whether the other hosts of a run are still there: each says so, again and again, and who does not has gone."""

import itertools
import time

from train.hosts import Hosts, coordination

# How long a host may be silent. After 100 s of it JAX would abort the process with a dump of the stack.
SILENT_S = 60.0
_FOLDER = "alive/"


class Heartbeat:
    """What each host last said of itself, and when that was heard here; made when all have met."""

    def __init__(self, hosts: Hosts):
        self._hosts = hosts
        self._beats = itertools.count()
        self._heard = dict.fromkeys(map(str, range(hosts.count)), ("", time.monotonic()))

    def beat(self) -> None:
        """Say that this host is there."""
        told = str(next(self._beats))
        coordination().key_value_set(f"{_FOLDER}{self._hosts.index}", told, allow_overwrite=True)

    def silent(self) -> str | None:
        """The number of a host that has not been heard for `SILENT_S`; None while all are."""
        now_s = time.monotonic()
        for name, beat in coordination().key_value_dir_get(_FOLDER):
            host = name.removeprefix(_FOLDER)
            if self._heard[host][0] != beat:
                self._heard[host] = beat, now_s
        return next((host for host, (_, heard_s) in self._heard.items() if now_s - heard_s > SILENT_S), None)
