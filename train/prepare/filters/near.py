"""Band keys of a document: documents that share one are near duplicates (MinHash and locality-sensitive hashing).

Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", sections 3.2 to 3.4. Documents are sets of runs of 5 words;
two with Jaccard similarity s share a band with probability 1 - (1 - s^rows)^bands.
"""

import functools

import numpy as np
import rensa
from numpy.typing import NDArray

from train.prepare.filters.words import mixed, run_hashes, word_hashes

SHINGLE_WORDS = 5
_SEED = 1
_STEPS = 1000


def band_keys(text: str, *, bands: int, rows: int) -> NDArray[np.uint64]:
    """One 64-bit key a band, shape [bands]; no two bands share keys, nor do other texts but by 1 chance in 2^64.

    A text under 5 words is one shingle. The signature is rensa's R-MinHash, one permutation to a row; the same text
    has the same keys in every process.
    """
    return _keys(_signature(text, bands * rows).reshape(bands, rows))


@functools.cache
def bands_for(threshold: float, *, permutations: int = 128) -> tuple[int, int]:
    """The (bands, rows), of at most so many permutations, that tell best whether a similarity is over the threshold.

    Best is the least sum of two areas: under the S-curve left of the threshold (false alarms), and over it to the
    right (misses), as in datasketch's MinHashLSH. StarCoder (arXiv 2305.06161, section 3.5) had a threshold of 0.7;
    SlimPajama 0.8. Raises ValueError for a threshold that is not between 0 and 1.

    >>> bands_for(0.8), bands_for(0.7, permutations=256)
    ((9, 13), (25, 10))
    """
    if not 0 < threshold < 1:
        raise ValueError(f"`threshold` must lie between 0 and 1, got {threshold}")
    similarity = (np.arange(_STEPS) + 0.5) / _STEPS
    left = similarity < threshold
    best = (np.inf, 1, 1)
    for bands in range(1, permutations + 1):
        for rows in range(1, permutations // bands + 1):
            missed = (1 - similarity**rows) ** bands
            best = min(best, (float(np.where(left, 1 - missed, missed).mean()), bands, rows))
    return best[1:]


def _signature(text: str, permutations: int) -> NDArray[np.uint64]:
    words = word_hashes(text)
    ((_, shingles),) = run_hashes(words, (min(SHINGLE_WORDS, max(1, len(words))),))
    # rensa is quickest, and was measured, where the number is a power of two; the permutations left over are unused.
    slots = 1 << (permutations - 1).bit_length()
    digests = rensa.RMinHash.digest_matrix_from_flat_token_hashes  # pyright: ignore[reportAttributeAccessIssue]
    matrix = digests(shingles, (0, len(shingles)), slots, _SEED)
    return np.array(matrix.to_rows()[0][:permutations], np.uint64)


def _keys(signature: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bands, rows = signature.shape
    # Odd factors without a pattern: two unequal bands have one sum in 2^-64 of cases. The band's number joins in.
    return mixed(np.arange(bands, dtype=np.uint64) + (signature * _factors(rows)).sum(axis=1, dtype=np.uint64))


@functools.cache
def _factors(rows: int) -> NDArray[np.uint64]:
    return mixed(np.arange(1, rows + 1, dtype=np.uint64)) | np.uint64(1)
