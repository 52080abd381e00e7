"""Holds what a killed command left, once it has ended, against what one left that was never killed."""

import json
from collections.abc import Iterable
from pathlib import Path

from eval.rundir import RunFolder
from tests.runs_alike import lines_of, same_parameters

# Names of what is being written and not yet in its place: by `write_atomically`, Orbax, and tasks of a preparation.
HALF_WRITTEN = (".*.tmp", "*orbax-checkpoint-tmp*", ".*.*.[0-9]*")


def half_written(folder: Path) -> list[str]:
    """What a killed command left half written."""
    return sorted({str(path.relative_to(folder)) for pattern in HALF_WRITTEN for path in folder.rglob(pattern)})


def runs_differ(folder: Path, untouched: Path, run: str) -> list[str]:
    one, other = RunFolder(folder / run), RunFolder(untouched / run)
    same = {
        "the last parameters": same_parameters(one, other),
        "metrics.jsonl": lines_of(one) == lines_of(other),
        "plan.json": one.plan.read_bytes() == other.plan.read_bytes(),
        "config.json": one.config.read_bytes() == other.config.read_bytes(),
    }
    differing = [f"{name} of {run} differs" for name, is_same in same.items() if not is_same]
    return differing + rows_differ(one.path, other.path, "results.jsonl")


def rows_differ(folder: Path, untouched: Path, pattern: str) -> list[str]:
    """The files of result rows that differ in more than the time of a measurement, or hold one twice or not at all."""

    def rows(path: Path) -> list[dict]:
        lines = path.read_text().splitlines() if path.exists() else []
        return [{name: value for name, value in json.loads(line).items() if name != "when"} for line in lines]

    files = sorted({path.name for each in (folder, untouched) for path in each.glob(pattern)})
    return [f"rows of {folder.name}/{name} differ" for name in files if rows(folder / name) != rows(untouched / name)]


def files_differ(folder: Path, untouched: Path) -> list[str]:
    """The files that differ in a byte, or are in one of the folders alone."""
    names = sorted({path.relative_to(each) for each in (folder, untouched) for path in each.rglob("*")})
    return [
        "file differs: " + name for name in _told(n for n in names if _content(folder / n) != _content(untouched / n))
    ]


def _told(names: Iterable[Path | str]) -> list[str]:
    """The first names, and how many more there are."""
    first, more = (listed := [str(name) for name in names])[:3], len(listed) - 3
    return [*first, f"{more} more"] if more > 0 else first


def _content(path: Path) -> bytes | bool:
    return path.read_bytes() if path.is_file() else path.is_dir()


def names_differ(folder: Path, untouched: Path) -> list[str]:
    """Files that only one of the folders holds, but for those inside of checkpoints, whose names are random."""

    def names(top: Path) -> set[str]:
        told = {str(path.relative_to(top)) for path in top.rglob("*")}
        return {name for name in told if "/checkpoints/" not in name} | {
            # A checkpoint of the step at which a signal came may stay among the last ones.
            str(path.relative_to(top)) for path in top.rglob("checkpoints/*") if not path.name.isdecimal()
        }  # fmt: skip

    return [f"{name} is in one folder alone" for name in _told(sorted(names(folder) ^ names(untouched)))]
