"""Walks over the cells of a square grid, gathering those that fulfil conditions on place and value."""

import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task

_Grid = list[list[int]]
_CELLS: tuple[tuple[str, str, Callable[[int, int, int, int], bool]], ...] = (
    ("row == column", "on the diagonal", lambda r, c, n, v: r == c),
    ("row + column == size - 1", "on the other diagonal", lambda r, c, n, v: c == n - 1 - r),
    ("row < column", "above the diagonal", lambda r, c, n, v: c > r),
    ("row > column", "below the diagonal", lambda r, c, n, v: c < r),
    ("(row + column) % 2 == 0", "on the dark squares", lambda r, c, n, v: r % 2 == c % 2),
    ("row in (0, size - 1) or column in (0, size - 1)", "on the border",
     lambda r, c, n, v: not (0 < r < n - 1 and 0 < c < n - 1)),
    ("0 < row < size - 1 and 0 < column < size - 1", "not on the border",
     lambda r, c, n, v: r not in (0, n - 1) and c not in (0, n - 1)),
    ("grid[row][column] > row", "above the number of their row", lambda r, c, n, v: r < v),
    ("grid[row][column] % 2 == column % 2", "as even or odd as their column", lambda r, c, n, v: (v - c) % 2 == 0),
)  # fmt: skip
_MIRRORED = ("grid[row][column] > grid[column][row]", "above their mirror image")
_VALUES: tuple[tuple[str, str, Callable[[int, int, int], int]], ...] = (
    ("grid[row][column]", "the cells", lambda v, r, c: v), ("grid[row][column] * row", "the cells times their row",
                                                          lambda v, r, c: r * v),
    ("grid[row][column] + column", "the cells plus their column", lambda v, r, c: c + v),
    ("grid[row][column] ** 2", "the squares of the cells", lambda v, r, c: v * v),
    ("abs(row - column)", "the distances from the diagonal of the cells", lambda v, r, c: max(r, c) - min(r, c)),
)  # fmt: skip
_SUMS: tuple[tuple[str, str, str, str, Callable[[list[tuple[int, int]], int], Any]], ...] = (
    ("total = 0", "total += {v}", "return total", "Add up", lambda found, n: sum(v for v, _ in found)),
    ("totals = [0] * size", "totals[row] += {v}", "return totals", "For every row, add up",
     lambda found, n: [sum(v for v, r in found if r == row) for row in range(n)]),
    ("values = []", "values.append({v})", "return sorted(values)", "List in ascending order",
     lambda found, n: sorted(v for v, _ in found)),
    ("best = None", "if best is None or {v} > best:\n    best = {v}", "return best", "The largest, or None, of",
     lambda found, n: max((v for v, _ in found), default=None)),
    ("counts = {{}}", "counts[{v}] = counts.get({v}, 0) + 1", "return counts", "Count the different values of",
     lambda found, n: {v: [w for w, _ in found].count(v) for v, _ in found}),
    ("rows = [[] for _ in range(size)]", "rows[row].append({v})", "return rows", "List, row by row,",
     lambda found, n: [[v for v, r in found if r == row] for row in range(n)]),
)  # fmt: skip


def grid_task(rng: random.Random) -> Task:
    """Gathers the cells of a square grid that fulfil one or two conditions on place and value."""
    cells = rng.sample(_CELLS, rng.choice((1, 1, 2)))
    mirrored = rng.random() < 0.15
    value, of_what, apply = rng.choice(_VALUES)
    start, update, end, verb, gather = rng.choice(_SUMS)
    tests = [f"({test})" if " or " in test else test for test, _, _ in cells] + [_MIRRORED[0]] * mirrored
    body = ["size = len(grid)", start.format(), "for row in range(size):", "    for column in range(size):"]
    if rng.random() < 0.5:
        body.append(f"        if {' and '.join(tests)}:")
    else:
        body += [line for test in tests[:-1] for line in (f"        if not ({test}):", "            continue")]
        body.append(f"        if {tests[-1]}:")
    body += [f"            {line}" for line in update.format(v=value).split("\n")]

    def reference(grid: _Grid) -> Any:
        n = len(grid)
        kept = [
            (apply(v, r, c), r)
            for r, row in enumerate(grid)
            for c, v in enumerate(row)
            if all(test(r, c, n, v) for _, _, test in cells) and (not mirrored or grid[c][r] < v)
        ]
        return gather(kept, n)

    where = [text for _, text, _ in cells] + [_MIRRORED[1]] * mirrored
    tries = tuple(([[rng.randint(0, 9) for _ in range(n)] for _ in range(n)],) for n in (3, rng.choice((2, 4)), 3, 3))
    return Task(
        name=rng.choice(("scan_grid", "cells", "grid_summary", "inspect_board", "survey")),
        parameters=("grid",),
        body=(*body, end),
        summary=f"{verb} {of_what} of a square grid that are {' and '.join(where)}.",
        reference=reference,
        arguments=tries,
    )
