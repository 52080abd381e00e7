"""Chooses the documents of a source: each bucket gets a budget, and no document comes twice."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from train.corpora.dedup import PassageIndex
from train.corpora.document import Document

# SentencePiece writes a space as U+2581, so a text that has one can't be told from its pieces.
_FORBIDDEN = ("\u2581", "\0", "\r", "\ufffd")


@dataclasses.dataclass(frozen=True)
class Bucket:
    """Documents in order of preference, of which the first `budget_bytes` are wanted."""

    name: str
    budget_bytes: int
    documents: Iterable[Document]


def keyed_hash(purpose: str, name: str) -> int:
    """A number that is fixed for the purpose and the name, to choose or to split by."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, key=purpose.encode()).digest()
    return int.from_bytes(digest, "big")


def pick(purpose: str, name: str, options: Sequence[str]) -> str:
    """The option that the name's hash falls on."""
    return options[keyed_hash(purpose, name) % len(options)]


def shuffled(documents: Iterable[Document]) -> list[Document]:
    """The documents in an order that doesn't depend on where they come from."""
    return sorted(documents, key=lambda doc: (keyed_hash("choose", doc.origin), doc.origin))


def admit(bucket: Bucket, passages: PassageIndex, dropped: Counter[str]) -> list[Document]:
    """The bucket's documents that fit its budget and are new, sorted by origin.

    `passages` and `dropped` are updated: order of the calls is order of precedence.
    """
    kept: list[Document] = []
    used_bytes = 0
    for document in bucket.documents:
        size_bytes = len(document.text.encode())
        if used_bytes + size_bytes > bucket.budget_bytes:
            dropped["over budget"] += 1
        elif any(character in document.text for character in _FORBIDDEN):
            dropped["forbidden character"] += 1
        elif not passages.add_if_new(document.text):
            dropped["shares a passage"] += 1
        else:
            kept.append(document)
            used_bytes += size_bytes
    return sorted(kept, key=lambda doc: doc.origin)
