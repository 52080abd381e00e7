"""Finds passages that two documents share, so that no document is in the corpus twice.

The rule: a text is cut at white space into words, and every run of 40 words is hashed. A text whose
runs include one that an earlier text had is a repeat. A text of fewer than 40 words is one run.
In code a leading comment that states the copyright is not counted, because every file has it.
"""

import functools
import hashlib
import re

import numpy as np
from numpy.typing import NDArray

PASSAGE_WORDS = 40
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_COPYRIGHT = re.compile(r"copyright|licen[sc]e", re.IGNORECASE)
_LEADING_COMMENT = re.compile(
    r"""\s*(?:<\?php\s*)?(?:declare\([^)]*\);\s*)?
    (?: /\*.*?\*/ | (?:[ \t]*(?:\#|//)[^\n]*(?:\n|$))+ )""",
    re.VERBOSE | re.DOTALL,
)


class PassageIndex:
    """The passages of all texts that were added; equal in every run and on every machine."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def add_if_new(self, text: str) -> bool:
        """Adds the text's passages and returns True, or False if one of them was there before."""
        hashes = set(passage_hashes(text).tolist())
        if not self._seen.isdisjoint(hashes):
            return False
        self._seen |= hashes
        return True


def passage_hashes(text: str) -> NDArray[np.uint64]:
    """One 64-bit hash for each run of 40 words, in order; a shorter text gives one hash."""
    words = _without_copyright_comment(text).split()
    # A short text must not equal a longer one that starts with it, hence its length joins in.
    if len(words) < PASSAGE_WORDS:
        words = [f"{len(words)} words: {' '.join(words)}"]
    word_hashes = np.fromiter((_word_hash(word) for word in words), np.uint64, len(words))
    run_words = min(PASSAGE_WORDS, len(words))
    run_count = len(words) - run_words + 1
    hashes = np.zeros(run_count, np.uint64)
    for place in range(run_words):
        hashes = hashes * _MULTIPLIER + word_hashes[place : place + run_count]
    return hashes


@functools.lru_cache(maxsize=1_000_000)
def _word_hash(word: str) -> int:
    # Python's own hash() of a string differs from run to run.
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _without_copyright_comment(text: str) -> str:
    comment = _LEADING_COMMENT.match(text)
    while comment and _COPYRIGHT.search(comment.group()):
        text = text[comment.end() :]
        comment = _LEADING_COMMENT.match(text)
    return text
