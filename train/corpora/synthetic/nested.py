"""Recursion over nested lists that gathers their numbers, with or without regard to their depth."""

import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task

_LEAVES: tuple[tuple[str, str, Callable[[int, int, int], Any]], ...] = (
    ("item", "the numbers", lambda v, d, k: v), ("item * item", "the squares", lambda v, d, k: v**2),
    ("item * depth", "the numbers times their depth", lambda v, d, k: v * d),
    ("item + {k}", "the numbers plus {k}", lambda v, d, k: k + v), ("depth", "the depths", lambda v, d, k: d),
    ("item % {k}", "the rests by {k}", lambda v, d, k: v - v // k * k),
    ("max(item, {k})", "the numbers, at least {k},", lambda v, d, k: sorted((k, v))[1]),
    ("item - depth", "the numbers less their depth", lambda v, d, k: v - d),
)  # fmt: skip
_KEEPS: tuple[tuple[str, str, Callable[[int, int, int], bool]], ...] = (
    ("", "", lambda v, d, k: True), ("item > {k}", " above {k}", lambda v, d, k: k < v),
    ("item % 2 == 0", " that are even", lambda v, d, k: not v & 1),
    ("item % 2 != 0", " that are odd", lambda v, d, k: bool(v & 1)),
    ("depth > 1", " below the top list", lambda v, d, k: d != 1),
    ("depth % 2 == 1", " at odd depths", lambda v, d, k: bool(d & 1)),
    ("item > depth", " above their own depth", lambda v, d, k: d < v),
    ("depth < 3 and item != {k}", " other than {k} and not deeper than two", lambda v, d, k: d <= 2 and v != k),
)  # fmt: skip
_JOINS: tuple[tuple[str, str, str, str, Callable[[list], Any]], ...] = (
    ("0", "result += {v}", "result += {r}", "Add up", sum),
    ("[]", "result.append({v})", "result.extend({r})", "List", list),
    ("0", "result = max(result, {v})", "result = max(result, {r})", "The largest, or 0, of",
     lambda v: sorted([0, *v])[-1] if max([0, *v]) >= 0 else 0),
    ("0", "result += 1", "result += {r}", "Count", len),
    ("[]", "result.insert(0, {v})", "result = {r} + result", "List backwards", lambda v: v[::-1]),
    ("set()", "result.add({v})", "result |= {r}", "Collect in a set", set),
    ('""', "result += str({v})", "result += {r}", "Write one after the other", lambda v: "".join(map(str, v))),
    ("[]", "if {v} not in result:\n    result.append({v})",
     "result += [other for other in {r} if other not in result]", "List without repeats",
     lambda v: list(dict.fromkeys(v))),
)  # fmt: skip


def nested_task(rng: random.Random) -> Task:
    """Gathers the numbers of lists within lists, by recursion."""
    leaf, of_what, value = rng.choice(_LEAVES)
    keep, only, passes = rng.choice(_KEEPS)
    empty, add, merge, verb, gather = rng.choice(_JOINS)
    k, name = rng.randint(2, 6), rng.choice(("walk", "gather", "collect_nested", "descend", "fold_tree"))
    leaf, keep = leaf.format(k=k), keep.format(k=k)
    deep = "depth" in leaf + keep
    call = f"{name}(item, depth + 1)" if deep else f"{name}(item)"
    lines = [f"result = {empty}", "for item in nested:", "    if isinstance(item, list):"]
    lines += [f"        {line}" for line in merge.format(r=call).split("\n")]
    lines.append(f"    elif {keep}:" if keep else "    else:")
    lines += [f"        {line}" for line in add.format(v=leaf).split("\n")]

    def reference(nested: list, depth: int = 1) -> Any:
        kept = [value(v, d, k) for v, d in _leaves(nested, depth) if passes(v, d, k)]
        return gather(kept)

    tries = tuple((_draw_nested(rng, levels=3),) for _ in range(6))
    return Task(
        name=name,
        parameters=("nested", "depth=1") if deep else ("nested",),
        body=(*lines, "return result"),
        summary=f"{verb} {of_what.format(k=k)} in nested lists"
        f"{', taking only numbers' + only.format(k=k) if only else ''}"
        f"{'; the outermost list has depth one' if deep else ''}.",
        reference=reference,
        arguments=tries,
    )


def _leaves(nested: list, depth: int) -> list[tuple[int, int]]:
    return [
        found
        for item in nested
        for found in (_leaves(item, depth + 1) if isinstance(item, list) else [(item, depth)])
    ]  # fmt: skip


def _draw_nested(rng: random.Random, *, levels: int) -> list:
    items: list[Any] = [rng.randint(1, 12) for _ in range(rng.randint(1, 3))]
    if levels > 1:
        items += [_draw_nested(rng, levels=levels - 1) for _ in range(rng.randint(1, 2))]
    rng.shuffle(items)
    return items
