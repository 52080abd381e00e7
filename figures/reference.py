"""The paper's numbers, by figure, measure and experiment: figures/paper/."""

import csv
import dataclasses
import functools
from pathlib import Path

FOLDER = Path(__file__).parent / "paper"
SCALE, LARGER_SCALE = "470m", "2.8b"
JUDGE = "Command R+"
# The experiment of an average over a figure's variants.
ALL_VARIANTS = ""


@dataclasses.dataclass(frozen=True)
class Known:
    """A number of the paper.

    - `value`: in percent; a ratio is given as the relative change that it is (2.6 times is +160%).
    - `baseline`: what a relative change is against; empty for absolute values.
    """

    value: float
    baseline: str


def known(figure: str, measure: str, experiment: str) -> Known | None:
    """What the paper says of an experiment in a figure; None if it says nothing."""
    return _figures().get((figure, measure, experiment))


def table2(experiment: str, measure: str) -> float | None:
    """A cell of Table 2, in percent; None if the paper has none."""
    cell = _table2().get(experiment, {}).get(measure)
    return None if cell is None else float(cell)


@functools.cache
def _figures() -> dict[tuple[str, str, str], Known]:
    return {
        (row["figure"], row["measure"], row["experiment"]): Known(_percent(row), row["baseline"])
        for row in _read("figures.csv")
    }


def _percent(row: dict[str, str]) -> float:
    value = float(row["value"])
    return 100 * (value - 1) if row["unit"] == "ratio" else value


@functools.cache
def _table2() -> dict[str, dict[str, str]]:
    return {row["experiment"]: row for row in _read("table2.csv")}


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="") as stream:
        return list(csv.DictReader(stream))
