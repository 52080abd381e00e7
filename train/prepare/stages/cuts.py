"""Which shard a document stands in: shards take neighbouring ranges of the hash that orders documents."""

import bisect
from collections.abc import Sequence

import numpy as np

# Text that a shard holds, in UTF-8 bytes.
SHARD_BYTES = 256_000_000
# Shards begin at one of so many places of the hash.
PLACES = 2**16


def places(order: np.ndarray) -> np.ndarray:
    """The place of each hash: uint64 [documents] to int64 [documents], rising with the hash."""
    return (order >> np.uint64(48)).astype(np.int64)


def shard_starts(sizes: np.ndarray) -> list[int]:
    """The places at which the shards after the first begin, from the bytes at each place [PLACES]; none is empty.

    >>> sizes = np.zeros(PLACES)
    >>> sizes[[3, 5, 9]] = SHARD_BYTES
    >>> shard_starts(sizes)
    [4, 6]
    """
    upto = np.cumsum(sizes)
    shards = max(1, -int(-upto[-1] // SHARD_BYTES))
    full = np.searchsorted(upto, upto[-1] * np.arange(1, shards) / shards)
    return sorted({int(place) + 1 for place in full if upto[place] < upto[-1]})


def shard_of(order: int, starts: Sequence[int]) -> int:
    """The number of the shard of a document with that hash."""
    return bisect.bisect_right(starts, order >> 48)
