"""What the definitions beside this file call: their items, and the score of a text that is only scored."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import datasets

from eval.lm.seam import moved_seam


def items(*, file: str, **_: Any) -> dict[str, datasets.Dataset]:
    """The items of a file of this folder as a split `test`; lm-eval hands a definition's `metadata` over as well."""
    return {"test": datasets.Dataset.from_list(_read(file))}


def grouped(*, file: str, **_: Any) -> dict[str, datasets.Dataset]:
    """The items of a file of groups: each gets the `prompts` of its group, and as `gold` the place of its own."""
    prompts: defaultdict[str, list[str]] = defaultdict(list)
    lines = _read(file)
    for line in lines:
        prompts[line["group"]].append(line["prompt"])
    expanded = [
        line | {"prompts": prompts[line["group"]], "gold": prompts[line["group"]].index(line["prompt"])}
        for line in lines
    ]
    return {"test": datasets.Dataset.from_list(expanded)}


def _read(file: str) -> list[dict[str, Any]]:
    lines = (Path(__file__).parent / file).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def bits_per_byte(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, tuple[float, int]]:
    """Log-likelihood in nats and UTF-8 bytes of what is scored of an item, of which lm-eval makes bits per byte."""
    ((nats, _),) = results
    scored = moved_seam(doc["prompt"], doc["solution"])[1]
    return {"bits_per_byte": (nats, len(scored.encode()))}


def both_forms(doc: dict[str, Any]) -> list[str]:
    """The sentence of an item of nano_agreement with either word."""
    return [doc["before"] + word + doc["after"] for word in doc["words"]]


def both_orders(doc: dict[str, Any]) -> list[str]:
    """The pieces of an item of nano_order in either order, each after what joins it to the one before."""
    return ["".join(doc["joint"] + piece for piece in pieces) for pieces in (doc["pieces"], doc["pieces"][::-1])]
