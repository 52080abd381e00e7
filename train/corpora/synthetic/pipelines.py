"""Functions composed of a source, one to three steps and a sink, written in one of four styles."""

import dataclasses
import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.sinks import Sink, sinks
from train.corpora.synthetic.steps import Step, integer_steps, string_steps

WORDS = (  # noqa: SIM905
    "apple bread candle door engine forest garden hill island jacket kettle lemon mirror noon "
    "orange paper quilt river stone table uncle valley window level radar stats civic yellow "
    "zebra anchor basket copper dinner echo feather goose harbor inch jewel king lantern metal "
    "nest otter pearl queen rope silver tent umbrella velvet water yarn eagle olive iron area"
).split()


@dataclasses.dataclass(frozen=True)
class Task:
    """A function to write: its text, what it must return, and the arguments to try it on.

    `before` is the source of what the function needs: a helper, a class.
    """

    name: str
    parameters: tuple[str, ...]
    body: tuple[str, ...]
    summary: str
    reference: Callable[..., Any]
    arguments: tuple[tuple[Any, ...], ...]
    imports: tuple[str, ...] = ()
    before: str = ""


@dataclasses.dataclass(frozen=True)
class _Source:
    gives: str
    parameters: tuple[str, ...]
    element: tuple[str, ...]
    code: str
    phrase: str
    draw: Callable[[random.Random], Any]
    apply: Callable[[Any], list]


def _integers(rng: random.Random) -> list[int]:
    return [rng.randint(-9, 30) for _ in range(rng.randint(3, 8))]


def _words(rng: random.Random) -> list[str]:
    return [rng.choice(WORDS) for _ in range(rng.randint(3, 6))]


def _table(rng: random.Random) -> dict[str, int]:
    return dict(zip(_words(rng), _integers(rng), strict=False))


