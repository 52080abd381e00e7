"""An item as a person reads it: prompt, choices or outputs, scores; wrapped to a width, with white space visible."""

import textwrap
from collections.abc import Iterator
from typing import Any

from eval.items import Item

_NARROWEST = 20


def item_text(item: Item, *, width: int) -> str:
    """All of an item, in lines of at most `width` characters.

    Text stands behind "| ", a line that goes on behind ": ". Spaces at a line's end are dots, and what can't be printed
    (tabs, control characters) is escaped as in Python.
    """
    head = "  ".join([f"item {item.item}", *(f"{name} {score_text(score)}" for name, score in item.scores.items())])
    blocks = [head + (f"  cluster {item.cluster}" if item.cluster is not None else "")]
    blocks += _prompt_lines(item, width)
    if item.choices is not None:
        blocks += _choice_lines(item, width)
    elif item.target:
        blocks += ["target", *_lines(_as_text(item.target), width)]
    if item.loglikelihoods is not None and item.choices is None:
        blocks.append("log-likelihood " + ", ".join(f"{nats:.4f}" for nats in item.loglikelihoods))
    blocks += _output_lines(item, width)
    return "\n".join(blocks)


def score_text(score: Any) -> str:
    """A number as it is, numerator and denominator of a ratio with their quotient."""
    match score:
        case [numerator, 0 | 0.0 as denominator]:
            return f"{numerator:.4g}/{denominator:.4g}"
        case [int() | float() as numerator, int() | float() as denominator]:
            return f"{numerator / denominator:.4f} ({numerator:.4g}/{denominator:.4g})"
        case int() | float():
            return f"{score:.4g}"
        case _:
            return str(score)


def _prompt_lines(item: Item, width: int) -> Iterator[str]:
    match item.prompt:
        case str() as text:
            if text:
                yield "prompt"
                yield from _lines(text, width)
        case texts:
            for number, text in enumerate(texts, start=1):
                yield f"prompt of choice {number}"
                yield from _lines(text, width)


def _choice_lines(item: Item, width: int) -> Iterator[str]:
    likelihoods = item.loglikelihoods or []
    chosen = likelihoods.index(max(likelihoods)) if likelihoods else None
    for place, text in enumerate(item.choices or []):
        words = [f"choice {place + 1}"]
        words += [f"{likelihoods[place]:.4f} nats"] if place < len(likelihoods) else []
        words += ["chosen"] * (place == chosen) + ["right"] * (place == item.gold)
        yield "  ".join(words)
        yield from _lines(text, width)


def _output_lines(item: Item, width: int) -> Iterator[str]:
    for place, text in enumerate(item.outputs or []):
        verdict = f"  {item.verdicts[place]}" if item.verdicts else ""
        yield f"output {place + 1}{verdict}"
        yield from _lines(text, width)


def _as_text(target: Any) -> str:
    return "\n".join(map(str, target)) if isinstance(target, list) else str(target)


def _lines(text: str, width: int) -> Iterator[str]:
    for line in text.split("\n"):
        parts = textwrap.wrap(
            _visible(line),
            max(width - 2, _NARROWEST),
            replace_whitespace=False,
            drop_whitespace=False,
            expand_tabs=False,
            break_on_hyphens=False,
        )
        for part, mark in zip(parts or [""], ["| ", *[": "] * len(parts)], strict=False):
            yield (mark + part).rstrip()


def _visible(line: str) -> str:
    kept = line.rstrip(" ")
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in kept)
    return shown + "·" * (len(line) - len(kept))
