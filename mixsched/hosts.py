"""Which slots of a batch a host feeds: its contiguous part, the parts as even as the batch allows."""

from collections.abc import Iterable

from mixsched.errors import UsageError
from mixsched.fields import whole


def host_slots(batch_size: int, *, host: int, hosts: int) -> slice:
    """The slots of `host` of `hosts`; the parts of all hosts, one after another, are the batch.

    >>> [host_slots(8, host=host, hosts=3) for host in range(3)]
    [slice(0, 2, None), slice(2, 5, None), slice(5, 8, None)]
    """
    return slice(host * batch_size // hosts, (host + 1) * batch_size // hosts)


def check_host(batch_sizes: Iterable[int], *, host: int, hosts: int) -> None:
    """Raise UsageError unless `host` is one of `hosts`, each of which has slots in batches of all these sizes."""
    smallest = min(batch_sizes)
    host, hosts = whole("`host`", host), whole("`hosts`", hosts)
    if not 0 <= host < hosts <= smallest:
        raise UsageError(
            f"`host` must lie in 0..hosts-1 and `hosts` in 1..{smallest} (the smallest batch), "
            f"got host {host} of {hosts}"
        )
