"""Texts to score as trees: the beginning that neighbours share is read once for all of them."""

import dataclasses
from collections.abc import Sequence


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
