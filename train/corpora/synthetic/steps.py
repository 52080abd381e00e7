"""What a generated function can do to each element of a sequence, and to all of them at the end.

Every part is written twice: as source text for the document, and as a Python function that says
what the result must be. The asserts come from the second, so the first can fail them.
"""

import dataclasses
import random
from collections.abc import Callable
from typing import Any

VOWELS = "aeiou"


@dataclasses.dataclass(frozen=True)
class Step:
    """Changes an element (`map`) or drops it (`keep`); `{x}` stands for the element."""

    kind: str
    takes: str
    gives: str
    code: str
    phrase: str
    slug: str
    apply: Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Sink:
    """Turns the elements into the result: as an expression of `{v}`, and as parts of a loop."""

    takes: str
    code: str
    start: str
    update: str
    finish: str
    phrase: str
    slug: str
    apply: Callable[[list], Any]


def integer_steps(rng: random.Random) -> tuple[Step, ...]:
    """Steps that take an int, with constants drawn from `rng`."""
    k, low = rng.randint(2, 9), rng.randint(-3, 4)
    high = low + rng.randint(4, 12)

    def keep(code: str, phrase: str, slug: str, test: Callable[[int], bool]) -> Step:
        return Step("keep", "int", "int", code, phrase, slug, test)

    def change(code: str, phrase: str, slug: str, new: Callable[[int], Any], to="int") -> Step:
        return Step("map", "int", to, code, phrase, slug, new)

    return (
        keep("{x} % 2 == 0", "keep only the even numbers", "even", lambda x: not x & 1),
        keep("{x} % 2 != 0", "keep only the odd numbers", "odd", lambda x: bool(x & 1)),
        keep(f"{{x}} > {k}", f"drop numbers up to {k}", "large", lambda x: k < x),
        keep(f"{{x}} < {high}", f"keep those below {high}", "small", lambda x: not x >= high),
        keep(f"{{x}} % {k} == 0", f"keep multiples of {k}", "multiples", lambda x: x // k * k == x),
        keep(f"{{x}} % {k} != 0", f"leave out multiples of {k}", "rest", lambda x: x // k * k != x),
        keep(f"{{x}} != {k}", f"leave out every {k}", "without", lambda x: x not in (k,)),
        keep(f"{low} <= {{x}} <= {high}", f"keep values from {low} to {high}", "in_range",
             lambda x: x in range(low, high + 1)),
        keep("{x} > 0", "ignore zero and negative numbers", "positive", lambda x: x >= 1),
        keep("abs({x}) % 10 == abs({x}) // 10 % 10", "keep numbers whose last two digits agree",
             "twin_digits", lambda x: str(abs(x)).zfill(2)[-1] == str(abs(x)).zfill(2)[-2]),
        change(f"{{x}} * {k}", f"multiply each by {k}", "scaled", lambda x: k * x),
        change(f"{{x}} + {k}", f"add {k} to each", "raised", lambda x: x - -k),
        change(f"{{x}} - {k}", f"subtract {k} from each", "lowered", lambda x: -k + x),
        change("{x} ** 2", "square each number", "squared", lambda x: x * x),
        change("abs({x})", "take absolute values", "absolute", lambda x: max(x, -x)),
        change(f"{{x}} % {k}", f"take the remainder by {k}", "remainder", lambda x: x - x // k * k),
        change("-{x}", "flip the sign", "negated", lambda x: 0 - x),
        change(f"{{x}} // {k}", f"divide by {k}, rounding down", "divided",
               lambda x: (x - x % k) // k),
        change(f"min({{x}}, {high})", f"cap each value at {high}", "capped",
               lambda x: high if x > high else x),
        change(f"{{x}} if {{x}} > {low} else {low}", f"raise smaller values to {low}", "floored",
               lambda x: max(x, low)),
        change("str({x})", "write each number as text", "as_text", lambda x: f"{x}", "str"),
    )  # fmt: skip


def string_steps(rng: random.Random) -> tuple[Step, ...]:
    """Steps that take a str, with letters and lengths drawn from `rng`."""
    letter, mark = rng.choice("aeiostrnl"), rng.choice("!?.-_*")
    k = rng.randint(2, 5)

    def keep(code: str, phrase: str, slug: str, test: Callable[[str], bool]) -> Step:
        return Step("keep", "str", "str", code, phrase, slug, test)

    def change(code: str, phrase: str, slug: str, new: Callable[[str], Any], to="str") -> Step:
        return Step("map", "str", to, code, phrase, slug, new)

    return (
        keep(f"len({{x}}) > {k}", f"keep words longer than {k}", "long", lambda x: bool(x[k:])),
        keep(f"len({{x}}) <= {k}", f"keep words of at most {k} letters", "short",
             lambda x: not x[k:]),
        keep(f'{{x}}.startswith("{letter}")', f"keep words that start with {letter!r}",
             f"from_{letter}", lambda x: x[:1] == letter),
        keep(f'{{x}}.endswith("{letter}")', f"keep words that end in {letter!r}",
             f"to_{letter}", lambda x: x[-1:] == letter),
        keep(f'"{letter}" in {{x}}', f"keep words with the letter {letter!r}", f"with_{letter}",
             lambda x: x.count(letter) > 0),
        keep(f'"{letter}" not in {{x}}', f"skip words with the letter {letter!r}",
             f"without_{letter}", lambda x: x.count(letter) == 0),
        keep("{x} == {x}[::-1]", "keep words that read the same backwards", "palindrome",
             lambda x: list(x) == list(reversed(x))),
        keep("len({x}) % 2 == 0", "keep words of even length", "even_length",
             lambda x: len(x) in range(0, 99, 2)),
        keep(f'{{x}}[0] in "{VOWELS}"', "keep what begins with a vowel", "vowel",
             lambda x: x.startswith(tuple(VOWELS))),
        keep(f'{{x}}[0] not in "{VOWELS}"', "leave out what begins with a vowel", "consonant",
             lambda x: not x.startswith(tuple(VOWELS))),
        change("{x}.upper()", "write it in capitals", "upper",
               lambda x: "".join(c.upper() for c in x)),
        change("{x}[::-1]", "reverse the letters", "reversed", lambda x: "".join(reversed(x))),
        change(f'{{x}} + "{mark}"', f"put {mark!r} at the end", "marked", lambda x: f"{x}{mark}"),
        change("{x}[0]", "take the first letter", "initial", lambda x: x[:1]),
        change("{x} * 2", "write it twice", "doubled", lambda x: f"{x}{x}"),
        change("{x}.capitalize()", "capitalize it", "capital",
               lambda x: x[0].upper() + x[1:].lower()),
        change(f'{{x}}.replace("{letter}", "{mark}")', f"replace {letter!r} by {mark!r}", "masked",
               lambda x: mark.join(x.split(letter))),
        change("len({x})", "take the length", "length", lambda x: sum(1 for _ in x), "int"),
        change(f'{{x}}.count("{letter}")', f"count the letter {letter!r} in it", f"{letter}_count",
               lambda x: sum(c == letter for c in x), "int"),
        change(f'sum(1 for c in {{x}} if c in "{VOWELS}")', "count its vowels", "vowels",
               lambda x: len([c for c in x if VOWELS.find(c) >= 0]), "int"),
    )  # fmt: skip
