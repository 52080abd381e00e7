"""Token ids of documents, end to end, cut into rows of one length."""

from collections.abc import Iterable, Iterator

import numpy as np


def pack(documents: Iterable[list[int]], *, context_tokens: int, eos_id: int, dtype: str) -> Iterator[np.ndarray]:
    """Rows of `context_tokens + 1` ids: EOS, then each document followed by EOS; the last row is filled with EOS.

    A row's last id is the next row's first, so that each token of the documents is a target exactly once, and
    none is lost.

    >>> [row.tolist() for row in pack([[5, 6, 7], [8]], context_tokens=4, eos_id=1, dtype="uint16")]
    [[1, 5, 6, 7, 1], [1, 8, 1, 1, 1]]
    """
    held = [eos_id]
    for ids in documents:
        held += ids
        held.append(eos_id)
        whole = (len(held) - 1) // context_tokens
        for row in range(whole):
            start = row * context_tokens
            yield np.array(held[start : start + context_tokens + 1], dtype)
        held = held[whole * context_tokens :]
    if len(held) > 1:
        yield np.array(held + [eos_id] * (context_tokens + 1 - len(held)), dtype)
