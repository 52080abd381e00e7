"""Result rows: one measurement a line of results.jsonl, appended and never changed."""

import dataclasses
import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path

from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Row:
    """One measurement of one run. `tokens` counts those trained on; `stderr` is None where none is known."""

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
