"""Token ids of documents, end to end, cut into rows of one length."""

import numpy as np
from numpy.typing import DTypeLike


def empty_stream(tokens: int, *, context_tokens: int, eos_id: int, dtype: DTypeLike) -> tuple[np.ndarray, np.ndarray]:
    """A stream with room for so many tokens of documents, and the view of it that they go into.

    It begins with an EOS and ends with as many as fill its last row.
    """
    rows = -(-tokens // context_tokens)
    stream = np.full(rows * context_tokens + 1, eos_id, dtype)
    return stream, stream[1 : tokens + 1]


def packed(stream: np.ndarray, *, context_tokens: int) -> np.ndarray:
    """The rows [rows, context_tokens + 1] of a stream: views, which share the ids at their ends.

    A row's last id is the next row's first, so that each token of the documents is a target exactly once, and none is
    lost.

    >>> stream, tokens = empty_stream(6, context_tokens=4, eos_id=1, dtype="uint16")
    >>> tokens[:] = [5, 6, 7, 1, 8, 1]
    >>> packed(stream, context_tokens=4).tolist()
    [[1, 5, 6, 7, 1], [1, 8, 1, 1, 1]]
    """
    if len(stream) <= context_tokens:
        return np.empty((0, context_tokens + 1), stream.dtype)
    return np.lib.stride_tricks.sliding_window_view(stream, context_tokens + 1)[::context_tokens]
