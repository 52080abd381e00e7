"""Measures of written language, all of a text's words, which are what stands between white space."""

import re
from collections.abc import Sequence

_LETTER = re.compile(r"[^\W\d_]")


def mean_word_length(words: Sequence[str]) -> float:
    """Characters a word; 0 without words. Gopher (arXiv 2112.11446, appendix A.1.1) keeps 3 to 10."""
    return sum(map(len, words)) / len(words) if words else 0.0


def symbols_per_word(text: str, words: Sequence[str]) -> float:
    """Hash signs, or ellipses if they are more, to a word; 0 without words.

    Gopher (arXiv 2112.11446, appendix A.1.1) drops documents over 0.1 of either.

    >>> symbols_per_word("# Up... and away…", "# Up... and away…".split())
    0.5
    """
    return max(text.count("#"), text.count("...") + text.count("…")) / len(words) if words else 0.0


def lettered_word_share(words: Sequence[str]) -> float:
    """Share of the words that hold a letter; 0 without words, to 1.

    Gopher (arXiv 2112.11446, appendix A.1.1) keeps documents from 0.8 on.

    >>> lettered_word_share(["3rd", "+", "x", "10"])
    0.5
    """
    others = [word for word in words if not word.isalpha()]
    without = sum(_LETTER.search(word) is None for word in others)
    return 1 - without / len(words) if words else 0.0
