"""Packs trees of texts into rows of few lengths, and lays out what the device reads of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from eval.lm.trees import Text, Tree

# Shorter rows save little attention, and longer texts leave more of them empty.
SHORTEST_ROW = 256
RUNG = 4
# Lengths that devices like are multiples of this.
TILE = 128


def row_lengths(context_tokens: int) -> list[int]:
    """The lengths that rows come in: each four times the one before, the last such that it holds any text."""
    lengths = [SHORTEST_ROW]
    while lengths[-1] < context_tokens:
        lengths.append(min(lengths[-1] * RUNG, -(-context_tokens // TILE) * TILE))
    return lengths


@dataclasses.dataclass(frozen=True)
class Row:
    """The length of a row, and what it holds, by number."""

    length: int
    members: list[int]


def pack(sizes: Sequence[int], lengths: Sequence[int]) -> list[Row]:
    """Shares out sizes to rows: largest first, each to the row where it leaves least over, or to a new one.

    Best-fit decreasing (Johnson 1974); a new row has the least of the (ascending) `lengths` that will do. A size takes
    constant time, whatever the number of rows: which amounts of free room there are is told by the bits of an integer.
    """
    rows: list[Row] = []
    with_room: list[list[int]] = [[] for _ in range(lengths[-1] + 1)]
    rooms = 0
    for number in sorted(range(len(sizes)), key=lambda number: -sizes[number]):
        size = sizes[number]
        assert 0 < size <= lengths[-1]
        enough = rooms >> size
        if enough:
            room = size + (enough & -enough).bit_length() - 1
            row = with_room[room].pop()
            rooms ^= (not with_room[room]) << room
        else:
            room = next(length for length in lengths if length >= size)
            row = len(rows)
            rows.append(Row(room, []))
        rows[row].members.append(number)
        with_room[room - size].append(row)
        rooms |= 1 << (room - size)
    return rows


@dataclasses.dataclass(frozen=True)
class Span:
    """Where a text's predictions stand among all that are made of a batch."""

    text: int
    start: int
    stop: int


@dataclasses.dataclass(frozen=True)
class Batch:
    """Rows of one length, for all devices: int32 arrays, rows by length.

    - `position`, `item`, `branch`: the rows' `model.packed.Layout`; padding is item -1.
    - `place`, `target`: a device's predictions, those of its rows in one list from its first row on: the place, among
        its rows' tokens, from where a token is predicted, and that token.
    - `count`: how many a device has to make, one number a device.
    """

    tokens: np.ndarray
    position: np.ndarray
    item: np.ndarray
    branch: np.ndarray
    place: np.ndarray
    target: np.ndarray
    count: np.ndarray
    spans: list[Span]


def fill(texts: Sequence[Text], rows: Sequence[Sequence[Tree]], *, shape: tuple[int, int], devices: int) -> Batch:
    """A batch of `shape` (rows, length) that holds `rows`, at most so many, and padding."""
    batch = Batch(
        *(np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.full(shape, -1, np.int32)),
        *(np.zeros(shape, np.int32) for _ in range(3)),
        count=np.zeros(devices, np.int32),
        spans=[],
    )
    for number, trees in enumerate(rows):
        # Dealt out in turn, so that a last batch that is not full keeps every device busy.
        turn, device = divmod(number, devices)
        row = device * (shape[0] // devices) + turn
        start = 0
        for item, tree in enumerate(trees):
            stop = _plant(batch, texts, tree, row=row, start=start)
            batch.item[row, start:stop] = item
            start = stop
    return batch


def _plant(batch: Batch, texts: Sequence[Text], tree: Tree, *, row: int, start: int) -> int:
    """Write a tree's tokens and predictions from `start` on; returns where its tokens end."""
    devices, length = len(batch.count), batch.tokens.shape[1]
    device, row_of_device = divmod(row, len(batch.tokens) // devices)
    places, targets = batch.place.reshape(devices, -1)[device], batch.target.reshape(devices, -1)[device]
    trunk = start + tree.shared
    batch.tokens[row, start:trunk] = texts[tree.texts[0]].tokens[: tree.shared]
    batch.position[row, start:trunk] = np.arange(tree.shared)
    stop = trunk
    for branch, number in enumerate(tree.texts, start=1):
        text = texts[number]
        begin, stop = stop, stop + len(text.tokens) - 1 - tree.shared
        batch.tokens[row, begin:stop] = text.tokens[tree.shared : -1]
        batch.position[row, begin:stop] = np.arange(tree.shared, len(text.tokens) - 1)
        batch.branch[row, begin:stop] = branch
        first = int(batch.count[device])
        last = first + text.scored
        columns = np.arange(stop - text.scored, stop)
        if text.asked == tree.shared:
            # Its first token is predicted at the end of what is shared, which other branches may follow.
            columns[0] = trunk - 1
        places[first:last] = row_of_device * length + columns
        targets[first:last] = text.tokens[text.asked :]
        batch.count[device] = last
        batch.spans.append(Span(number, device * places.size + first, device * places.size + last))
    return stop
