"""Plan files as people give them to a command: a plan, or a schedule alone, with the rows that shards have."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mixsched.errors import UsageError
from mixsched.plan import Plan
from mixsched.schedule import Schedule
from mixsched.shards import rows_in
from mixsched.stored import read_declared


class CannotBeError(UsageError):
    """A file that was read, but what it declares cannot be."""


def read_planfile(path: Path, *, shards: Path | None = None) -> Plan | Schedule:
    """The plan, or the schedule, that a file declares; with `shards`, rows come from the manifests there.

    A schedule becomes a plan where `shards` are given. Raises UsageError where the file cannot be read, and
    `CannotBeError` where it can, but what it declares cannot be.
    """
    declared, eras, _ = read_declared(path)
    if not isinstance(declared, dict):
        raise UsageError(f"'{path}' must hold an object of schedule, rows and seed, or a schedule alone")
    alone = "schedule" not in declared and "phases" in declared
    with _named(path):
        if not alone and "schedule" not in declared:
            raise UsageError("a plan lacks schedule; write [schedule] with its phases, [rows] and seed")
        schedule = Schedule.from_json(declared if alone else declared["schedule"])
    if shards is not None:
        # The rows are others than those that a fingerprint in the file was made for.
        rest = {"seed": 0} if alone else {name: declared[name] for name in declared.keys() - {"fingerprint"}}
        declared = rest | {"schedule": schedule.to_json(), "rows": rows_in(shards, schedule.sources)}
    elif alone:
        return schedule
    with _named(path):
        return Plan.load(path) if eras and shards is None else Plan.from_json(declared)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise CannotBeError(f"'{path}' cannot be: {error}") from error


def as_plan(path: Path, *, shards: Path | None = None) -> Plan:
    """The plan that a file declares; raises UsageError where it is a schedule alone."""
    plan = read_planfile(path, shards=shards)
    if isinstance(plan, Schedule):
        raise UsageError(f"'{path}' is a schedule without `rows`; add them, or name the data with --shards")
    return plan
