"""A keyed shuffle of 0..size-1 that is evaluated one index at a time: no index arrays, whatever the size.

A Feistel network over a square of even side, whose round function is a multiplicative hash; what lands outside `size`
walks on until it is inside (Black and Rogaway, 2002), which is rare as the square is no larger than it must be. Odd
sides and sides below 8 favour some orders of a handful of items, so there are none; six rounds make every order of
small sizes equally likely, as far as a chi-square test over some 100,000 keys can tell.
"""

import numpy as np

ROUNDS = 6
LEAST_SIDE = 8
# So many indices at a time: their temporaries stay in a core's cache.
BLOCK = 2**14
# The constants of splitmix64 (Steele, Lea and Flood, 2014). Arrays without axes, with which NumPy reckons quicker than
# with its scalars, and which wrap around in silence.
_GOLDEN, _FIRST, _SECOND = (
    np.array(constant, np.uint64) for constant in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_ONE, _HALF, _30, _27, _31 = (np.array(constant, np.uint64) for constant in (1, 32, 30, 27, 31))
_ROUND_KEYS = [np.array(number * int(_GOLDEN) % 2**64, np.uint64) for number in range(1, ROUNDS + 1)]


def derive_key(*purpose: str | int) -> np.uint64:
    """A 64-bit key for a purpose, e.g. `derive_key(seed, "order", source)`; no two purposes share one.

    >>> bool(derive_key(0, "order", "text") == derive_key(0, "order", "code"))
    False
    """
    import hashlib

    text = "\0".join(f"{len(str(part))}:{part}" for part in purpose)
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=8).digest(), np.dtype("<u8"))[0]


def subkey(key: np.ndarray | np.uint64, index: np.ndarray | int) -> np.ndarray:
    """The key of one member of a family, e.g. of an epoch or a step: uint64, the broadcast shape, at least [1].

    Member k is the number that splitmix64, begun at `key`, draws after k others.
    """
    # NumPy warns when scalars wrap around, which is what a hash is made of; arrays wrap in silence.
    index = np.atleast_1d(np.asarray(index, np.uint64))
    return mix64((index + _ONE) * _GOLDEN + np.asarray(key, np.uint64))


def permute(index: np.ndarray, *, size: np.ndarray | int, key: np.ndarray | np.uint64) -> np.ndarray:
    """The place of each `index` in the shuffle of 0..size-1 that `key` names: int64, the shape of `index`.

    `size` (1 to 2**62) and `key` are one for all or one for each index. For a fixed size and key it is a
    bijection. Raises ValueError for an index that is not a whole number in 0..size-1.

    >>> permute(np.arange(5), size=5, key=derive_key("an example")).tolist()
    [1, 0, 3, 2, 4]
    """
    index = np.asarray(index)
    place = index.ravel().astype(np.uint64)
    size = np.broadcast_to(np.asarray(size, np.uint64), index.shape).ravel()
    key = np.broadcast_to(np.asarray(key, np.uint64), index.shape).ravel()
    # A negative index became a large one.
    if index.size and (index.dtype.kind not in "iu" or (place >= size).any()):
        raise ValueError("`index` must hold whole numbers in 0..size-1")
    return permute_within(place, size, square_side(size), key).astype(np.int64).reshape(index.shape)


def permute_within(place: np.ndarray, size: np.ndarray, side: np.ndarray, key: np.ndarray) -> np.ndarray:
    """`permute` unchecked, for whom calls it often: uint64 of one shape each, `side` is `square_side(size)`."""
    shuffled = np.empty_like(place)
    for start in range(0, len(place), BLOCK):
        block = slice(start, start + BLOCK)
        shuffled[block] = _feistel(place[block], side[block], key[block])
    outside = np.flatnonzero(shuffled >= size)
    while outside.size:
        shuffled[outside] = _feistel(shuffled[outside], side[outside], key[outside])
        outside = outside[shuffled[outside] >= size[outside]]
    return shuffled


def shuffled_slots(keys: np.ndarray, slots: int) -> np.ndarray:
    """A shuffle of 0..slots-1 for each of `keys`, as whole rows: int64 [keys, slots].

    Sorts the numbers that splitmix64 draws from each key; the slot, in their last bits, breaks ties.
    """
    slot = np.arange(slots, dtype=np.uint64)
    bits = np.uint64((slots - 1).bit_length())
    drawn = mix64(keys[:, None] + slot * _GOLDEN) >> bits << bits | slot
    drawn.sort(axis=1)
    drawn &= (np.uint64(1) << bits) - np.uint64(1)
    return drawn.view(np.int64)


def mix64(value: np.ndarray) -> np.ndarray:
    """The splitmix64 finaliser: a bijection of uint64 in which every input bit moves every output bit."""
    value = value ^ (value >> _30)
    value *= _FIRST
    value ^= value >> _27
    value *= _SECOND
    value ^= value >> _31
    return value


def square_side(size: np.ndarray) -> np.ndarray:
    """The least even side, at least 8, whose square holds `size`: uint64 in and out, exact up to 2**62."""
    side = np.sqrt(size.astype(np.float64)).astype(np.uint64)
    # float64 can be off beyond 2**52, and the root was cut to whole.
    side += side * side < size
    side += side & np.uint64(1)
    return np.maximum(side, np.uint64(LEAST_SIDE))


def _feistel(place: np.ndarray, side: np.ndarray, key: np.ndarray) -> np.ndarray:
    left = place // side
    right = place - left * side
    hashed, shifted = np.empty_like(place), np.empty_like(place)
    for round_key in _ROUND_KEYS:
        np.add(key, round_key, out=hashed)
        hashed ^= right
        hashed *= _FIRST
        np.right_shift(hashed, _HALF, out=shifted)
        hashed ^= shifted
        hashed *= _SECOND
        # The upper half brought into 0..side-1 without a division; sides are below 2**32.
        hashed >>= _HALF
        hashed *= side
        hashed >>= _HALF
        left += hashed
        # Modulo the side: where left < side the difference wraps around to a large number.
        np.subtract(left, side, out=shifted)
        np.minimum(left, shifted, out=left)
        left, right = right, left
    left *= side
    left += right
    return left
