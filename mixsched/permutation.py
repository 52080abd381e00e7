"""A keyed shuffle of 0..size-1 that is evaluated one index at a time: no index arrays, whatever the size.

Two ciphers, one after the other. A Feistel network over a square of side ceil(sqrt(size)), with splitmix64 (Steele,
Lea and Flood, 2014) as its round function, spreads indices over large sizes; what lands outside `size` walks on until
it is inside (Black and Rogaway, 2002), which is rare as at most 2 * sqrt(size) + 1 places are spare. Such a network
favours some orders of a handful of items, so rounds of swap-or-not (Hoang, Morris and Rogaway, 2012) follow, which
make every order of small sizes equally likely.
"""

import numpy as np

FEISTEL_ROUNDS = 4
SWAP_ROUNDS = 6
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ROUND_KEYS = np.arange(1, FEISTEL_ROUNDS + SWAP_ROUNDS + 1, dtype=np.uint64) * _GOLDEN
_HALF = np.uint64(32)


def derive_key(*purpose: str | int) -> np.uint64:
    """A 64-bit key for a purpose, e.g. `derive_key(seed, "order", source)`; no two purposes share one.

    >>> bool(derive_key(0, "order", "text") == derive_key(0, "order", "code"))
    False
    """
    import hashlib

    text = "\0".join(f"{len(str(part))}:{part}" for part in purpose)
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=8).digest(), np.dtype("<u8"))[0]


def subkey(key: np.ndarray | np.uint64, index: np.ndarray | int) -> np.ndarray:
    """The key of one member of a family, e.g. of an epoch or a step: uint64, the broadcast shape, at least [1]."""
    # NumPy warns when scalars wrap around, which is what a hash is made of; arrays wrap in silence.
    index = np.atleast_1d(np.asarray(index, np.uint64))
    return mix64(np.asarray(key, np.uint64) ^ mix64(index + _GOLDEN))


def permute(index: np.ndarray, *, size: np.ndarray | int, key: np.ndarray | np.uint64) -> np.ndarray:
    """The place of each `index` in the shuffle of 0..size-1 that `key` names: int64, the shape of `index`.

    `size` (1 to 2**62) and `key` are one for all or one for each index. For a fixed size and key it is a
    bijection. Raises ValueError for an index that is not a whole number in 0..size-1.

    >>> permute(np.arange(5), size=5, key=derive_key("an example")).tolist()
    [3, 2, 1, 4, 0]
    """
    index = np.asarray(index)
    size = np.broadcast_to(np.asarray(size, np.uint64), index.shape).ravel()
    key = np.broadcast_to(np.asarray(key, np.uint64), index.shape).ravel()
    if index.size and (index.dtype.kind not in "iu" or index.min() < 0 or (index.ravel() >= size).any()):
        raise ValueError("`index` must hold whole numbers in 0..size-1")
    side = _square_side(size)
    place = _feistel(index.ravel().astype(np.uint64), side, key)
    outside = np.flatnonzero(place >= size)
    while outside.size:
        place[outside] = _feistel(place[outside], side[outside], key[outside])
        outside = outside[place[outside] >= size[outside]]
    return _swap_or_not(place, size, key).astype(np.int64).reshape(index.shape)


def mix64(value: np.ndarray) -> np.ndarray:
    """The splitmix64 finaliser: a bijection of uint64 in which every input bit moves every output bit."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _feistel(place: np.ndarray, side: np.ndarray, key: np.ndarray) -> np.ndarray:
    left, right = np.divmod(place, side)
    for round_key in _ROUND_KEYS[:FEISTEL_ROUNDS]:
        left = left + _scale(mix64(right ^ (key + round_key)), side)
        left, right = right, np.where(left >= side, left - side, left)
    return left * side + right


def _swap_or_not(place: np.ndarray, size: np.ndarray, key: np.ndarray) -> np.ndarray:
    for round_key in _ROUND_KEYS[FEISTEL_ROUNDS:]:
        round_hash = mix64(key + round_key)
        pivot = _scale(round_hash, size)
        partner = np.where(pivot >= place, pivot - place, pivot + size - place)
        # Both partners ask with the greater of the two, so they agree whether to swap.
        swap = mix64(np.maximum(place, partner) ^ round_hash) >> np.uint64(63)
        place = np.where(swap.astype(bool), partner, place)
    return place


def _scale(hashed: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A hash brought into 0..size-1 without a division, for any size up to 2**62."""
    # (hash >> 32) * size would overflow beyond 2**32, so the size's halves are multiplied apart.
    high = hashed >> _HALF
    low_product = (high * (size & np.uint64(0xFFFFFFFF))) >> _HALF
    return high * (size >> _HALF) + low_product


def _square_side(size: np.ndarray) -> np.ndarray:
    """The least side whose square holds `size`, exactly: float64 can be one off beyond 2**52."""
    side = np.sqrt(size.astype(np.float64)).astype(np.uint64)
    side = np.where(side * side < size, side + np.uint64(1), side)
    return np.where((side - np.uint64(1)) * (side - np.uint64(1)) >= size, side - np.uint64(1), side)
