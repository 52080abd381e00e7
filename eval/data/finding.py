"""Finds the files of a task's data below a folder: as published, as the hub's client leaves them, or under its name."""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from eval.data.catalogue import DATA_SETS
from eval.data.dataset import DataSet, Release, Split
from mixsched.errors import UsageError

_OWN_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
_SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet")


@dataclasses.dataclass(frozen=True)
class Found:
    """The files of a task's data.

    - `data_set`: None for a task of which nothing is known here but its name.
    - `release`: the form that the files have; None: the hub's rows.
    """

    task: str
    data_set: DataSet | None
    release: Release | None
    files: tuple[Path, ...]


def open_folder(data: Path) -> Path:
    """The folder itself. Raises UsageError if there is none."""
    if not data.is_dir():
        raise UsageError(f"`data` names '{data}', which is no folder; give the one that holds the data sets' files")
    return data


def find(task: str, folder: Path) -> Found | None:
    """The files of a task's data; None if there are none.

    What stands under the task's own name goes first, then what holds the same rows as lm-eval asks, as published or
    from the hub, then other editions. Raises UsageError if only a part of the files is there.
    """
    data_set = DATA_SETS.get(task)
    for ending in _OWN_ENDINGS:
        if (own := folder / f"{task}{ending}").is_file():
            return Found(task, data_set, None, (own,))
    if data_set is None:
        return None
    same = [release for release in data_set.releases if not release.differs]
    others = [release for release in data_set.releases if release.differs]
    return _released(data_set, same, folder) or _from_snapshot(data_set, folder) or _released(data_set, others, folder)


def looked_for(task: str) -> list[str]:
    """The names that `find` looks for, those without `.gz`; other editions come last."""
    own = [f"{task}.jsonl", f"{task}.parquet"]
    if (data_set := DATA_SETS.get(task)) is None:
        return own
    same = [path for release in data_set.releases if not release.differs for path in release.paths]
    others = [path for release in data_set.releases if release.differs for path in release.paths]
    return list(dict.fromkeys([*same, _snapshot_name(data_set), *own, *others]))


def _released(data_set: DataSet, releases: list[Release], folder: Path) -> Found | None:
    for release in releases:
        for path in release.paths:
            for named in (path, f"{path}.gz"):
                if (first := folder / named).is_file():
                    return Found(data_set.task, data_set, release, (first, *_companions(release, first)))
    return None


def _companions(release: Release, first: Path) -> Iterator[Path]:
    stem = first.name.partition(".")[0]
    for name in (*release.beside, *([f"{stem}-labels.lst"] if release.labels else [])):
        found = [path for path in (first.with_name(name), first.with_name(f"{name}.gz")) if path.is_file()]
        if not found:
            raise UsageError(f"'{first}' is there and '{name}' beside it is missing; both are needed")
        yield found[0]


def _snapshot_name(data_set: DataSet) -> str:
    repository = data_set.hub.partition("/")[2]
    config = f"{data_set.config}/" if data_set.config else "**/"
    return f"{repository}/{config}{data_set.split}-*.parquet"


def _from_snapshot(data_set: DataSet, folder: Path) -> Found | None:
    owner, _, repository = data_set.hub.partition("/")
    roots = [folder / repository, folder / owner / repository]
    roots += sorted((folder / f"datasets--{owner}--{repository}" / "snapshots").glob("*"))
    for root in roots:
        shards = _shards(root, data_set.config, data_set.split)
        if len(shards) > 1:
            raise UsageError(
                f"'{root}' holds the {data_set.split} split more than once ({', '.join(sorted(map(str, shards)))}); "
                f"keep one, or name the file '{data_set.task}.parquet'"
            )
        for files in shards.values():
            return Found(data_set.task, data_set, None, _whole(files))
    return None


def _shards(root: Path, config: str | None, split: Split) -> dict[Path, list[Path]]:
    """The Parquet files of a split by the folder that they are in: as uploaded, or as the hub converts them."""
    found = defaultdict(list)
    for path in sorted([*root.rglob(f"{split}-*-of-*.parquet"), *root.rglob(f"{split}/*.parquet")]):
        if config is None or config in path.relative_to(root).parts:
            found[path.parent].append(path)
    return found


def _whole(files: list[Path]) -> tuple[Path, ...]:
    numbers = [match.groups() for path in files if (match := _SHARD.search(path.name))]
    if numbers and len(files) != int(numbers[0][1]):
        raise UsageError(
            f"'{files[0].parent}' holds {len(files)} of {int(numbers[0][1])} files of its split; get the others too"
        )
    return tuple(files)
