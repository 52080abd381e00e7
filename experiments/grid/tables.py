"""Tables of cells: with colours on a terminal, plain text through a pipe."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mixsched.columns import align


def print_table(lines: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print lines of cells, the first of which is the header; the columns named in `right` are set to the right."""
    if not sys.stdout.isatty():
        print(align(lines, right=right))
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)
    for place, title in enumerate(lines[0]):
        # On a narrow terminal names and numbers stay whole, and words are folded.
        whole = place == 0 or title in right
        table.add_column(title, justify="right" if title in right else "left", no_wrap=whole, overflow="fold")
    for line in lines[1:]:
        table.add_row(*map(Text, line))
    Console().print(table)
