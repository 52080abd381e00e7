"""Two-function programs: a helper on whole numbers, and a function that sifts, maps and gathers with its help."""

import dataclasses
import math
import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task


@dataclasses.dataclass(frozen=True)
class _Helper:
    """`spellings` are bodies of one helper; `noun` is what it gives, or a condition that a number fulfils."""

    name: str
    noun: str
    is_test: bool
    spellings: tuple[str, ...]
    apply: Callable[[int], Any]


def _is_prime(n: int) -> bool:
    return n > 1 and [n % d for d in range(2, n)].count(0) == 0


def _steps_to_one(n: int) -> int:
    steps = 0
    while n > 1:
        n, steps = (3 * n + 1 if n & 1 else n >> 1), steps + 1
    return steps


_HELPERS = (
    _Helper("digit_total", "digit sum", False,
            ("total = 0\nwhile n > 0:\n    total += n % 10\n    n //= 10\nreturn total",
             "return sum(int(digit) for digit in str(n))"), lambda n: sum(map(int, str(n)))),
    _Helper("mirrored", "number with its digits reversed", False,
            ("result = 0\nwhile n > 0:\n    result = 10 * result + n % 10\n    n //= 10\nreturn result",
             "return int(str(n)[::-1])"), lambda n: int("".join(reversed(str(n))))),
    _Helper("bit_count", "number of ones in base two", False,
            ("ones = 0\nwhile n:\n    ones += n % 2\n    n //= 2\nreturn ones", 'return bin(n).count("1")',
             "if n == 0:\n    return 0\nreturn n % 2 + bit_count(n // 2)"), lambda n: n.bit_count()),
    _Helper("divisor_count", "number of divisors", False,
            ("count = 0\nfor d in range(1, n + 1):\n    if n % d == 0:\n        count += 1\nreturn count",
             "return len([d for d in range(1, n + 1) if n % d == 0])"),
            lambda n: [n % d for d in range(1, n + 1)].count(0)),
    _Helper("smallest_factor", "smallest divisor above one", False,
            ("d = 2\nwhile d * d <= n:\n    if n % d == 0:\n        return d\n    d += 1\nreturn n",
             "for d in range(2, n):\n    if n % d == 0:\n        return d\nreturn n"),
            lambda n: min([d for d in range(2, n + 1) if n // d * d == n], default=n)),
    _Helper("root", "whole part of the square root", False,
            ("r = 0\nwhile (r + 1) * (r + 1) <= n:\n    r += 1\nreturn r",
             "low, high = 0, n\nwhile low < high:\n    middle = (low + high + 1) // 2\n"
             "    if middle * middle <= n:\n        low = middle\n    else:\n        high = middle - 1\nreturn low"),
            math.isqrt),
    _Helper("halvings", "number of times that it can be halved evenly", False,
            ("if n == 0:\n    return 0\ncount = 0\nwhile n % 2 == 0:\n    n //= 2\n    count += 1\nreturn count",
             "if n == 0 or n % 2:\n    return 0\nreturn 1 + halvings(n // 2)"),
            lambda n: 0 if n == 0 else (n & -n).bit_length() - 1),
    _Helper("steps_to_one", "length of its way to one by halving, or tripling plus one", False,
            ("steps = 0\nwhile n > 1:\n    if n % 2 == 0:\n        n //= 2\n    else:\n        n = 3 * n + 1\n"
             "    steps += 1\nreturn steps",), _steps_to_one),
    _Helper("is_prime", "primes", True,
            ("if n < 2:\n    return False\nd = 2\nwhile d * d <= n:\n    if n % d == 0:\n        return False\n"
             "    d += 1\nreturn True", "return n > 1 and all(n % d for d in range(2, n))"), _is_prime),
    _Helper("reads_the_same", "numbers that read the same backwards", True,
            ("digits = str(n)\nreturn digits == digits[::-1]",
             "digits = str(n)\nfor place in range(len(digits) // 2):\n"
             "    if digits[place] != digits[-1 - place]:\n        return False\nreturn True"),
            lambda n: list(str(n)) == list(reversed(str(n)))),
    _Helper("is_square", "square numbers", True,
            ("r = 0\nwhile r * r < n:\n    r += 1\nreturn r * r == n",
             "return any(r * r == n for r in range(n + 1))"), lambda n: math.isqrt(n) ** 2 == n),
    _Helper("has_equal_digits", "numbers with a repeated digit", True,
            ("digits = str(n)\nreturn len(set(digits)) < len(digits)",
             "seen = set()\nwhile n > 0:\n    if n % 10 in seen:\n        return True\n    seen.add(n % 10)\n"
             "    n //= 10\nreturn False"), lambda n: max(map(str(n).count, str(n))) > 1),
)  # fmt: skip

# Each gathers the pairs of a number and its helper's value: start, update with {v} the value and {n} the number, end.
_GATHER: tuple[tuple[str, str, str, str, str, Callable[[list[tuple[int, Any]]], Any]], ...] = (
    ("list", "result = []", "result.append({v})", "result", "list the {noun} of each",
     lambda pairs: [v for _, v in pairs]),
    ("total", "total = 0", "total += {v}", "total", "add up the {noun} of each",
     lambda pairs: sum(v for _, v in pairs)),
    ("largest", "best = 0", "best = max(best, {v})", "best", "give the largest {noun}, or 0",
     lambda pairs: max([0, *(v for _, v in pairs)])),
    ("champion", "best, record = None, -1", "value = {v}\nif value > record:\n    best, record = {n}, value", "best",
     "give the first with the largest {noun}, or None",
     lambda pairs: sorted(pairs, key=lambda pair: -pair[1])[0][0] if pairs else None),
    ("groups", "groups = {{}}", "groups.setdefault({v}, []).append({n})", "groups", "group them by their {noun}",
     lambda pairs: {v: [n for n, other in pairs if other == v] for _, v in pairs}),
    ("tally", "tally = {{}}", "value = {v}\ntally[value] = tally.get(value, 0) + 1", "tally",
     "count how many have each {noun}", lambda pairs: {v: [w for _, w in pairs].count(v) for _, v in pairs}),
    ("ordered", "pairs = []", "pairs.append(({v}, {n}))", "[n for _, n in sorted(pairs)]",
     "sort them by their {noun}, and equal ones by size",
     lambda pairs: [n for n, _ in sorted(pairs, key=lambda pair: (pair[1], pair[0]))]),
    ("rising", "last, rising = -1, True", "value = {v}\nif value < last:\n    rising = False\nlast = value", "rising",
     "tell whether the {noun} never falls", lambda pairs: [v for _, v in pairs] == sorted(v for _, v in pairs)),
)  # fmt: skip
_SIEVES: tuple[tuple[str, str, Callable[[int, int], bool]], ...] = (
    ("{n} % 2 == 0", "even ones", lambda n, k: not n & 1),
    ("{n} % 2 == 1", "odd ones", lambda n, k: bool(n & 1)),
    ("{n} > {k}", "those above {k}", lambda n, k: k < n),
    ("{n} < {k}", "those below {k}", lambda n, k: not n >= k),
    ("{n} % {k} != 0", "those that {k} doesn't divide", lambda n, k: n // k * k != n),
    ("{n} % 10 > {k} % 10", "those whose last digit is above that of {k}", lambda n, k: int(str(n)[-1]) > k % 10),
)


def helped_task(rng: random.Random) -> Task:
    """A loop over numbers with one to three conditions, some of them the helper's, and a way to gather the rest."""
    valued = rng.choice([helper for helper in _HELPERS if not helper.is_test])
    tests = rng.sample([helper for helper in _HELPERS if helper.is_test], rng.choice((0, 0, 1)))
    sieves = [(*rng.choice(_SIEVES), rng.randint(3, 20)) for _ in range(rng.choice((0, 1, 1, 2)))]
    name, start, update, end, phrase, gather = rng.choice(_GATHER)
    loop, until = rng.choice(("number", "n", "entry", "candidate")), rng.random() < 0.4
    conditions = [text.format(n=loop, k=k) for text, _, _, k in sieves]
    conditions += [f"{rng.choice(('', 'not '))}{test.name}({loop})" for test in tests]
    negated = [condition.startswith("not ") for condition in conditions[len(sieves) :]]
    body = [start.format(), f"for {loop} in {'range(1, limit + 1)' if until else 'numbers'}:"]
    inner = update.format(v=f"{valued.name}({loop})", n=loop).split("\n")
    body += _guarded(rng, conditions, inner)
    body.append(f"return {end}")

    def reference(argument: Any) -> Any:
        numbers = list(range(1, argument + 1)) if until else argument
        for _, _, apply, k in sieves:
            numbers = [n for n in numbers if apply(n, k)]
        for test, is_negated in zip(tests, negated, strict=True):
            numbers = [n for n in numbers if test.apply(n) is not is_negated]
        return gather([(n, valued.apply(n)) for n in numbers])

    kept = [phrase.format(k=k) for _, phrase, _, k in sieves]
    kept += [("no " if no else "") + test.noun for test, no in zip(tests, negated, strict=True)]
    among = "the numbers from 1 to limit" if until else "the numbers"
    only = f", taking only {' and '.join(kept)}" if kept else ""
    tries = [rng.randint(6, 30) if until else [rng.randint(1, 130) for _ in range(rng.randint(4, 8))] for _ in range(6)]
    return Task(
        name=rng.choice((f"{name}_by_{valued.name}", f"{valued.name}_{name}", f"sift_{name}")),
        parameters=("limit",) if until else ("numbers",),
        body=tuple(body),
        summary=f"Of {among}{only}, {phrase.format(noun=valued.noun)}.",
        reference=reference,
        arguments=tuple((argument,) for argument in tries),
        before="\n\n\n".join(_definition(rng, helper) for helper in (valued, *tests)),
    )


def _definition(rng: random.Random, helper: _Helper) -> str:
    body = rng.choice(helper.spellings).replace("\n", "\n    ")
    return f"def {helper.name}(n):\n    {body}"


def _guarded(rng: random.Random, conditions: list[str], inner: list[str]) -> list[str]:
    """The lines of a loop's body under their conditions: nested, joined by `and`, or each skipping with `continue`."""
    style = rng.choice(("nested", "joined", "skipping"))
    if style == "joined" and conditions:
        return [f"    if {' and '.join(conditions)}:", *(f"        {line}" for line in inner)]
    lines, indent = [], "    "
    for condition in conditions:
        if style == "nested":
            lines.append(f"{indent}if {condition}:")
            indent += "    "
        else:
            lines += [f"{indent}if not ({condition}):", f"{indent}    continue"]
    return [*lines, *(f"{indent}{line}" for line in inner)]
