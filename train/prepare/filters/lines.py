"""How long the lines of a text are, and how often they say the same."""


def mean_line_length(text: str) -> float:
    """Characters a line, line ends not counted; 0 for a text without lines.

    The Codex paper (arXiv 2107.03374, section 3.1) and The Stack (arXiv 2211.15533) drop files over 100.

    >>> mean_line_length("ab\\n\\nabcd\\n")
    2.0
    """
    lines = text.splitlines()
    return sum(map(len, lines)) / len(lines) if lines else 0.0


def longest_line(text: str) -> int:
    """Characters of the longest line; 0 for a text without lines.

    The Codex paper (arXiv 2107.03374, section 3.1) and The Stack (arXiv 2211.15533) drop files over 1000.
    """
    return max(map(len, text.splitlines()), default=0)


def repeated_line_share(text: str) -> float:
    """Share of the lines that are there already, further up; lines are stripped and blank ones are not counted.

    Gopher (arXiv 2112.11446, appendix A.1.1, "Repetition Removal") drops documents over 0.3.

    >>> repeated_line_share("a\\nb\\n\\na\\n  a\\n")
    0.5
    """
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    return 1 - len(set(lines)) / len(lines) if lines else 0.0
