"""Small textbook functions: digits, divisors, recursion, matrices, intervals and dictionaries."""

import math
import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import WORDS, Task


def classic_task(rng: random.Random) -> Task:
    """One of the table's functions, in one of its spellings, on inputs drawn from `rng`."""
    name, parameters, summaries, bodies, reference, draw = rng.choice(_CLASSICS)
    body = rng.choice(bodies).strip("\n").replace("NAME", name)
    return Task(
        name=name,
        parameters=tuple(parameters.split()),
        body=tuple(body.split("\n")),
        summary=rng.choice(summaries),
        reference=reference,
        arguments=tuple(draw(rng) for _ in range(rng.randint(2, 4))),
        imports=("math",) if "math." in body else (),
    )


def _numbers(rng: random.Random, *, low: int = -5, high: int = 15) -> list[int]:
    return [rng.randint(low, high) for _ in range(rng.randint(3, 7))]


def _matrix(rng: random.Random) -> list[list[int]]:
    width = rng.randint(2, 3)
    return [[rng.randint(0, 9) for _ in range(width)] for _ in range(width)]


def _nested(rng: random.Random) -> list[Any]:
    return [rng.randint(0, 9), [rng.randint(0, 9), [rng.randint(0, 9)]], [rng.randint(0, 9)]]


def _leaves(nested: Any) -> list[int]:
    return [int(digits) for digits in str(nested).replace("[", " ").replace("]", " ").split(",")]


def _table(rng: random.Random) -> dict[str, int]:
    return {rng.choice(WORDS): rng.randint(0, 9) for _ in range(3)}


