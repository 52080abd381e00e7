"""Dynamic programming: choices from a list, and paths through a grid, by a table or by recursion."""

import random
from collections.abc import Callable, Sequence

from train.corpora.synthetic.pipelines import Task

_GAINS: tuple[tuple[str, str, Callable[[int, int, int], int]], ...] = (
    ("values[place]", "the value", lambda v, p, k: v), ("values[place] * place", "the value times its place",
                                                      lambda v, p, k: p * v),
    ("values[place] - {k}", "the value less {k}", lambda v, p, k: v - k),
    ("values[place] % {k}", "the rest of the value by {k}", lambda v, p, k: v - v // k * k),
    ("abs(values[place])", "the absolute value", lambda v, p, k: max(v, -v)),
    ("1", "one", lambda v, p, k: 1),
)  # fmt: skip
_MAY: tuple[tuple[str, str, Callable[[int, int, int], bool]], ...] = (
    ("", "", lambda v, p, k: True), ("values[place] > {k}", " Only values above {k} may be taken.",
                                    lambda v, p, k: k < v),
    ("place % 2 == 0", " Only values at even places may be taken.", lambda v, p, k: not p & 1),
    ("values[place] % 2 != 0", " Only odd values may be taken.", lambda v, p, k: bool(v & 1)),
    ("values[place] > place", " Only values above their place may be taken.", lambda v, p, k: p < v),
)  # fmt: skip


def choice_task(rng: random.Random) -> Task:
    """Chooses values that keep a distance, for the best total or for the number of ways: a table, or a cache."""
    gain, of_what, value = rng.choice(_GAINS)
    may, only, allowed = rng.choice(_MAY)
    gap, k, counts = rng.randint(1, 3), rng.randint(2, 5), rng.random() < 0.25
    gain, may, name = gain.format(k=k), may.format(k=k), rng.choice(("choose", "best_choice", "plan", "select"))
    earlier = f"best[max(0, place - {gap})]"
    take = f"best[place] + {earlier}" if counts else f"max(best[place], {earlier} + {gain})"
    if rng.random() < 0.5:
        start = "[1]" if counts else "[0]"
        body = [f"best = {start}", "for place in range(len(values)):"]
        if may:
            body += [f"    if {may}:", f"        best.append({take})", "    else:", "        best.append(best[place])"]
        else:
            body.append(f"    best.append({take})")
        body, before = [*body, "return best[-1]"], ""
    else:
        skip, rest = f"{name}_from(values, place + 1)", f"{name}_from(values, place + {gap + 1})"
        lines = [
            f"def {name}_from(values, place):",
            "    if place >= len(values):",
            f"        return {1 if counts else 0}",
        ]
        if may:
            lines += [f"    if not ({may}):", f"        return {skip}"]
        lines.append(f"    return {skip} + {rest}" if counts else f"    return max({skip}, {rest} + {gain})")
        before, body = "\n".join(lines), [f"return {name}_from(values, 0)"]

    def reference(values: Sequence[int]) -> int:
        places = [p for p, v in enumerate(values) if allowed(v, p, k)]
        sets = [()]
        for p in places:
            sets += [(*chosen, p) for chosen in sets if not chosen or p - chosen[-1] > gap]
        return len(sets) if counts else max(sum(value(values[p], p, k) for p in chosen) for chosen in sets)

    what = "Count the ways to choose" if counts else f"Get the largest total of {of_what} from"
    between = "one other" if gap == 1 else f"{gap} others"
    return Task(
        name=name,
        parameters=("values",),
        body=tuple(body),
        summary=f"{what} places of the list, with at least {between} between two of them.{only.format(k=k)}",
        reference=reference,
        arguments=tuple(([rng.randint(-2, 12) for _ in range(rng.randint(3, 8))],) for _ in range(6)),
        before=before,
    )


_MERGES: tuple[tuple[str, str, str, Callable[[list[int]], int], bool], ...] = (
    ("max({a}, {b})", "largest total", "best", max, False), ("min({a}, {b})", "smallest total", "best", min, False),
    ("{a} + {b}", "number of ways", "ways", sum, True),
)  # fmt: skip
_COSTS: tuple[tuple[str, str, Callable[[int, int, int, int], int]], ...] = (
    ("grid[r][c]", "the cells", lambda v, r, c, k: v), ("grid[r][c] % {k}", "the rests of the cells by {k}",
                                                      lambda v, r, c, k: v - v // k * k),
    ("abs(r - c)", "the distances from the diagonal", lambda v, r, c, k: max(r, c) - min(r, c)),
    ("grid[r][c] * (r + 1)", "the cells, each times the number of its row from one,", lambda v, r, c, k: r * v + v),
    ("max(grid[r][c], {k})", "the cells, each at least {k},", lambda v, r, c, k: sorted((k, v))[1]),
)  # fmt: skip
_BLOCKS: tuple[tuple[str, str, Callable[[int, int], bool]], ...] = (
    ("grid[r][c] == 0", "cells of 0", lambda v, k: not v), ("grid[r][c] > {k}", "cells above {k}", lambda v, k: k < v),
    ("grid[r][c] % {k} == 0", "cells that {k} divides", lambda v, k: v // k * k == v),
)  # fmt: skip


def path_task(rng: random.Random) -> Task:
    """The best or the number of the paths through a grid, by a table or by recursion."""
    merge, what, name, join, counts = rng.choice(_MERGES)
    cost, of_what, value = rng.choice(_COSTS)
    block, blocked, stops = rng.choice(_BLOCKS)
    diagonal, k = rng.random() < 0.4, rng.randint(2, 5)
    cost, block = cost.format(k=k), block.format(k=k)
    moves = [("r - 1", "c", "r > 0"), ("r", "c - 1", "c > 0")] + [("r - 1", "c - 1", "r > 0 and c > 0")] * diagonal
    recursive = rng.random() < 0.5
    lookup = "reach(grid, {r}, {c})" if recursive else "table[{r}][{c}]"
    function = "sum" if counts else merge[:3]
    inner = [f"if {block}:", "    {give}0"] if counts else []
    inner += ["{elif_}r == 0 and c == 0:", "    {give}" + ("1" if counts else cost)]
    found = ["earlier = []"]
    for r, c, when in moves:
        found += [f"if {when}:", f"    earlier.append({lookup.format(r=r, c=c)})"]
    found.append("{give}" + f"{function}(earlier)" + ("" if counts else f" + {cost}"))
    if recursive:
        lines = ["def reach(grid, r, c):"]
        lines += [f"    {line.format(give='return ', elif_='if ')}" for line in [*inner, *found]]
        before = "\n".join(lines)
        body = ["return reach(grid, len(grid) - 1, len(grid[0]) - 1)"]
    else:
        before = ""
        body = [
            "table = [[0] * len(row) for row in grid]",
            "for r in range(len(grid)):",
            "    for c in range(len(grid[0])):",
        ]
        give, elif_ = "table[r][c] = ", "elif " if counts else "if "
        body += [f"        {line.format(give=give, elif_=elif_)}" for line in inner]
        body += ["        else:", *(f"            {line.format(give=give, elif_=elif_)}" for line in found)]
        body.append("return table[-1][-1]")

    def reference(grid: list[list[int]]) -> int:
        steps = [(1, 0), (0, 1)] + [(1, 1)] * diagonal
        goal = (len(grid) - 1, len(grid[0]) - 1)

        def totals(r: int, c: int) -> list[int]:
            if counts and stops(grid[r][c], k):
                return []
            here = 1 if counts else value(grid[r][c], r, c, k)
            if (r, c) == goal:
                return [here]
            on = [t for dr, dc in steps if r + dr <= goal[0] and c + dc <= goal[1] for t in totals(r + dr, c + dc)]
            return on if counts else [here + t for t in on]

        found = totals(0, 0)
        return len(found) if counts else join(found)

    ways = "down, right or both at once" if diagonal else "down or right"
    rule = f" that avoid {blocked.format(k=k)}" if counts else f", adding up {of_what.format(k=k)}"
    size = rng.choice(((3, 3), (2, 4), (3, 2)))
    tries = tuple(([[rng.randint(0, 9) for _ in range(size[1])] for _ in range(size[0])],) for _ in range(6))
    return Task(
        name=f"{name}_{rng.choice(('path', 'route', 'way_down', 'crossing'))}",
        parameters=("grid",),
        body=tuple(body),
        summary=f"The {what} of paths{rule} from the first cell of the grid to the last, moving {ways}.",
        reference=reference,
        arguments=tries,
        before=before,
    )