_SOURCES = (
    _Source("int", ("numbers", "values", "data", "items", "nums", "scores", "readings"),
            ("n", "number", "value", "x"), "{p}", "a list of integers", _integers, list),
    _Source("int", ("n", "limit", "size", "count_to"), ("k", "number", "step", "i"),
            "range(1, {p} + 1)", "the whole numbers from 1 to {p}",
            lambda rng: rng.randint(3, 15), lambda n: [place + 1 for place in range(n)]),
    _Source("int", ("number", "code", "n"), ("digit", "d"), "[int(c) for c in str({p})]",
            "the digits of {p}", lambda rng: rng.randint(11, 98765),
            lambda n: [n // 10**place % 10 for place in reversed(range(len(str(n))))]),
    _Source("int", ("table", "stock", "prices", "ages"), ("value", "amount", "x"), "{p}.values()",
            "the values of a dict", lambda rng: _table(rng),
            lambda table: [table[key] for key in table]),
    _Source("str", ("words", "names", "tokens", "labels", "terms"), ("word", "name", "w", "s"),
            "{p}", "a list of words", _words, list),
    _Source("str", ("text", "sentence", "line", "phrase"), ("word", "w", "token"), "{p}.split()",
            "the words of a text", lambda rng: " ".join(_words(rng)), lambda text: text.split(" ")),
    _Source("str", ("text", "word", "letters", "name"), ("c", "letter", "char"), "{p}",
            "the characters of a string", lambda rng: rng.choice(WORDS) + rng.choice(WORDS), list),
    _Source("str", ("table", "index", "catalog"), ("key", "name"), "{p}", "the keys of a dict",
            lambda rng: _table(rng), lambda table: list(table.keys())),
)  # fmt: skip


def pipeline_task(rng: random.Random) -> Task:
    """A random pipeline; its difficulty is the number of steps."""
    source = rng.choice(_SOURCES)
    steps = _draw_steps(rng, source.gives, step_count=rng.choice((1, 1, 2, 2, 3)))
    kind = steps[-1].gives
    sink = rng.choice([sink for sink in sinks(rng) if sink.takes in (kind, "any")])
    parameter = rng.choice(source.parameters)
    element = rng.choice([name for name in source.element if name != parameter])
    style = rng.choice([style for style in _STYLES if _fits(style, steps, sink)])
    body = style(source.code.format(p=parameter), steps, sink, element)

    def reference(argument: Any) -> Any:
        elements = source.apply(argument)
        for step in steps:
            kept = step.kind == "keep"
            elements = [x for x in elements if step.apply(x)] if kept else [
                step.apply(x) for x in elements
            ]  # fmt: skip
        return sink.apply(elements)

    return Task(
        name=_name(rng, steps, sink),
        parameters=(parameter,),
        body=tuple(body),
        summary=_summary(rng, source.phrase.format(p=parameter), steps, sink),
        reference=reference,
        arguments=_telling(reference, [source.draw(rng) for _ in range(8)])[: rng.randint(2, 4)],
        imports=tuple(name for name in ("itertools", "math") if any(f"{name}." in b for b in body)),
    )


def _telling(reference: Callable[[Any], Any], candidates: list[Any]) -> tuple[tuple[Any], ...]:
    """The candidates as arguments, those first that give a result of their own."""
    seen: list[Any] = []
    first, later = [], []
    for candidate in candidates:
        result = reference(candidate)
        (later if result in seen else first).append((candidate,))
        seen.append(result)
    return (*first, *later)


def _draw_steps(rng: random.Random, kind: str, *, step_count: int) -> list[Step]:
    steps: list[Step] = []
    while len(steps) < step_count:
        table = integer_steps(rng) if kind == "int" else string_steps(rng)
        step = rng.choice(table)
        if step.slug not in [earlier.slug for earlier in steps]:
            steps.append(step)
            kind = step.gives
    return steps


def _name(rng: random.Random, steps: list[Step], sink: Sink) -> str:
    slugs = [step.slug for step in steps]
    # A slug may name a letter that isn't a vowel, so that the name tells the task.
    return rng.choice(("_".join([*slugs, sink.slug]), "_".join([sink.slug, "of", *slugs])))


def _summary(rng: random.Random, source: str, steps: list[Step], sink: Sink) -> str:
    actions = [step.phrase for step in steps]
    lead = rng.choice(("From {s}: {a}; then {e}.", "Take {s}, {a}, and {e}.", "{E}, for {s}: {a}."))
    actions_text = rng.choice((", then ", "; ", " and ")).join(actions)
    ending = sink.phrase
    return lead.format(s=source, a=actions_text, e=ending, E=ending[0].upper() + ending[1:])


def _as_loop(iterable: str, steps: list[Step], sink: Sink, x: str) -> list[str]:
    lines = [sink.start.format(), f"for {x} in {iterable}:"]
    for step in steps:
        code = step.code.format(x=x)
        skip = [f"    if not ({code}):", "        continue"]
        lines += skip if step.kind == "keep" else [f"    {x} = {code}"]
    lines += [f"    {line}" for line in sink.update.format(x=x).split("\n")]
    return [*lines, f"return {sink.finish.format()}"]


def _as_nested_ifs(iterable: str, steps: list[Step], sink: Sink, x: str) -> list[str]:
    lines, indent = [sink.start.format(), f"for {x} in {iterable}:"], "    "
    for step in steps:
        code = step.code.format(x=x)
        lines.append(f"{indent}if {code}:" if step.kind == "keep" else f"{indent}{x} = {code}")
        indent += "    " if step.kind == "keep" else ""
    lines += [f"{indent}{line}" for line in sink.update.format(x=x).split("\n")]
    return [*lines, f"return {sink.finish.format()}"]


def _as_comprehensions(iterable: str, steps: list[Step], sink: Sink, x: str) -> list[str]:
    lines, current = [], iterable
    for step in steps:
        code = step.code.format(x=x)
        element, condition = (x, f" if {code}") if step.kind == "keep" else (code, "")
        # Two steps of one list would otherwise need a name each that says nothing.
        lines.append(f"{step.slug} = [{element} for {x} in {current}{condition}]")
        current = step.slug
    return [*lines, f"return {sink.code.format(v=current)}"]


def _as_one_line(iterable: str, steps: list[Step], sink: Sink, x: str) -> list[str]:
    conditions = [step.code.format(x=x) for step in steps if step.kind == "keep"]
    changes = [step.code.format(x=x) for step in steps if step.kind == "map"]
    condition = "".join(f" if {code}" for code in conditions)
    elements = f"[{changes[0] if changes else x} for {x} in {iterable}{condition}]"
    return [f"return {sink.code.format(v=elements)}"]


_STYLES = (_as_loop, _as_nested_ifs, _as_comprehensions, _as_one_line)


def _fits(style: Callable, steps: list[Step], sink: Sink) -> bool:
    if style is _as_nested_ifs:
        return any(step.kind == "keep" for step in steps)
    if style is _as_one_line:
        # A map before a keep would change what the condition sees.
        only_last_maps = all(step.kind == "keep" for step in steps[:-1])
        return only_last_maps and sink.code.count("{v}") == 1
    return True
