"""Checksums of arrays, whatever devices they lie on: what a checkpoint says of its arrays, and they must be again."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped, UInt32


def sums_of(arrays: Mapping[str, jax.Array]) -> dict[str, int]:
    """A sum of 32 bits over each array, the same for every way to lay it over devices.

    A change of one element always changes it, any other change with a probability of 1 - 2**-32: the bits of each
    element are multiplied by an odd number that its place chooses, and added up modulo 2**32.
    """
    return {name: int(value) for name, value in jax.device_get(_sums(dict(arrays))).items()}


@jax.jit
def _sums(arrays: dict[str, jax.Array]) -> dict[str, UInt32[Array, ""]]:
    return {name: _sum_of(array) for name, array in arrays.items()}


def _sum_of(array: Shaped[Array, "..."]) -> UInt32[Array, ""]:
    bits = _bits(array)
    place = jnp.zeros(bits.shape, jnp.uint32)
    for axis, size in enumerate(bits.shape):
        # Axis by axis, since a reshape would gather what is split over devices. Too large places wrap around.
        place = place * np.uint32(size % 2**32) + jax.lax.broadcasted_iota(jnp.uint32, bits.shape, axis)
    return jnp.sum(bits * (_mixed(place) | np.uint32(1)), dtype=jnp.uint32)


def _bits(array: Shaped[Array, "..."]) -> UInt32[Array, "..."]:
    """The bits of each element, in the lower part of 32; of elements of 64 bits two halves, along an axis more."""
    if array.dtype == jnp.bool_:
        return array.astype(jnp.uint32)
    width = min(array.dtype.itemsize, 4)
    return jax.lax.bitcast_convert_type(array, jnp.dtype(f"uint{8 * width}")).astype(jnp.uint32)


def _mixed(place: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """Numbers that look drawn by chance, one a place: the end of MurmurHash3 (Appleby 2011)."""
    place = (place ^ (place >> 16)) * np.uint32(0x85EBCA6B)
    place = (place ^ (place >> 13)) * np.uint32(0xC2B2AE35)
    return place ^ (place >> 16)
