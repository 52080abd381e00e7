"""Lines of cells as a table in plain text, as wide as its contents."""

from collections.abc import Sequence


def align(lines: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """The lines, of which the first is the header, in columns; those named in `right` are set to the right.

    >>> print(align([("source", "rows"), ("text", "1,000"), ("code", "9")], right=["rows"]))
    source   rows
    text    1,000
    code        9
    """
    header = lines[0]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in right else cell.ljust(width)
            for cell, width, title in zip(line, widths, header, strict=True)
        ).rstrip()
        for line in lines
    )
