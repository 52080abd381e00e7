"""Arithmetic on dates without a library: leap years, lengths of months, days of the year and the week."""

import datetime
import functools
import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task

_LEAP = "def is_leap(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)"
_LENGTH = (
    "def month_length(year, month):\n    if month == 2:\n        return 29 if is_leap(year) else 28\n"
    "    return 30 if month in (4, 6, 9, 11) else 31",
    "def month_length(year, month):\n    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]\n"
    "    return days[month - 1] + (1 if month == 2 and is_leap(year) else 0)",
)
_DAYS_IN = (
    "def day_of_year(year, month, day):\n    for earlier in range(1, month):\n"
    "        day += month_length(year, earlier)\n    return day",
    "def day_of_year(year, month, day):\n    return sum(month_length(year, m) for m in range(1, month)) + day",
    "def day_of_year(year, month, day):\n    if month == 1:\n        return day\n"
    "    return day_of_year(year, month - 1, day) + month_length(year, month - 1)",
)
# What is computed from (year, month, day) and k: body, words, and the same with the library.
_DATES: tuple[tuple[str, str, str, Callable[[datetime.date, int], Any]], ...] = (
    ("days_left", "return day_of_year(year, 12, 31) - day_of_year(year, month, day)",
     "How many days of the year are left.",
     lambda d, k: (datetime.date(d.year, 12, 31) - d).days),
    ("nth_day", "return day_of_year(year, month, day)", "Which day of the year it is, the first being 1.",
     lambda d, k: d.timetuple().tm_yday),
    ("later", "day += {k}\nwhile day > month_length(year, month):\n    day -= month_length(year, month)\n"
     "    month += 1\n    if month > 12:\n        year, month = year + 1, 1\nreturn year, month, day",
     "The date {k} days later.", lambda d, k: (lambda e: (e.year, e.month, e.day))(d + datetime.timedelta(k))),
    ("earlier", "day -= {k}\nwhile day < 1:\n    month -= 1\n    if month == 0:\n        year, month = year - 1, 12\n"
     "    day += month_length(year, month)\nreturn year, month, day", "The date {k} days earlier.",
     lambda d, k: (lambda e: (e.year, e.month, e.day))(d - datetime.timedelta(k))),
    ("weekday", "days = day_of_year(year, month, day)\nfor earlier in range(1, year):\n"
     "    days += 366 if is_leap(earlier) else 365\nreturn (days - 1) % 7", "The day of the week, Monday being 0.",
     lambda d, k: d.weekday()),
    ("week", "first = day_of_year(year, month, day) - 1\nreturn first // 7 + 1",
     "Which run of seven days of the year it is in, the first being 1.", lambda d, k: -(-d.timetuple().tm_yday // 7)),
    ("quarter", "quarter = (month - 1) // 3 + 1\nstart = day_of_year(year, 3 * quarter - 2, 1)\n"
     "return quarter, day_of_year(year, month, day) - start", "The quarter, and how many days of it are over.",
     lambda d, k: ((d.month + 2) // 3, (d - datetime.date(d.year, (d.month + 2) // 3 * 3 - 2, 1)).days)),
    ("share", "total = 366 if is_leap(year) else 365\nreturn 100 * day_of_year(year, month, day) // total",
     "How many per cent of the year are over with this day, rounded down.",
     lambda d, k: 100 * d.timetuple().tm_yday // datetime.date(d.year, 12, 31).timetuple().tm_yday),
)  # fmt: skip
_WRAPS: tuple[tuple[str, str, Callable[[Any, int], Any]], ...] = (
    ("{r}", "", lambda v, k: v), ("({r}) % {m}", " Give the rest by {m}.", lambda v, m: v - v // m * m),
    ("[{r}] * {m}", " Give it {m} times in a list.", lambda v, m: [v for _ in range(m)]),
    ("str({r})", " Give it as text.", lambda v, m: f"{v}"),
)  # fmt: skip


def date_task(rng: random.Random) -> Task:
    """Arithmetic on dates from a day, or on a list of them, with helpers for leap years and lengths of months."""
    name, code, what, apply = rng.choice(_DATES)
    k, m = rng.randint(5, 80), rng.randint(2, 5)
    wrap, words, wrapped = rng.choice(
        [w for w in _WRAPS if "%" not in w[0] or name not in ("later", "earlier", "quarter")]
    )
    *lines, last = code.format(k=k).split("\n")
    lines.append("return " + wrap.format(r=f"({last[7:]})" if "," in last else last[7:], m=m))
    text = "\n".join(lines)
    helpers = [_LEAP, rng.choice(_LENGTH)] + ([rng.choice(_DAYS_IN)] if "day_of_year" in text else [])

    def one(year: int, month: int, day: int) -> Any:
        return wrapped(apply(datetime.date(year, month, day), k), m)

    tries = [(rng.choice((1999, 2000, 2023, 2024, 1900)), rng.randint(1, 12), rng.randint(1, 28)) for _ in range(6)]
    many, reference = rng.random() < 0.4, one
    if many:
        helpers.append(f"def {name}_of(year, month, day):\n    " + text.replace("\n", "\n    "))
        keep, only, passes = rng.choice(
            (("", "", lambda d: True), (" if is_leap(year)", " in leap years", lambda d: d[0] in (2000, 2024)),
             (" if month > 6", " after June", lambda d: d[1] >= 7),
             (" if day % 2 == 0", " on even days", lambda d: not d[2] & 1))
        )  # fmt: skip
        text = rng.choice(
            (f"return [{name}_of(year, month, day) for year, month, day in dates{keep}]",
             "result = []\nfor year, month, day in dates:\n" + (f"   {keep}:\n        " if keep else "    ")
             + f"result.append({name}_of(year, month, day))\nreturn result")
        )  # fmt: skip
        what = f"For every date{only} of the list: {what[0].lower()}{what[1:]}"
        reference = functools.partial(_each, one, passes)
    return Task(
        name=f"{name}_{rng.choice(('by_calendar', 'for_date', 'of_date'))}" if not many else f"all_{name}",
        parameters=("dates",) if many else ("year", "month", "day"),
        body=tuple(text.split("\n")),
        summary=what.format(k=k) + words.format(m=m),
        reference=reference,
        arguments=((tries[:3],), (tries[2:],)) if many else tuple(tries),
        before="\n\n\n".join(helpers),
    )


def _each(one: Callable, passes: Callable, dates: list[tuple[int, int, int]]) -> list:
    return [one(*date) for date in dates if passes(date)]
