"""Which documents are held out: decided by a hash of their subject, before anything else sees them."""

import hashlib

from train.corpora.document import Document

HELDOUT_SHARE = 0.05


def is_heldout(document: Document) -> bool:
    """Whether the document's `group` falls into the held-out share; the same in every source and corpus.

    Documents on one subject share a group, so a fact that is held out in one source is in no other's training part.
    """
    return _hash64("held out", document.group) < int(HELDOUT_SHARE * 2**64)


def shuffle_key(document: Document) -> tuple[int, str]:
    """A key that sorts documents into a fixed order without pattern."""
    return _hash64("order", document.text), document.origin


def _hash64(purpose: str, text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=purpose.encode()).digest()
    return int.from_bytes(digest, "little")
