"""Readers of `key=value` parts of a text, with rules for odd parts and repeated keys."""

import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import WORDS, Task

_TURNS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("int(value)", "whole numbers", int), ("value.upper()", "text in capitals", lambda v: v.upper()),
    ("len(value)", "lengths", lambda v: sum(1 for _ in v)), ("value[::-1]", "text backwards", lambda v: v[::-1]),
    ('value.split("+")', "lists of what '+' separates", lambda v: list(v.split("+"))),
    ("int(value) * 2", "doubled numbers", lambda v: int(v) + int(v)), ("value", "text", str),
    ('sum(int(part) for part in value.split("+"))', "sums of what '+' separates",
     lambda v: sum(map(int, v.split("+")))),
)  # fmt: skip
_REPEATS: tuple[tuple[str, str, Callable[[list], Any]], ...] = (
    ("result[key] = {t}", "the last value of a key counts", lambda v: v[-1]),
    ("if key not in result:\n    result[key] = {t}", "the first value of a key counts", lambda v: v[0]),
    ("result.setdefault(key, []).append({t})", "values of one key are listed", list),
    ("result[key] = (result.get(key, 0) + 1)", "only the number of values of a key is kept", len),
    ("result.setdefault(key, set()).add(str({t}))", "different values of one key are collected in a set as text",
     lambda v: set(map(str, v))),
)  # fmt: skip
_ODD: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("not part.strip()", "empty parts are skipped", lambda part: not part.strip()),
    ('part.startswith("#")', "parts that start with '#' are comments", lambda part: part[:1] == "#"),
    ('part.count("{eq}") != 1', "parts without exactly one {eq!r} are skipped", lambda part: False),
)


def parsing_task(rng: random.Random) -> Task:
    """Reads `key=value` parts of a text into a dict, with rules for odd parts and repeated keys."""
    between, equals = rng.choice((";", ",", "|", "&")), rng.choice(("=", ":", "->"))
    turn, kind, convert = rng.choice(_TURNS)
    store, rule, merge = rng.choice(_REPEATS)
    odd = [_ODD[2], *rng.sample(_ODD[:2], rng.randint(0, 2))]
    rng.shuffle(odd)
    key_text, key_rule, clean = rng.choice(
        (("key.strip()", "without blanks around them", str.strip), ("key.strip().lower()", "in small letters",
         lambda k: k.strip().lower()), ("key.strip()[0]", "by their first letter", lambda k: k.strip()[0]))
    )  # fmt: skip
    body = ["result = {}", f'for part in text.split("{between}"):']
    if rng.random() < 0.5:
        for test, _, _ in odd:
            body += [f"    if {test.format(eq=equals)}:", "        continue"]
    else:
        body += [f"    if {' or '.join(test.format(eq=equals) for test, _, _ in odd)}:", "        continue"]
    body += [f'    key, value = part.split("{equals}")', f"    key = {key_text}", "    value = value.strip()"]
    body += [f"    {line}" for line in store.format(t=turn).split("\n")]
    body += rng.choice((["return result"], ["return sorted(result)"], ["return result, len(result)"]))

    def reference(text: str) -> Any:
        values: dict[str, list] = {}
        for part in text.split(between):
            if len(part.split(equals)) == 2 and not any(skip(part) for _, _, skip in odd):
                key, value = part.split(equals)
                values.setdefault(clean(key), []).append(convert(value.strip()))
        result = {key: merge(found) for key, found in values.items()}
        return {"return result": result, "return sorted(result)": sorted(result)}.get(body[-1], (result, len(result)))

    return Task(
        name=rng.choice(("parse_settings", "read_pairs", "parse_line", "read_options", "to_table")),
        parameters=("text",),
        body=tuple(body),
        summary=f"Read the parts between {between!r} as a key, {equals!r} and a value. Keys are taken {key_rule}, "
        f"values as {kind}; {rule}; {'; '.join(rule.format(eq=equals) for _, rule, _ in odd)}. "
        + {"return result": "Return the dict.", "return sorted(result)": "Return the sorted keys."}.get(
            body[-1], "Return the dict and its size."
        ),
        reference=reference,
        arguments=tuple((_draw_text(rng, between, equals),) for _ in range(6)),
    )


def _draw_text(rng: random.Random, between: str, equals: str) -> str:
    names = rng.sample(WORDS, 2)
    parts = [f"{rng.choice(names).capitalize()}{equals} {rng.randint(1, 40)}" for _ in range(rng.randint(2, 4))]
    parts += [f"#{names[0]}{equals}7"] * rng.randint(0, 1) + [names[1]] * rng.randint(0, 1) + [""] * rng.randint(0, 1)
    rng.shuffle(parts)
    return between.join(parts)
