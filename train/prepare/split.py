"""Which documents are held out: decided by a hash of their subject, before anything else sees them."""

import numpy as np

from train.corpora.document import Document
from train.prepare.hashing import hash64

HELDOUT_SHARE = 0.05
PARTS = ("train", "heldout")


def is_heldout(document: Document, share: float = HELDOUT_SHARE) -> bool:
    """Whether the document's `group` falls into the held-out share; the same in every source and corpus.

    Documents on one subject share a group, so a fact that is held out in one source is in no other's training part.
    """
    return hash64("held out", document.group.encode()) < int(share * 2**64)


def are_heldout(group_hashes: np.ndarray, share: float) -> np.ndarray:
    """The same for many documents at once, by the hashes of their groups: uint64 [documents] to bool [documents]."""
    return group_hashes < np.uint64(int(share * 2**64))


def shuffle_key(document: Document) -> tuple[int, str]:
    """A key that sorts documents into a fixed order without pattern."""
    return hash64("order", document.text.encode()), document.origin
