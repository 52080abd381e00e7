"""Puts what processes hold onto the devices of all of them, without any of them waiting for another."""

import jax
import numpy as np
from jax.sharding import Sharding
from jaxtyping import Array, Shaped

# `jax.device_put` would have all processes meet, at every call, to compare what they put. What takes its place is as
# explicit, but JAX's guard takes it for an implicit transfer, hence the exemptions.


def put_parts(part: Shaped[np.ndarray, "rows ..."], sharding: Sharding) -> Shaped[Array, "all_rows ..."]:
    """An array whose parts, one after another, are those that the processes give for their own devices."""
    with jax.transfer_guard_host_to_device("allow"):
        return jax.make_array_from_process_local_data(sharding, part)


def put_whole(value: Shaped[np.ndarray, "..."], sharding: Sharding) -> Shaped[Array, "..."]:
    """An array that every process has all of, and of which it gives its own devices their parts."""
    with jax.transfer_guard_host_to_device("allow"):
        return jax.make_array_from_callback(value.shape, sharding, value.__getitem__)
