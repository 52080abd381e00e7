"""Which files the nano suite has, and writes them: JSON lines, the same bytes in every build."""

import json
from collections.abc import Callable
from pathlib import Path

from mixsched.atomic import write_atomically
from train.corpora.nano_suite.agreement import agreement
from train.corpora.nano_suite.capitals import capitals
from train.corpora.nano_suite.cloze import cloze
from train.corpora.nano_suite.corpus import Corpus
from train.corpora.nano_suite.draws import Fields
from train.corpora.nano_suite.functions import functions
from train.corpora.nano_suite.open_ended import open_ended
from train.corpora.nano_suite.order import layout, order
from train.corpora.nano_suite.words import glosses, kinds

ITEMS: dict[str, Callable[[Corpus], list[Fields]]] = {
    "nano_cloze": lambda corpus: cloze(corpus, count=400),
    "nano_agreement": lambda corpus: agreement(corpus, count=500),
    "nano_order": order,
    "nano_layout": layout,
    "nano_capitals": capitals,
    "nano_kinds": lambda corpus: kinds(corpus, count=400),
    "nano_glosses": lambda corpus: glosses(corpus, count=400),
    "nano_functions": functions,
    "nano_open": lambda corpus: open_ended(corpus, count=110),
}


def build(corpus: Corpus, out: Path) -> dict[str, tuple[int, int]]:
    """Write one file for each name of `ITEMS` into a folder; gives the number of items and bytes of each.

    Raises UsageError where no sandbox can be made, which the functions are tried in.
    """
    out.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, items_of in ITEMS.items():
        lines = as_lines(items_of(corpus))
        write_atomically(out / f"{name}.jsonl", lines)
        sizes[name] = (len(lines), sum(map(len, lines)))
    return sizes


def as_lines(items: list[Fields]) -> list[bytes]:
    """The items as lines of a file."""
    return [json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for item in items]
