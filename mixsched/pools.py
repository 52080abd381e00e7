"""How many rows a plan draws from each source: all, or a part, so that a small run repeats as often as a big one."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from mixsched.errors import UsageError, did_you_mean
from mixsched.fields import check_kind, is_whole

MAX_ROWS = 2**62


def simulated_epoching(rows: Mapping[str, int], *, tokens: int, of_tokens: int) -> dict[str, int]:
    """The pools with which a run of `tokens` tokens repeats each source as often as one of `of_tokens` would.

    Every source is cut to the fraction tokens / of_tokens of its rows, rounded, at least one row: a run of 1% that saw
    all rows would repeat nothing that the big run repeats. Give the result to `Plan` as `pools`.

    Raises UsageError unless 1 <= tokens <= of_tokens.

    >>> simulated_epoching({"text": 50_000, "markup": 800}, tokens=2_000_000_000, of_tokens=200_000_000_000)
    {'text': 500, 'markup': 8}
    """
    if not (is_whole(tokens) and is_whole(of_tokens) and 1 <= tokens <= of_tokens):
        raise UsageError(
            f"`tokens` must be a whole number from 1 to `of_tokens`, got {tokens!r} of {of_tokens!r}; `of_tokens` is "
            "the length of the big run"
        )
    check_rows(rows, tuple(rows))
    return {source: max(1, round(Fraction(int(count) * int(tokens), int(of_tokens)))) for source, count in rows.items()}


def check_rows(rows: Mapping[str, int], sources: tuple[str, ...]) -> None:
    """Raise UsageError unless every one of `sources` has a whole number of rows, at least one."""
    for source in sources:
        if source not in rows:
            raise UsageError(
                f"the weights name the source {source!r}, which is not among the data; {did_you_mean(source, rows)}"
            )
        if not is_whole(rows[source]) or not 1 <= int(rows[source]) <= MAX_ROWS:
            none = "; a source without rows can have no weight" if rows[source] == 0 else ""
            raise UsageError(
                f"`rows` of source {source!r} must be a whole number from 1 to 2**62, got {rows[source]!r}{none}"
            )


def added_rows(named: Iterable[str], known: Mapping[str, int], given: Mapping[str, int] | None) -> dict[str, int]:
    """What `given` says of the `named` sources that are not known yet; it may say more, as long as it is the same.

    Raises UsageError for a named source without rows, and for other rows than those known.
    """
    check_kind("`sources`", given, (Mapping, type(None)), "give the rows of each new source, by name")
    given = dict(given or {})
    for name in known.keys() & given.keys():
        if given[name] != known[name]:
            raise UsageError(f"`sources` gives {name!r} {given[name]!r} rows, the plan has {known[name]:,} of it")
    for name in named:
        if name not in known and name not in given:
            raise UsageError(
                f"the weights name the source {name!r}, which is not among the data; give the rows of a new source "
                f"as `sources`, or {did_you_mean(name, {**known, **given})}"
            )
    return {name: given[name] for name in named if name not in known}


def check_pools(pools: Mapping[str, int], rows: Mapping[str, int]) -> None:
    """Raise UsageError for a pool of an unknown source, or one that is empty or holds more rows than there are."""
    for source, pool in pools.items():
        if source not in rows:
            raise UsageError(f"`pools` names {source!r}, which is no source of the plan; {did_you_mean(source, rows)}")
        if not is_whole(pool) or not 1 <= pool <= rows[source]:
            raise UsageError(
                f"`pools` of source {source!r} must be a whole number from 1 to its {rows[source]:,} rows, got {pool!r}"
            )
