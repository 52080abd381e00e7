"""Functions that are no pipeline: arithmetic, branches, recursion, dicts, matrices and search."""

import math
import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import WORDS, Task

_LABELS = (
    ("low", "medium", "high", "extreme"), ("cold", "mild", "warm", "hot"),
    ("small", "middle", "large", "huge"), ("child", "youth", "adult", "senior"),
    ("light", "fair", "heavy", "massive"), ("poor", "plain", "good", "great"),
)  # fmt: skip


def _task(name, parameters, code, summary, reference, arguments) -> Task:
    lines = tuple(code.strip("\n").split("\n"))
    return Task(name, tuple(parameters.split()), lines, summary, reference, tuple(arguments))


def linear(rng: random.Random) -> Task:
    """An expression in one or two variables."""
    a, b, c = rng.randint(2, 9), rng.randint(1, 20), rng.randint(2, 9)
    form = rng.choice(
        (
            (f"return {a} * x + {b}", f"{a} times x plus {b}", lambda x, y: sum([x] * a) + b, "x"),
            (f"return (x - y) * {a}", f"the difference of x and y times {a}",
             lambda x, y: a * x - a * y, "x y"),
            (f"return {a} * x + {c} * y", f"{a} of x and {c} of y together",
             lambda x, y: sum([x] * a + [y] * c), "x y"),
            (f"total = x + y\nreturn total % {c}", f"the rest of x plus y when divided by {c}",
             lambda x, y: x + y - (x + y) // c * c, "x y"),
            (f"product = x * y\nif product > {b}:\n    return {b}\nreturn product",
             f"x times y, but at most {b}", lambda x, y: min(b, x * y), "x y"),
            (f"return x ** 2 + {a} * x - {b}", f"the value of x squared plus {a} x minus {b}",
             lambda x, y: x * (x + a) - b, "x"),
        )
    )  # fmt: skip
    code, what, reference, parameters = form
    names = rng.choice(("compute_value", "evaluate", "formula", "combine", f"rule_{a}_{b}"))
    arity = len(parameters.split())
    tries = [tuple(rng.randint(0, 15) for _ in range(arity)) for _ in range(3)]
    summary = rng.choice((f"Return {what}.", f"Compute {what}.", f"Gives {what}."))

    def apply(x: int, y: int = 0) -> int:
        return reference(x, y)

    return _task(names, parameters, code, summary, apply, tries)


def branches(rng: random.Random) -> Task:
    """A chain of conditions that names a range."""
    labels = rng.choice(_LABELS)[: rng.randint(2, 4)]
    bounds = sorted(rng.sample(range(1, 60), len(labels) - 1))
    name = rng.choice(("value", "score", "temperature", "age", "weight", "points", "speed"))
    lines = []
    for place, (bound, label) in enumerate(zip(bounds, labels, strict=False)):
        word = "if" if place == 0 or rng.random() < 0.5 else "elif"
        lines.append(f'{word} {name} < {bound}:\n    return "{label}"')
    lines.append(f'return "{labels[-1]}"')
    limits = ", ".join(f"{label} below {b}" for b, label in zip(bounds, labels, strict=False))
    edges = [(bound + shift,) for bound in bounds for shift in (-1, 0)][:5]
    return _task(
        rng.choice(("classify", "grade", "level_of", "describe", "label")) + f"_{name}",
        name,
        "\n".join(lines),
        f"Name the range of the {name}: {limits}, otherwise {labels[-1]}.",
        lambda x: labels[sum(x >= bound for bound in bounds)],
        edges,
    )


def counting_game(rng: random.Random) -> Task:
    """Words for multiples, numbers for the rest."""
    a, b = rng.sample((2, 3, 4, 5, 7), 2)
    first, second = rng.sample(("fizz", "buzz", "ping", "pong", "tick", "tock", "hop", "clap"), 2)
    code = f"""
out = []
for i in range(1, n + 1):
    if i % {a * b // math.gcd(a, b)} == 0:
        out.append("{first}{second}")
    elif i % {a} == 0:
        out.append("{first}")
    elif i % {b} == 0:
        out.append("{second}")
    else:
        out.append(i)
return out
"""

    def word(i: int) -> str | int:
        return first * (i % a == 0) + second * (i % b == 0) or i

    return _task(
        f"{first}_{second}", "n", code,
        f"Count from 1 to n; say {first} for multiples of {a}, {second} for multiples of {b}.",
        lambda n: [word(i) for i in range(1, n + 1)], [(a * b,), (rng.randint(3, 9),)],
    )  # fmt: skip


def recurrence(rng: random.Random) -> Task:
    """A sequence by its rule, as recursion or as a loop."""
    first, second, a, b = (rng.randint(1, 4) for _ in range(4))
    recursive = f"""
if n == 0:
    return {first}
if n == 1:
    return {second}
return {a} * NAME(n - 1) + {b} * NAME(n - 2)
"""
    loop = f"""
previous, current = {first}, {second}
for _ in range(n):
    previous, current = current, {a} * current + {b} * previous
return previous
"""
    name = rng.choice(("sequence", "term", "series", "next_in_line", "grow"))

    def reference(n: int) -> int:
        terms = [first, second]
        while len(terms) <= n:
            terms.append(terms[-1] * a + terms[-2] * b)
        return terms[n]

    return _task(
        name, "n", rng.choice((recursive.replace("NAME", name), loop)),
        f"Term n of the sequence that starts {first}, {second}, where each term is {a} times the "
        f"last plus {b} times the one before it.",
        reference, [(n,) for n in sorted(rng.sample(range(8), 3))],
    )  # fmt: skip


def search(rng: random.Random) -> Task:
    """The place of the first or last element that passes, or a default."""
    k, missing = rng.randint(2, 9), rng.choice((-1, None))
    test, what = rng.choice(
        ((f"value > {k}", f"above {k}"), (f"value % {k} == 0", f"divisible by {k}"),
         ("value < 0", "negative"), (f"value == {k}", f"equal to {k}"))
    )  # fmt: skip
    passes = {"above": lambda v: v > k, "divisible": lambda v: v % k == 0,
              "negative": lambda v: v < 0, "equal": lambda v: v == k}[what.split()[0]]  # fmt: skip
    end = rng.choice(("first", "last"))
    early = f"for place, value in enumerate(values):\n    if {test}:\n        return place\n"
    late = f"found = {missing}\nfor place, value in enumerate(values):\n    if {test}:\n"
    code = (early + f"return {missing}") if end == "first" else late + (
        "        found = place\nreturn found"
    )  # fmt: skip

    def reference(values: list[int]) -> int | None:
        places = [place for place in range(len(values)) if passes(values[place])]
        return missing if not places else min(places) if end == "first" else max(places)

    tries = [([rng.randint(-3, 12) for _ in range(rng.randint(3, 7))],) for _ in range(3)]
    return _task(
        f"find_{end}_{what.split()[0]}", "values", code,
        f"Position of the {end} value that is {what}, or {missing}.", reference, tries,
    )  # fmt: skip


def grouping(rng: random.Random) -> Task:
    """Words grouped in a dict by a property."""
    properties: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
        ("length", "len(word)", len),
        ("first letter", "word[0]", lambda w: w[0]),
        ("last letter", "word[-1]", lambda w: w[-1]),
        ("whether they are long", "(len(word) > 5)", lambda w: len(w) > 5),
    )
    by, code, key = rng.choice(properties)
    body = rng.choice(
        (
            f"groups = {{}}\nfor word in words:\n    groups.setdefault({code}, []).append(word)\nreturn groups",
            f"groups = {{}}\nfor word in words:\n    key = {code}\n    if key not in groups:\n"
            "        groups[key] = []\n    groups[key].append(word)\nreturn groups",
            f"return {{key: [word for word in words if {code} == key]\n"
            f"        for key in dict.fromkeys({code} for word in words)}}",
        )
    )

    def reference(words: list[str]) -> dict:
        return {key(w): [other for other in words if key(other) == key(w)] for w in words}

    tries = [([rng.choice(WORDS) for _ in range(rng.randint(3, 6))],) for _ in range(2)]
    name = rng.choice(("group_words", "by_" + by.split()[-1], "sort_into_groups"))
    return _task(name, "words", body, f"Group the words by {by}.", reference, tries)


FAMILIES: tuple[tuple[Callable[[random.Random], Task], int], ...] = (
    (linear, 3), (branches, 3), (counting_game, 1), (recurrence, 2), (search, 2), (grouping, 1),
)  # fmt: skip
