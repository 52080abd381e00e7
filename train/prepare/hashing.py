"""Hashes: of texts, to decide by, the same on every machine and another one for each purpose; of files."""

import hashlib
from pathlib import Path


def hash64(purpose: str, content: bytes) -> int:
    """A 64-bit number that is fixed for the purpose (at most 16 bytes) and the content."""
    digest = hashlib.blake2b(content, digest_size=8, person=purpose.encode()).digest()
    return int.from_bytes(digest, "little")


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
