"""The ways in which a generated function turns the elements that it kept into a result."""

import functools
import itertools
import operator
import random
from collections import Counter

from train.corpora.synthetic.steps import Sink


def sinks(rng: random.Random) -> tuple[Sink, ...]:
    """All sinks, with constants drawn from `rng`; "any" takes int and str."""
    k, separator = rng.randint(2, 12), rng.choice((" ", "-", ", ", "/", ""))
    return (*_any_sinks(), *_integer_sinks(k), *_string_sinks(separator))


def _any_sinks() -> tuple[Sink, ...]:
    return (
        Sink("any", "list({v})", "result = []", "result.append({x})", "result",
             "return the list of what is left", "list", list),
        Sink("any", "len({v})", "count = 0", "count += 1", "count",
             "return how many there are", "count", lambda v: sum(1 for _ in v)),
        Sink("any", "len(set({v}))", "seen = set()", "seen.add({x})", "len(seen)",
             "return how many are different", "distinct", lambda v: len(Counter(v))),
        Sink("any", "sorted({v})", "result = []", "result.append({x})", "sorted(result)",
             "return them in ascending order", "sorted",
             lambda v: sorted(v, reverse=True)[::-1]),
        Sink("any", "list({v})[::-1]", "result = []", "result.insert(0, {x})", "result",
             "return them in reverse order", "backwards", lambda v: list(reversed(v))),
        Sink("any", "list(dict.fromkeys({v}))", "result = []",
             "if {x} not in result:\n    result.append({x})", "result",
             "return them without repeats, first ones first", "unique",
             lambda v: [x for place, x in enumerate(v) if x not in v[:place]]),
        Sink("any", "{{item: list({v}).count(item) for item in {v}}}", "counts = {{}}",
             "counts[{x}] = counts.get({x}, 0) + 1", "counts",
             "return a dict from each value to its number of occurrences", "counts",
             lambda v: dict(Counter(v))),
        Sink("any", "list(enumerate({v}, start=1))", "pairs = []",
             "pairs.append((len(pairs) + 1, {x}))", "pairs",
             "return pairs of a position, from one, and the value", "numbered",
             lambda v: list(zip(itertools.count(1), v, strict=False))),
    )  # fmt: skip


def _integer_sinks(k: int) -> tuple[Sink, ...]:
    return (
        Sink("int", "sum({v})", "total = 0", "total += {x}", "total", "return the sum", "sum",
             lambda v: functools.reduce(operator.add, v, 0)),
        Sink("int", "max({v}, default=0)", "best = None",
             "if best is None or {x} > best:\n    best = {x}", "0 if best is None else best",
             "return the largest, or 0 if there is none", "max", lambda v: (sorted(v) or [0])[-1]),
        Sink("int", "min({v}, default=0)", "best = None",
             "if best is None or {x} < best:\n    best = {x}", "0 if best is None else best",
             "return the smallest, or 0 if there is none", "min", lambda v: (sorted(v) or [0])[0]),
        Sink("int", "math.prod({v})", "product = 1", "product *= {x}", "product",
             "return the product", "product", lambda v: functools.reduce(operator.mul, v, 1)),
        Sink("int", f"any(item > {k} for item in {{v}})", "found = False",
             f"if {{x}} > {k}:\n    found = True", "found",
             f"tell whether one of them is above {k}", "has_large", lambda v: max([k, *v]) > k),
        Sink("int", f"all(item < {k} for item in {{v}})", "fits = True",
             f"if {{x}} >= {k}:\n    fits = False", "fits",
             f"tell whether all of them are below {k}", "all_small",
             lambda v: not any(x >= k for x in v)),
        Sink("int", "list(itertools.accumulate({v}))", "totals = []",
             "totals.append({x} + (totals[-1] if totals else 0))", "totals",
             "return the running totals", "running_totals",
             lambda v: [sum(v[: place + 1]) for place in range(len(v))]),
        Sink("int", f"sum({{v}}) % {k}", "total = 0", "total += {x}", f"total % {k}",
             f"return the sum modulo {k}", "checksum", lambda v: divmod(sum(v), k)[1]),
        Sink("int", "max({v}, default=0) - min({v}, default=0)", "kept = []",
             "kept.append({x})", "max(kept) - min(kept) if kept else 0",
             "return the distance between the largest and the smallest", "spread",
             lambda v: (sorted(v) or [0])[-1] - (sorted(v) or [0])[0]),
    )  # fmt: skip


def _string_sinks(separator: str) -> tuple[Sink, ...]:
    named = {" ": "a space", "": "nothing"}.get(separator, repr(separator))
    return (
        Sink("str", f'"{separator}".join({{v}})', "parts = []", "parts.append({x})",
             f'"{separator}".join(parts)', f"join them with {named} between", "joined",
             lambda v: functools.reduce(lambda a, b: a + separator + b, v) if v else ""),
        Sink("str", 'max({v}, key=len, default="")', 'best = ""',
             "if len({x}) > len(best):\n    best = {x}", "best",
             "return the longest, the first of them if several are", "longest",
             lambda v: sorted(v, key=lambda x: -len(x))[0] if v else ""),
        Sink("str", "sum(len(item) for item in {v})", "total = 0", "total += len({x})", "total",
             "return their total length", "total_length", lambda v: len("".join(v))),
        Sink("str", "{{item: len(item) for item in {v}}}", "lengths = {{}}",
             "lengths[{x}] = len({x})", "lengths", "map each of them to its length", "lengths",
             lambda v: dict(zip(v, map(len, v), strict=True))),
        Sink("str", '", ".join(sorted(set({v})))', "seen = set()", "seen.add({x})",
             '", ".join(sorted(seen))', "list the different ones alphabetically, in one string",
             "index", lambda v: ", ".join(dict.fromkeys(sorted(v)))),
    )  # fmt: skip
