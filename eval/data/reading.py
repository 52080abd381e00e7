"""Reads the files of a task's data as rows in the schema that its definition in lm-eval reads."""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.data.dataset import DataSet, Release, Row, Split
from eval.data.finding import Found
from eval.data.records import lines, records
from eval.data.schema import Mismatch, fields
from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class TaskData:
    """The documents of a task.

    - `split`: which part of the data set they are; None where that is not known here.
    - `sha256`: of the files' bytes, one after the other.
    - `differs`: how they are others than lm-eval's; empty if they are the same.
    """

    task: str
    split: Split | None
    rows: list[Row]
    files: tuple[Path, ...]
    sha256: str
    differs: str


def read(found: Found) -> TaskData:
    """The rows of all files, in their order.

    Raises UsageError that names the file, the place in it and the field if a record is not of the form.
    """
    rows = [row for record in _records(found) for row in _rows(found, *record)]
    if not rows:
        split = "" if found.data_set is None else f" of the {found.data_set.split} split"
        raise UsageError(f"'{found.files[0]}' holds nothing{split} that '{found.task}' asks; is it the right file?")
    digest = hashlib.sha256()
    for path in found.files:
        digest.update(path.read_bytes())
    return TaskData(
        found.task,
        found.data_set and found.data_set.split,
        rows,
        found.files,
        digest.hexdigest(),
        found.release.differs if found.release else "",
    )


def _records(found: Found) -> Iterator[tuple[Path, str, Row]]:
    release = found.release or Release(paths=())
    if release.labels:
        data, labels = found.files
        yield from _labelled(data, labels)
        return
    for path in found.files:
        for where, record in records(path, within=release.within):
            yield path, where, record


def _labelled(data: Path, labels: Path) -> Iterator[tuple[Path, str, Row]]:
    written, told = list(records(data)), lines(labels)
    if len(written) != len(told):
        raise UsageError(
            f"'{labels}' has {len(told)} labels for the {len(written)} records of '{data}'; get both again"
        )
    for (where, record), label in zip(written, told, strict=True):
        yield data, where, record | {"label": label} if isinstance(record, dict) else record


def _rows(found: Found, path: Path, where: str, record: Row) -> Sequence[Row]:
    try:
        if found.data_set is None:
            fields({})(record)
            return [record]
        return list(_checked(found.data_set, found.release, record))
    except Mismatch as mismatch:
        what = f"field '{mismatch.path}'" if mismatch.path else "the record"
        if found.release and found.release.labels and mismatch.path == "label":
            path = found.files[-1]
        title = found.data_set.title if found.data_set else found.task
        raise UsageError(
            f"{where} of '{path}': {what} {mismatch.problem}; '{found.task}' can't be asked with it: "
            f"give {title} as it is published"
        ) from mismatch


def _checked(data_set: DataSet, release: Release | None, record: Row) -> Iterator[Row]:
    whole = fields(data_set.fields)
    if release is None:
        rows = [record]
    else:
        fields(data_set.fields if release.needs is None else release.needs)(record)
        rows = release.rows(record)
    for row in rows:
        whole(row)
        if data_set.keeps(row):
            data_set.sound(row)
            yield {name: row[name] for name in data_set.fields}
