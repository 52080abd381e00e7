"""Packs texts to score into rows of few lengths, with the beginning that neighbours share standing there once."""

import dataclasses
from collections.abc import Sequence

import numpy as np

# Shorter rows save little attention, and longer texts leave more of them empty.
SHORTEST_ROW = 256
RUNG = 4
# Lengths that devices like are multiples of this.
TILE = 128


@dataclasses.dataclass(frozen=True)
class Text:
    """Tokens, of which the last `scored` are to be predicted; there is at least one before them."""

    tokens: list[int]
    scored: int

    @property
    def asked(self) -> int:
        """How many tokens come before the first that is predicted."""
        return len(self.tokens) - self.scored


@dataclasses.dataclass(frozen=True)
class Tree:
    """Texts, by their numbers, whose first `shared` tokens are the same and stand in a row once.

    `size` is what it takes of a row: its tokens (the last of a text predicts nothing and is not read), or the number
    of predictions where that is more.
    """

    shared: int
    texts: list[int]
    size: int


def cut_left(text: Text, *, context_tokens: int) -> Text:
    """The end of a text that a model of so long a context can see; a longer continuation loses its own beginning."""
    tokens = text.tokens[-(context_tokens + 1) :]
    return Text(tokens, min(text.scored, len(tokens) - 1))


def row_lengths(context_tokens: int) -> list[int]:
    """The lengths that rows come in: each four times the one before, the last such that it holds any text."""
    lengths = [SHORTEST_ROW]
    while lengths[-1] < context_tokens:
        lengths.append(min(lengths[-1] * RUNG, -(-context_tokens // TILE) * TILE))
    return lengths


def grow_trees(texts: Sequence[Text], *, largest: int, share: bool = True) -> list[Tree]:
    """Neighbouring texts as trees of at most `largest` tokens, so that a question is read once for all its answers.

    A text joins the tree before it if at least half of what it is asked with is shared, and tokens are saved; nothing
    that any text is scored on is shared. Texts without anything to score are left out.
    """
    trees: list[Tree] = []
    shared, members = 0, []
    for number, text in enumerate(texts):
        if not text.scored:
            continue
        common = _common(texts[members[-1]].tokens, text.tokens, min(text.asked, shared)) if members and share else 0
        if 2 * common >= text.asked > 1 and common * len(members) > shared * (len(members) - 1):
            shared = common
            members.append(number)
        else:
            trees += _fitting(texts, shared, members, largest)
            shared, members = text.asked, [number]
    return trees + _fitting(texts, shared, members, largest)


def _common(one: list[int], other: list[int], most: int) -> int:
    if one[:most] == other[:most]:
        return most
    return next(place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def _fitting(texts: Sequence[Text], shared: int, members: list[int], largest: int) -> list[Tree]:
    """A tree as it is, or as several that each fit a row."""
    if len(members) == 1:
        shared = 0
    trees: list[Tree] = []
    chosen: list[int] = []
    tokens, places = shared, 0
    for number in members:
        branch = len(texts[number].tokens) - 1 - shared
        if chosen and max(tokens + branch, places + texts[number].scored) > largest:
            trees.append(Tree(shared, chosen, max(tokens, places)))
            chosen, tokens, places = [], shared, 0
        chosen.append(number)
        tokens, places = tokens + branch, places + texts[number].scored
    return [*trees, Tree(shared, chosen, max(tokens, places))] if chosen else trees


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
