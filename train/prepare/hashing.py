"""Hashes that decide: the same for the same text on every machine, and another one for every purpose."""

import hashlib


def hash64(purpose: str, content: bytes) -> int:
    """A 64-bit number that is fixed for the purpose (at most 16 bytes) and the content."""
    digest = hashlib.blake2b(content, digest_size=8, person=purpose.encode()).digest()
    return int.from_bytes(digest, "little")
