"""Functions with a state: a walker on a grid, and machines that read a text letter by letter."""

import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task

# A command of the walker: code on x, y, dx, dy; words; and the same on the four numbers.
_Walk = tuple[int, int, int, int]
_COMMANDS: tuple[tuple[str, str, Callable[[int, int, int, int, int], _Walk]], ...] = (
    ("x, y = x + dx, y + dy", "takes a step", lambda x, y, dx, dy, k: (x + dx, y + dy, dx, dy)),
    ("dx, dy = -dy, dx", "turns left", lambda x, y, dx, dy, k: (x, y, -dy, dx)),
    ("dx, dy = dy, -dx", "turns right", lambda x, y, dx, dy, k: (x, y, dy, -dx)),
    ("dx, dy = -dx, -dy", "turns around", lambda x, y, dx, dy, k: (x, y, -dx, -dy)),
    ("x += {k} * dx\ny += {k} * dy", "jumps {k} ahead", lambda x, y, dx, dy, k: (x + k * dx, y + k * dy, dx, dy)),
    ("x, y = x - dx, y - dy", "takes a step back", lambda x, y, dx, dy, k: (x - dx, y - dy, dx, dy)),
    ("x, y = y, x", "swaps its coordinates", lambda x, y, dx, dy, k: (y, x, dx, dy)),
    ("if x > 0:\n    x = 0", "comes back to the middle column from its right",
     lambda x, y, dx, dy, k: (min(x, 0), y, dx, dy)),
    ("y = max(y, -{k})", "rises to {k} below zero if it is lower", lambda x, y, dx, dy, k: (x, max(-k, y), dx, dy)),
)  # fmt: skip
_TRACES: tuple[tuple[str, str, str, str, Callable[[list[tuple[int, int]]], Any]], ...] = (
    ("", "", "return x, y", "its last place", lambda path: path[-1]),
    ("", "", "return abs(x) + abs(y)", "its distance from the start, counted in steps",
     lambda path: sum(map(abs, path[-1]))),
    ("seen = {(0, 0)}", "seen.add((x, y))", "return len(seen)", "how many places it saw", lambda path: len(set(path))),
    ("far = 0", "far = max(far, abs(x) + abs(y))", "return far", "how far it got from the start",
     lambda path: max(abs(x) + abs(y) for x, y in path)),
    ("path = [(0, 0)]", "path.append((x, y))", "return path", "its places after every command", list),
    ("home = 0", "if x == 0 and y == 0:\n    home += 1", "return home", "after how many commands it was at the start",
     lambda path: path[1:].count((0, 0))),
    ("seen = {(0, 0)}", "if (x, y) in seen:\n    return x, y\nseen.add((x, y))", "return None",
     "the first place that it saw again, or None", lambda path: next(
         (place for turn, place in enumerate(path) if place in path[:turn]), None)),
)  # fmt: skip


def walker_task(rng: random.Random) -> Task:
    """Follows the letters of a text as commands on a grid."""
    commands, k = [_COMMANDS[0], *rng.sample(_COMMANDS[1:], rng.randint(1, 4))], rng.randint(2, 4)
    letters = rng.sample("FLRBJSCTU", len(commands))
    start, note, end, what, tell = rng.choice(_TRACES)
    body = ["x = y = 0", "dx, dy = 0, 1", *([start] if start else []), "for command in commands:"]
    for place, (letter, (code, _, _)) in enumerate(zip(letters, commands, strict=True)):
        body.append(f'    {"elif" if place else "if"} command == "{letter}":')
        body += [f"        {line}" for line in code.format(k=k).split("\n")]
    body += [f"    {line}" for line in note.split("\n") if line]
    tries = ["".join(rng.choice(letters + letters[:1]) for _ in range(rng.randint(4, 9))) for _ in range(6)]

    def reference(text: str) -> Any:
        walk: _Walk = (0, 0, 0, 1)
        path = [(0, 0)]
        for letter in text:
            walk = commands[letters.index(letter)][2](*walk, k)
            path.append(walk[:2])
        return tell(path)

    told = ", ".join(f"'{letter}' {words.format(k=k)}" for letter, (_, words, _) in zip(letters, commands, strict=True))
    return Task(
        name=rng.choice(("follow", "walk_robot", "move", "track", "patrol")),
        parameters=("commands",),
        body=(*body, end),
        summary=f"A walker starts at (0, 0) and looks up: {told}. Return {what}.",
        reference=reference,
        arguments=tuple((text,) for text in tries),
    )


