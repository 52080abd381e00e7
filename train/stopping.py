"""The wish to stop, heard by all processes of a run at the same step."""

import signal
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from model.placing import put_whole
from train.signals import StopWish


def heard_by_all(wish: StopWish, mesh: Mesh) -> Callable[[], signal.Signals | None]:
    """What is to be called once a step, by all processes behind the start of the step: the signal to stop by, or None.

    With one process that is the signal that it caught. With several it is one that any of them had caught a step
    earlier: the greatest of their signals' numbers is taken by the devices, behind the step, and read when the next
    step is already running. So all stop after the same step, no host waits for another, and the devices exchange four
    bytes more a step.
    """
    if jax.process_count() == 1:
        return lambda: wish.caught
    each, whole = NamedSharding(mesh, PartitionSpec(mesh.axis_names)), NamedSharding(mesh, PartitionSpec())
    greatest = jax.jit(jnp.max, out_shardings=whole)
    pending: jax.Array | None = None

    def ask() -> signal.Signals | None:
        nonlocal pending
        earlier = pending
        own = np.full(mesh.size, 0 if wish.caught is None else wish.caught, np.int32)
        pending = greatest(put_whole(own, each))
        heard = 0 if earlier is None else int(jax.device_get(earlier))
        return signal.Signals(heard) if heard else None

    return ask
