"""What was measured, one value a line: what tables, JSON lines and figure are made of."""

import dataclasses
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One value of one subject; `value` is None where the library is not installed.

    `goal` says what mixsched promises of it, and `met` whether it is kept.
    """

    table: str
    subject: str
    metric: str
    value: float | None
    unit: str
    repeats: int = 1
    goal: str = ""
    met: bool | None = None


def timed_s(call: Callable[[], object], *, repeats: int) -> float:
    """The median of the seconds that `call` takes."""
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return float(np.median(took))


def write_lines(path: Path, measurements: Iterable[Measurement], about: dict[str, object]) -> None:
    """One JSON object a measurement, with what is known `about` the run in each."""
    lines = [json.dumps({**about, **dataclasses.asdict(measurement)}) for measurement in measurements]
    path.write_text("\n".join(lines) + "\n")
