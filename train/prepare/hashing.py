"""Hashes that decide: the same for the same text on every machine, and another one for every purpose."""

import hashlib

import numpy as np


def hash64(purpose: str, content: bytes) -> int:
    """A 64-bit number that is fixed for the purpose (at most 16 bytes) and the content."""
    digest = hashlib.blake2b(content, digest_size=8, person=purpose.encode()).digest()
    return int.from_bytes(digest, "little")


def mixed(hashes: np.ndarray) -> np.ndarray:
    """Other hashes from uint64 hashes, one to one: SplitMix64's finaliser (Steele et al., OOPSLA 2014)."""
    mixed = hashes + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
