"""Result rows: one measurement a line of results.jsonl, appended and never changed."""

import dataclasses
import datetime
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

from mixsched.errors import UsageError

SAME = 1e-6


@dataclasses.dataclass(frozen=True)
class Row:
    """One measurement of one run.

    - `tokens`: those trained on.
    - `stderr`: None where none is known.
    - `n`: rows, items or, for an average, tasks.
    - `asked`: a digest of how it was measured (`TaskRecord.asked`), since greedy and sampled programs, say, are two
        measurements; empty in rows from before there was one.
    - `covers`: the tasks that an average is over; empty for all else.
    """

    run: str
    experiment: str
    scale: str
    seed: int
    step: int
    tokens: int
    task: str
    metric: str
    value: float
    stderr: float | None
    n: int
    when: str
    version: str
    asked: str = ""
    covers: list[str] = dataclasses.field(default_factory=list)


def now() -> str:
    """The time of a measurement: UTC, to the second, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def append_rows(path: Path, rows: Sequence[Row]) -> None:
    """Append the rows in one write, on disk before this returns."""
    text = "".join(json.dumps(dataclasses.asdict(row), allow_nan=False) + "\n" for row in rows)
    with path.open("a") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def append_new_rows(path: Path, rows: Sequence[Row]) -> int:
    """Append the rows that say something other than the last row of the same measurement; returns how many those were.

    Numbers that differ by less than SAME are the same: another number of devices adds up in another order. Who reads a
    file takes the last row of a measurement.
    """
    last = {measurement(row): row for row in read_rows(path)}
    new = [row for row in rows if not _says_the_same(row, last.get(measurement(row)))]
    append_rows(path, new)
    return len(new)


def measurement(row: Row) -> tuple:
    """What tells measurements of one run apart: two rows of one differ in value and time alone."""
    return (row.step, row.task, row.metric, row.n, row.asked, tuple(row.covers))


def _says_the_same(row: Row, other: Row | None) -> bool:
    if other is None or (row.stderr is None) != (other.stderr is None):
        return False
    numbers = ((row.value, other.value), (row.stderr or 0.0, other.stderr or 0.0))
    return all(math.isclose(one, two, rel_tol=SAME, abs_tol=SAME**2) for one, two in numbers)


def read_rows(path: Path) -> list[Row]:
    """All rows of a file, in order; none where there is no file. Raises UsageError that names a broken line."""
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            rows.append(Row(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise UsageError(f"line {number} of '{path}' is no result row ({error}); remove that line") from error
    return rows