# What a machine does with a letter: code on `out`, words, and the letters that it adds to the output.
_WRITES: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("out.append(c)", "copies it", lambda c: c), ("out.append(c.upper())", "writes it in capitals", str.upper),
    ("pass", "skips it", lambda c: ""), ("out.append(c + c)", "writes it twice", lambda c: c * 2),
    ('out.append("{m}")', "writes '{m}'", lambda c: "{m}"),
    ('if c not in "aeiou":\n    out.append(c)', "copies it unless it is a vowel", lambda c: "" if c in "aeiou" else c),
    ('if c in "aeiou":\n    out.append("{m}")\nelse:\n    out.append(c)', "copies it, but vowels as '{m}'",
     lambda c: "{m}" if c in "aeiou" else c),
)  # fmt: skip


def machine_task(rng: random.Random) -> Task:
    """Two or three modes, marks that switch between them, and what each mode does with a letter."""
    modes: list[str] = rng.sample(("plain", "quoted", "loud", "hidden"), rng.choice((2, 2, 3)))
    marks = rng.sample("*_~^|", len(modes) - 1 + (rng.random() < 0.3))
    filler, writes = rng.choice("#.?"), rng.sample(_WRITES, len(modes))
    # From each mode, a mark leads to the mode in its column; a mark of the mode itself leads back to the first.
    goes = {(mode, mark): modes[0] if mode == target else target
            for mark, target in zip(marks, modes[1:] + modes[1:2], strict=False) for mode in modes}  # fmt: skip
    body = [f'mode = "{modes[0]}"', "out = []", "for c in text:"]
    for place, (mark, target) in enumerate(zip(marks, modes[1:] + modes[1:2], strict=False)):
        body += [f'    {"elif" if place else "if"} c == "{mark}":',
                 f'        mode = "{modes[0]}" if mode == "{target}" else "{target}"']  # fmt: skip
    for mode, (code, _, _) in zip(modes, writes, strict=True):
        body.append(f'    elif mode == "{mode}":')
        body += [f"        {line}" for line in code.format(m=filler).split("\n")]
    ends = (
        ('return "".join(out)', "Return the text.", lambda text, mode: text),
        ('return "".join(out), mode', "Return the text and the last mode.", lambda text, mode: (text, mode)),
        (f'return "".join(out) if mode == "{modes[0]}" else None', "Return the text, or None if a mark stays open.",
         lambda text, mode: text if mode == modes[0] else None),
        ('return len("".join(out))', "Return the length of the text.", lambda text, mode: len(text)),
    )  # fmt: skip
    end, what, finish = rng.choice(ends)

    def reference(text: str) -> Any:
        mode, out = modes[0], ""
        for c in text:
            if (mode, c) in goes:
                mode = goes[mode, c]
            else:
                out += writes[modes.index(mode)][2](c).replace("{m}", filler)
        return finish(out, mode)

    letters = "aebcoxt" + "".join(marks) * 2
    tries = tuple(("".join(rng.choice(letters) for _ in range(rng.randint(6, 12))),) for _ in range(6))
    acts = ", ".join(f"mode {mode} {words.format(m=filler)}" for mode, (_, words, _) in zip(modes, writes, strict=True))
    switches = ", ".join(f"{mark!r} {target}" for mark, target in zip(marks, modes[1:] + modes[1:2], strict=False))
    return Task(
        name=rng.choice(("render", "filter_text", "translate", "run_machine", "rewrite")),
        parameters=("text",),
        body=(*body, end),
        summary=f"Read the text letter by letter, starting in mode {modes[0]}; these marks switch a mode on and off: "
        f"{switches}. With any other letter, {acts}. {what}",
        reference=reference,
        arguments=tries,
    )
