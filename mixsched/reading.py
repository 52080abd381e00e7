"""Reads the rows that a placement names: one call a source, however many slots there are."""

from collections.abc import Mapping, Sequence, Sized
from typing import Any, Protocol

import numpy as np

from mixsched.errors import UsageError
from mixsched.fields import check_kind
from mixsched.placement import Placement
from mixsched.plan import Plan


class RowSource(Protocol):
    """What the doors read: rows by record number, all of one shape, many in one call."""

    def __len__(self) -> int: ...

    def __getitems__(self, records: Sequence[Any], /) -> Any: ...


def check_sources(plan: Plan, sources: Mapping[str, Sized], *, rows_only: bool = False) -> None:
    """Raise UsageError unless `sources` holds every source of the plan with the rows it was planned with.

    With `rows_only` each must be a `RowSource` too.
    """
    check_kind("`plan`", plan, Plan, "give a Plan, which Plan(schedule, rows, seed=...) makes")
    check_kind("`sources`", sources, Mapping, "give a mapping from the name of each source to its rows")
    planned = plan.rows
    for name in plan.sources:
        found = len(sources[name]) if name in sources else None
        if found != planned[name]:
            have = "is missing" if found is None else f"has {found} rows"
            raise UsageError(
                f"the source {name!r} {have}, but the plan was made for {planned[name]} rows of it; "
                "give the data that the plan was made for, or make a new plan"
            )
        if rows_only and not callable(getattr(type(sources[name]), "__getitems__", None)):
            raise UsageError(
                f"the source {name!r} has no `__getitems__(records)`; give what `open_rows` opens, or a class of "
                "yours with `__len__` and `__getitems__`"
            )


def read_rows(plan: Plan, sources: Mapping[str, RowSource], placement: Placement) -> np.ndarray:
    """The rows of the samples of a placement, in its order: int32 [slots, row], for at least one slot."""
    order = np.argsort(placement.source, kind="stable")
    used, firsts = np.unique(placement.source[order], return_index=True)
    rows = None
    for source, slots in zip(used.tolist(), np.split(order, firsts[1:]), strict=True):
        name = plan.sources[source]
        part = np.asarray(sources[name].__getitems__(placement.record[slots].tolist()))
        rows = np.empty((len(order), *part.shape[1:]), np.int32) if rows is None else rows
        if part.dtype.kind not in "iu" or part.shape != (len(slots), *rows.shape[1:]):
            first = plan.sources[used[0]]
            raise UsageError(
                f"the source {name!r} gave {len(slots)} rows as {part.dtype} {list(part.shape)}, {first!r} rows of "
                f"{list(rows.shape[1:])}; all sources must give whole numbers, in rows of one length"
            )
        if part.dtype.itemsize > 2 and part.size and part.max() >= 2**31:
            raise UsageError(f"the source {name!r} gave the token id {part.max()}, which must be below 2**31")
        rows[slots] = part
    assert rows is not None  # check_host sees to it that every host has a slot.
    return rows