_Classic = tuple[str, str, tuple[str, ...], tuple[str, ...], Callable, Callable[[random.Random], tuple]]
_CLASSICS: tuple[_Classic, ...] = (
    ("digit_sum", "n", ("Add up the digits of n.", "Return the sum of the decimal digits of n."),
     ("total = 0\nwhile n > 0:\n    total += n % 10\n    n //= 10\nreturn total",
      "if n < 10:\n    return n\nreturn n % 10 + NAME(n // 10)",
      "return sum(int(digit) for digit in str(n))"),
     lambda n: sum(map(int, str(n))), lambda rng: (rng.randint(0, 99_999),)),
    ("reverse_number", "n", ("Read the digits of n backwards.", "Return n with digits reversed."),
     ("result = 0\nwhile n:\n    result = result * 10 + n % 10\n    n //= 10\nreturn result",
      "return int(str(n)[::-1])"),
     lambda n: int("".join(reversed(str(n)))), lambda rng: (rng.randint(10, 9_999),)),
    ("greatest_common_divisor", "a b", ("The largest number that divides both a and b.",),
     ("while b:\n    a, b = b, a % b\nreturn a", "if b == 0:\n    return a\nreturn NAME(b, a % b)",
      "for d in range(min(a, b), 0, -1):\n    if a % d == 0 and b % d == 0:\n        return d"),
     math.gcd, lambda rng: (rng.randint(2, 60), rng.randint(2, 60))),
    ("is_prime", "n", ("Tell whether n is a prime number.", "True if only 1 and n divide n."),
     ("if n < 2:\n    return False\nd = 2\nwhile d * d <= n:\n    if n % d == 0:\n"
      "        return False\n    d += 1\nreturn True",
      "return n > 1 and all(n % d for d in range(2, n))"),
     lambda n: [n % d for d in range(1, n + 1)].count(0) == 2, lambda rng: (rng.randint(1, 60),)),
    ("divisors", "n", ("List every number that divides n.", "All divisors of n, in order."),
     ("return [d for d in range(1, n + 1) if n % d == 0]",
      "found = []\nfor d in range(1, n + 1):\n    if n % d == 0:\n        found.append(d)\n"
      "return found"),
     lambda n: sorted({d for d in range(1, n + 1) if n // d * d == n}),
     lambda rng: (rng.randint(4, 60),)),
    ("factorial", "n", ("Multiply the numbers from 1 to n.",),
     ("if n <= 1:\n    return 1\nreturn n * NAME(n - 1)",
      "result = 1\nfor i in range(2, n + 1):\n    result *= i\nreturn result"),
     math.factorial, lambda rng: (rng.randint(0, 8),)),
    ("power", "base exponent", ("Raise base to a whole exponent.",),
     ("result = 1\nfor _ in range(exponent):\n    result *= base\nreturn result",
      "if exponent == 0:\n    return 1\nhalf = NAME(base, exponent // 2)\n"
      "if exponent % 2:\n    return half * half * base\nreturn half * half"),
     lambda base, exponent: base**exponent, lambda rng: (rng.randint(1, 6), rng.randint(0, 6))),
    ("to_binary", "n", ("Write n in base two.", "The binary digits of n as a string."),
     ('if n == 0:\n    return "0"\nbits = ""\nwhile n:\n    bits = str(n % 2) + bits\n'
      "    n //= 2\nreturn bits",
      "if n < 2:\n    return str(n)\nreturn NAME(n // 2) + str(n % 2)"),
     lambda n: format(n, "b"), lambda rng: (rng.randint(0, 90),)),
    ("collatz_length", "n", ("Count the steps from n to 1: halve even numbers, triple odd ones "
     "and add one.",),
     ("steps = 0\nwhile n != 1:\n    if n % 2 == 0:\n        n //= 2\n    else:\n"
      "        n = 3 * n + 1\n    steps += 1\nreturn steps",
      "if n == 1:\n    return 0\nif n % 2 == 0:\n    return 1 + NAME(n // 2)\n"
      "return 1 + NAME(3 * n + 1)"),
     lambda n: 0 if n == 1 else 1 + _collatz(n), lambda rng: (rng.randint(1, 40),)),
    ("flatten", "nested", ("Turn lists within lists into one flat list.",),
     ("flat = []\nfor item in nested:\n    if isinstance(item, list):\n"
      "        flat.extend(NAME(item))\n    else:\n        flat.append(item)\nreturn flat",
      "if not isinstance(nested, list):\n    return [nested]\n"
      "return [leaf for item in nested for leaf in NAME(item)]"),
     _leaves, lambda rng: (_nested(rng),)),
    ("transpose", "rows", ("Swap the rows and the columns of a square table.",),
     ("return [list(column) for column in zip(*rows)]",
      "size = len(rows)\nresult = []\nfor column in range(size):\n"
      "    result.append([rows[row][column] for row in range(size)])\nreturn result"),
     lambda rows: [[row[place] for row in rows] for place in range(len(rows[0]))],
     lambda rng: (_matrix(rng),)),
    ("diagonal_sum", "grid", ("Add the numbers on the main diagonal.",),
     ("total = 0\nfor place in range(len(grid)):\n    total += grid[place][place]\nreturn total",
      "return sum(row[place] for place, row in enumerate(grid))"),
     lambda grid: sum(cell for r, row in enumerate(grid) for c, cell in enumerate(row) if r == c),
     lambda rng: (_matrix(rng),)),
    ("row_totals", "grid", ("The sum of every row of the grid.",),
     ("return [sum(row) for row in grid]",
      "totals = []\nfor row in grid:\n    total = 0\n    for cell in row:\n        total += cell\n"
      "    totals.append(total)\nreturn totals"),
     lambda grid: list(map(sum, grid)), lambda rng: (_matrix(rng),)),
    ("second_largest", "values", ("The second largest different value, or None.",),
     ("ordered = sorted(set(values))\nreturn ordered[-2] if len(ordered) > 1 else None",
      "rest = [value for value in values if value != max(values)]\n"
      "return max(rest) if rest else None"),
     lambda v: [*sorted(set(v), reverse=True), None][1], lambda rng: (_numbers(rng),)),
    ("pairs_with_sum", "values target", ("All pairs of places whose values add up to target.",),
     ("pairs = []\nfor i in range(len(values)):\n    for j in range(i + 1, len(values)):\n"
      "        if values[i] + values[j] == target:\n            pairs.append((i, j))\n"
      "return pairs",),
     lambda v, t: sorted((i, j) for j in range(len(v)) for i in range(j) if v[j] == t - v[i]),
     lambda rng: (_numbers(rng, low=0, high=6), rng.randint(4, 8))),
    ("merge_sorted", "left right", ("Merge two sorted lists into one.",),
     ("merged = []\ni = j = 0\nwhile i < len(left) and j < len(right):\n"
      "    if left[i] <= right[j]:\n        merged.append(left[i])\n        i += 1\n    else:\n"
      "        merged.append(right[j])\n        j += 1\nreturn merged + left[i:] + right[j:]",
      "if not left:\n    return right\nif not right:\n    return left\n"
      "if left[0] <= right[0]:\n    return [left[0]] + NAME(left[1:], right)\n"
      "return [right[0]] + NAME(left, right[1:])"),
     lambda a, b: sorted([*a, *b]), lambda rng: (sorted(_numbers(rng)), sorted(_numbers(rng)))),
    ("binary_search", "values target", ("Find target in sorted values; -1 if it isn't there.",),
     ("low, high = 0, len(values) - 1\nwhile low <= high:\n    middle = (low + high) // 2\n"
      "    if values[middle] == target:\n        return middle\n    if values[middle] < target:\n"
      "        low = middle + 1\n    else:\n        high = middle - 1\nreturn -1",),
     lambda v, t: v.index(t) if t in v else -1,
     lambda rng: (sorted(rng.sample(range(20), 6)), rng.randint(0, 19))),
    ("run_lengths", "text", ("Count how often each character repeats in a row.",),
     ("runs = []\nfor c in text:\n    if runs and runs[-1][0] == c:\n"
      "        runs[-1] = (c, runs[-1][1] + 1)\n    else:\n        runs.append((c, 1))\n"
      "return runs",),
     lambda text: [(run[0], len(run)) for run in _runs(text)],
     lambda rng: ("".join(rng.choice("ab") * rng.randint(1, 3) for _ in range(4)),)),
    ("shift_letters", "text places", ("Shift lower-case letters along the alphabet.",),
     ('result = ""\nfor c in text:\n    result += chr((ord(c) - 97 + places) % 26 + 97)\n'
      "return result",
      "return ''.join(chr((ord(c) - 97 + places) % 26 + 97) for c in text)"),
     lambda text, places: "".join(_ALPHABET[_ALPHABET.index(c) + places] for c in text),
     lambda rng: (rng.choice(WORDS), rng.randint(1, 25))),
    ("invert", "table", ("Map every value of the table back to the sorted list of its keys.",),
     ("inverse = {}\nfor key in sorted(table):\n"
      "    inverse.setdefault(table[key], []).append(key)\nreturn inverse",
      "inverse = {}\nfor key, value in sorted(table.items()):\n    if value in inverse:\n"
      "        inverse[value].append(key)\n    else:\n        inverse[value] = [key]\n"
      "return inverse"),
     lambda table: {v: sorted(k for k in table if table[k] == v) for v in table.values()},
     lambda rng: (_table(rng),)),
    ("add_tables", "first second", ("Add two tables of numbers key by key.",),
     ("result = dict(first)\nfor key, value in second.items():\n"
      "    result[key] = result.get(key, 0) + value\nreturn result",
      "keys = set(first) | set(second)\n"
      "return {key: first.get(key, 0) + second.get(key, 0) for key in sorted(keys)}"),
     lambda a, b: {key: a.get(key, 0) + b.get(key, 0) for key in {**a, **b}},
     lambda rng: (_table(rng), _table(rng))),
    ("clamp", "value low high", ("Keep value between low and high.",),
     ("if value < low:\n    return low\nif value > high:\n    return high\nreturn value",
      "return max(low, min(value, high))"),
     lambda value, low, high: sorted((low, value, high))[1],
     lambda rng: (rng.randint(-10, 20), rng.randint(-5, 2), rng.randint(3, 12))),
    ("overlap", "a b", ("The number of whole steps that two intervals share.",),
     ("start = max(a[0], b[0])\nend = min(a[1], b[1])\nreturn max(0, end - start)",
      "if a[1] <= b[0] or b[1] <= a[0]:\n    return 0\n"
      "return min(a[1], b[1]) - max(a[0], b[0])"),
     lambda a, b: len(set(range(*a)) & set(range(*b))),
     lambda rng: tuple((start, start + rng.randint(2, 9)) for start in rng.sample(range(12), 2))),
    ("chunks", "items size", ("Cut a list into pieces of the given size.",),
     ("return [items[start:start + size] for start in range(0, len(items), size)]",
      "if not items:\n    return []\nreturn [items[:size]] + NAME(items[size:], size)"),
     lambda v, size: [v[p * size : (p + 1) * size] for p in range(-(-len(v) // size))],
     lambda rng: (_numbers(rng), rng.randint(2, 4))),
)  # fmt: skip
_ALPHABET = "abcdefghijklmnopqrstuvwxyz" * 2


def _collatz(n: int) -> int:
    following = n // 2 if n % 2 == 0 else 3 * n + 1
    return 0 if following == 1 else 1 + _collatz(following)


def _runs(text: str) -> list[str]:
    runs = [text[0]]
    for character in text[1:]:
        if character == runs[-1][0]:
            runs[-1] += character
        else:
            runs.append(character)
    return runs
