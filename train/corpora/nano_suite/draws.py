"""Draws items by a hash of their names, so that a draw depends on no order and on no other item."""

import random
from collections.abc import Callable, Iterable
from typing import Any

Fields = dict[str, Any]


def first_drawn(items: Iterable[Fields], count: int, *, purpose: str, keep: Callable[[Fields], bool]) -> list[Fields]:
    """The first `count` of the items, in the order of the draw, that `keep` holds for."""
    drawn: list[Fields] = []
    for item in sorted(items, key=lambda item: drawn_number(item["id"], purpose=purpose)):
        if len(drawn) == count:
            break
        if keep(item):
            drawn.append(item)
    return drawn


def drawn_number(name: str, *, purpose: str) -> float:
    """A number from 0 to 1 that is fixed for the purpose and the name."""
    return random.Random(f"nano/{purpose}/{name}").random()


def by_id(items: Iterable[Fields]) -> list[Fields]:
    """The items in the order of their names, which is that of the files."""
    return sorted(items, key=lambda item: item["id"])
