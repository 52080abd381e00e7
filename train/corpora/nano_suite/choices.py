"""Wrong answers that are right elsewhere: items in fours, each with one of four prompts and one of four answers.

A model says which of the prompts an answer follows, so nothing counts but how well the two go together: a prompt is
right for one of the four answers and wrong for three, and the answer is the same for all four prompts. Who ranks the
prompts without reading the answer, by length, frequency or source, gets exactly one item in four.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from train.corpora.nano_suite.draws import Fields, by_id, drawn_number

T = TypeVar("T")
CHOICES = 4
# How far in the order, which is mostly by length, an item looks for the others of its four.
_NEAR = 80


def fours(items: Sequence[T], *, answer: Callable[[T], str], apart: Callable[[T, T], bool]) -> list[list[T]]:
    """Groups of four items near in the order, whose answers differ; items for which none are left are in no group.

    - `apart`: whether the answer of either item is wrong for the other; the same for both orders of the two.
    """
    left = list(items)
    groups = []
    while left:
        group, later = left[:1], []
        for place, other in enumerate(left[1:]):
            fits = len(group) < CHOICES and place < _NEAR
            fits = fits and all(answer(each) != answer(other) and apart(each, other) for each in group)
            (group if fits else later).append(other)
        if len(group) == CHOICES:
            groups.append(group)
            left = later
        else:
            left = left[1:]
    return groups


def drawn_fours(groups: Sequence[list[T]], count: int, *, name: Callable[[T], str], purpose: str) -> list[list[T]]:
    """Groups with at most `count` items together, drawn by the name of their first."""
    ordered = sorted(groups, key=lambda group: drawn_number(name(group[0]), purpose=purpose))
    return ordered[: count // CHOICES]


def grouped(groups: Sequence[list[T]], fields: Callable[[T], Fields], *, prefix: str = "") -> list[Fields]:
    """The items of all groups, each with the number of its own as `group`, in the order of their names."""
    numbered = enumerate(groups)
    return by_id(fields(item) | {"group": f"{prefix}{number}"} for number, group in numbered for item in group)
