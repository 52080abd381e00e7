"""Result rows: one measurement a line of results.jsonl, appended and never changed."""

import dataclasses
import datetime
import json
import math
from collections.abc import Sequence
from pathlib import Path

from mixsched.atomic import append_durably
from mixsched.errors import UsageError
from mixsched.typed import read_json, typed

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
    - `libraries`, `commit`: of what measured (`eval.versions`).
    - `plan`, `tokenizer`, `data`: of what was trained, the first digits of their SHA-256 fingerprints: the plan as it
        was when this was measured, and all sources together, their held-out rows among them.

    The last five are empty in rows from before there were such.
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
    libraries: dict[str, str] = dataclasses.field(default_factory=dict)
    commit: str = ""
    plan: str = ""
    tokenizer: str = ""
    data: str = ""


# Left out of a line where a row knows nothing of it: rows from before stay, to the byte, what they were.
ORIGIN = ("libraries", "commit", "plan", "tokenizer", "data")


def now() -> str:
    """The time of a measurement: UTC, to the second, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def line_of(row: Row) -> str:
    """A row as the line that is kept of it."""
    told = dataclasses.asdict(row)
    known = {name: value for name, value in told.items() if value or name not in ORIGIN}
    return json.dumps(known, allow_nan=False) + "\n"


def append_rows(path: Path, rows: Sequence[Row]) -> None:
    """Append the rows in one write, on disk before this returns."""
    append_durably(path, "".join(map(line_of, rows)).encode())


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
    """What tells measurements of one run apart: two rows of one differ in value, time and origin."""
    return (row.step, row.task, row.metric, row.n, row.asked, tuple(row.covers))


def _says_the_same(row: Row, other: Row | None) -> bool:
    if other is None or (row.stderr is None) != (other.stderr is None):
        return False
    numbers = ((row.value, other.value), (row.stderr or 0.0, other.stderr or 0.0))
    return all(math.isclose(one, two, rel_tol=SAME, abs_tol=SAME**2) for one, two in numbers)


def read_rows(path: Path) -> list[Row]:
    """All rows of a file, in order, but for a torn last one, of which it prints a word; none where there is no file.

    Raises UsageError that names a broken line.
    """
    if not path.exists():
        return []
    *lines, torn = path.read_bytes().split(b"\n")
    if torn:
        print(f"passed over the last line of '{path}', of which the end is missing")
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(typed(Row, read_json(line)))
        except (ValueError, TypeError) as error:
            raise UsageError(f"line {number} of '{path}' is no result row ({error}); remove that line") from error
    return rows
