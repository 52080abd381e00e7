"""Functions over records: filter, group, aggregate, and order the result."""

import math
import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task

# Subject, the two fields to group by, the two numbers.
_SUBJECTS = (
    ("orders", ("customer", "city"), ("amount", "weight")), ("books", ("author", "shelf"), ("pages", "price")),
    ("trips", ("driver", "town"), ("distance", "minutes")), ("games", ("player", "team"), ("points", "turns")),
    ("rooms", ("owner", "floor"), ("area", "windows")), ("plants", ("kind", "bed"), ("height", "leaves")),
)  # fmt: skip
_AGGREGATES: tuple[tuple[str, str, str, str, Callable[[list[int]], Any]], ...] = (
    ("total", "0", "{slot} = {old} + {v}", "sum of the {f}", sum),
    ("largest", "0", "{slot} = max({old}, {v})", "largest {f}", lambda v: sorted(v)[-1]),
    ("count", "0", "{slot} = {old} + 1", "number of {s}", len),
    ("listed", "[]", "{slot} = {old} + [{v}]", "list of the {f}", list),
    ("product", "1", "{slot} = {old} * {v} % 1000", "product modulo 1000 of the {f}",
     lambda v: math.prod(v) % 1000),
    ("last", "None", "{slot} = {v}", "last {f}", lambda v: v[-1]),
    ("alternating", "0", "{slot} = {v} - {old}", "alternating sum, the last {f} counting as positive,",
     lambda v: sum(x * (-1) ** place for place, x in enumerate(reversed(v)))),
)  # fmt: skip
_TESTS: tuple[tuple[str, str, Callable[[int, int], bool]], ...] = (
    ("{v} > {k}", "{f} above {k}", lambda v, k: k < v), ("{v} <= {k}", "{f} up to {k}", lambda v, k: not v > k),
    ("{v} % 2 == 0", "even {f}", lambda v, k: not v & 1), ("{v} % {k} != 0", "{f} that {k} doesn't divide",
                                                         lambda v, k: v // k * k != v),
    ("{v} != {k}", "{f} other than {k}", lambda v, k: v not in (k,)),
)  # fmt: skip
_ENDS: tuple[tuple[str, str, Callable[[dict], Any]], ...] = (
    ("return {r}", "in a dict", dict),
    ("return sorted({r}.items())", "as pairs sorted by key", lambda r: [(key, r[key]) for key in sorted(r)]),
    ("return [{r}[key] for key in sorted({r})]", "as a list in order of the keys",
     lambda r: [value for _, value in sorted(r.items())]),
    ("return [key for key, value in {r}.items() if value]", "keeping only the keys whose value isn't empty or zero",
     lambda r: [key for key in r if bool(r[key])]),
    ("if not {r}:\n    return None\nreturn min({r})", "and return its first key alphabetically, or None",
     lambda r: [*sorted(r), None][0]),
)  # fmt: skip
_Row = dict[str, Any]


def record_task(rng: random.Random) -> Task:
    """Groups dicts by one or two fields after zero to two conditions, in one of three ways to fill a dict."""
    subject, keys, fields = rng.choice(_SUBJECTS)
    key = rng.choice((*((key,) for key in keys), keys))
    field = rng.choice(fields)
    name, empty, update, what, aggregate = rng.choice(_AGGREGATES)
    tests = [(*rng.choice(_TESTS), rng.choice(fields), rng.randint(2, 9)) for _ in range(rng.choice((0, 1, 1, 2)))]
    end, as_what, finish = rng.choice(_ENDS)
    row, groups = subject[:-1], rng.choice(("groups", "result", "found", "by_key"))
    conditions = [text.format(v=f'{row}["{f}"]', k=k) for text, _, _, f, k in tests]
    where = ' + "/" + '.join(f'{row}["{name}"]' for name in key)
    body = [f"{groups} = {{}}", *_loop(rng, row, subject, conditions), f"    key = {where}"]
    body += [f"    {line}" for line in _fill(rng, groups, empty, update, f'{row}["{field}"]')]
    body += end.format(r=groups).split("\n")

    def reference(rows: list[_Row]) -> Any:
        kept = [r for r in rows if all(passes(r[f], k) for _, _, passes, f, k in tests)]
        names = dict.fromkeys("/".join(r[part] for part in key) for r in kept)
        return finish({n: aggregate([r[field] for r in kept if "/".join(r[p] for p in key) == n]) for n in names})

    only = " and ".join(text.format(f=f, k=k) for _, text, _, f, k in tests)
    return Task(
        name=f"{name}_{field}_by_{key[0]}",
        parameters=(subject,),
        body=tuple(body),
        summary=f"The {what.format(f=field, s=subject)} for every {' and '.join(key)} of the {subject}"
        f"{', of those with ' + only if only else ''}, {as_what}.",
        reference=reference,
        arguments=tuple(([_draw_row(rng, keys, fields) for _ in range(rng.randint(3, 5))],) for _ in range(6)),
    )


def _draw_row(rng: random.Random, keys: tuple[str, str], fields: tuple[str, str]) -> _Row:
    few = rng.sample(("oak", "elm", "ash", "fir"), 3)
    return {key: rng.choice(few) for key in keys} | {field: rng.randint(1, 12) for field in fields}


def _loop(rng: random.Random, row: str, rows: str, conditions: list[str]) -> list[str]:
    if conditions and rng.random() < 0.4:
        kept = f"[{row} for {row} in {rows} if {' and '.join(conditions)}]"
        return [f"kept = {kept}", f"for {row} in kept:"]
    return [f"for {row} in {rows}:", *(line for c in conditions for line in (f"    if not {c}:", "        continue"))]


def _fill(rng: random.Random, groups: str, empty: str, update: str, value: str) -> list[str]:
    slot = f"{groups}[key]"
    change = update.format(slot=slot, old=slot, v=value)
    return rng.choice(
        (
            [f"if key not in {groups}:", f"    {slot} = {empty}", change],
            [update.format(slot=slot, old=f"{groups}.get(key, {empty})", v=value)],
            [f"{groups}.setdefault(key, {empty})", change],
        )
    )
