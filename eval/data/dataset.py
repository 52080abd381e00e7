"""What is known of a data set: the forms in which it is published, and the rows that its task reads."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from eval.data.schema import Check

Row = dict[str, Any]
Split = Literal["validation", "test"]


def as_it_is(record: Row) -> Sequence[Row]:
    """The rows of a record that is one already."""
    return [record]


def anything(row: Row) -> None:
    """Passes every row."""


@dataclasses.dataclass(frozen=True)
class Release:
    """A form in which a data set was published, other than the hub's.

    - `paths`: where its file is looked for below the folder of all data; the first that is there is read, gzipped (with
      `.gz` at its end) or not. A name that other data sets use too stands with the folder that it is unpacked to.
    - `beside`: files of the same form in the same folder that belong to it.
    - `labels`: whether the labels are the lines of `<name>-labels.lst` beside it; they become the field `label`.
    - `within`: the key of a JSON document's list of records.
    - `needs`: the fields that a record must have; None: those of the hub's rows.
    - `rows`: the rows that a record makes, in the hub's schema; fields that the task does not read may be among them.
    - `differs`: how its rows are others than those that lm-eval asks; empty if they are the same.
    """

    paths: tuple[str, ...]
    needs: Mapping[str, Check] | None = None
    rows: Callable[[Row], Sequence[Row]] = as_it_is
    beside: tuple[str, ...] = ()
    labels: bool = False
    within: str | None = None
    differs: str = ""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """The data of a task.

    - `title`: its name, as people write it.
    - `split`: which part is asked.
    - `hub`: its repository there, and `config` which of the repository's data sets.
    - `fields`: the fields of the hub's rows that the task reads. No others are kept.
    - `sound`: raises Mismatch if a row's fields don't go together.
    - `releases`: the other forms, those preferred first.
    - `keeps`: whether a row is asked; a file may hold other splits or languages.
    """

    task: str
    title: str
    split: Split
    hub: str
    fields: Mapping[str, Check]
    config: str | None = None
    sound: Check = anything
    releases: tuple[Release, ...] = ()
    keeps: Callable[[Row], bool] = lambda row: True
