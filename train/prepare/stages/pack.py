"""Token ids of documents, end to end, cut into rows of one length."""

import numpy as np


def pack(tokens: np.ndarray, *, context_tokens: int, eos_id: int) -> np.ndarray:
    """Rows [rows, context_tokens + 1] of ids: EOS, then the tokens of documents, each with its EOS; the last is filled.

    A row's last id is the next row's first, so that each token of the documents is a target exactly once, and none is
    lost. The last row is filled with EOS. The rows are views of one array and share those ids.

    >>> pack(np.array([5, 6, 7, 1, 8, 1], np.uint16), context_tokens=4, eos_id=1).tolist()
    [[1, 5, 6, 7, 1], [1, 8, 1, 1, 1]]
    """
    rows = -(-len(tokens) // context_tokens)
    if not rows:
        return np.empty((0, context_tokens + 1), tokens.dtype)
    stream = np.full(rows * context_tokens + 1, eos_id, tokens.dtype)
    stream[1 : len(tokens) + 1] = tokens
    return np.lib.stride_tricks.sliding_window_view(stream, context_tokens + 1)[::context_tokens]
