"""Small classes with a number and a record, and functions that carry out a list of operations on one."""

import random
from collections.abc import Callable
from typing import Any

from train.corpora.synthetic.pipelines import Task

# A class's methods: name, parameter, body (the number is self.value, the record self.log), words, and the same on a
# pair of number and record.
_State = tuple[int, list[int]]
_METHODS: tuple[tuple[str, str, str, Callable[[int, list[int], int, int], _State]], ...] = (
    ("add", "self.value += amount", "adds the amount", lambda v, log, a, k: (a + v, log)),
    ("take", "if amount <= self.value:\n    self.value -= amount", "takes the amount away if there is enough",
     lambda v, log, a, k: (v if a > v else v - a, log)),
    ("scale", "self.value *= amount % {k}", "multiplies by the rest of the amount by {k}",
     lambda v, log, a, k: ((a - a // k * k) * v, log)),
    ("note", "self.log.append(amount)", "notes the amount", lambda v, log, a, k: (v, [*log, a])),
    ("store", "self.log.append(self.value)\nself.value = amount", "notes the value and replaces it",
     lambda v, log, a, k: (a, [*log, v])),
    ("undo", "if self.log:\n    self.value = self.log.pop()", "goes back to the last note",
     lambda v, log, a, k: (log[-1], log[:-1]) if log else (v, log)),
    ("drop", "while self.log and self.log[-1] > amount:\n    self.log.pop()",
     "forgets the last notes as long as they are above the amount", lambda v, log, a, k: (v, _dropped(log, a))),
    ("limit", "self.value = min(self.value, amount + {k})", "keeps the value at most {k} above the amount",
     lambda v, log, a, k: (sorted((v, a + k))[0], log)),
    ("gather", "self.value += sum(self.log)\nself.log.clear()", "adds up the notes and forgets them",
     lambda v, log, a, k: (v + sum(log), [])),
    ("keep", "self.log = [entry for entry in self.log if entry % {k} != amount % {k}]",
     "forgets the notes that leave the same rest by {k} as the amount",
     lambda v, log, a, k: (v, [e for e in log if (e - a) % k])),
)  # fmt: skip
_RESULTS: tuple[tuple[str, str, Callable[[int, list[int]], Any]], ...] = (
    ("{o}.value", "the value", lambda v, log: v), ("({o}.value, {o}.log)", "the value and the notes",
                                                  lambda v, log: (v, log)),
    ("{o}.value - len({o}.log)", "the value less the number of notes", lambda v, log: v - len(log)),
    ("[{o}.value] + sorted({o}.log)", "the value and then the sorted notes", lambda v, log: [v, *sorted(log)]),
)  # fmt: skip


def _dropped(log: list[int], amount: int) -> list[int]:
    return _dropped(log[:-1], amount) if log and log[-1] > amount else log


def class_task(rng: random.Random) -> Task:
    """A class of two to four methods, and a function that carries out a list of operations on it."""
    methods, k = rng.sample(_METHODS, rng.randint(2, 4)), rng.randint(2, 7)
    name = rng.choice(("Account", "Counter", "Register", "Store", "Meter", "Tank"))
    start, thing = rng.randint(0, 9), name.lower()
    lines = [f"class {name}:", "    def __init__(self, value):", "        self.value = value", "        self.log = []"]
    for method, body, _, _ in methods:
        lines += ["", f"    def {method}(self, amount):"]
        lines += [f"        {line}" for line in body.format(k=k).split("\n")]
    result, what, end = rng.choice(_RESULTS)
    lead = [f"{thing} = {name}({start})", "for action, amount in operations:"]
    if rng.random() < 0.5:
        for place, (method, _, _, _) in enumerate(methods):
            lead += [f'    {"elif" if place else "if"} action == "{method}":', f"        {thing}.{method}(amount)"]
    else:
        table = ", ".join(f'"{method}": {thing}.{method}' for method, _, _, _ in methods)
        lead = [
            lead[0],
            f"actions = {{{table}}}",
            lead[1],
            "    if action in actions:",
            "        actions[action](amount)",
        ]

    def reference(operations: list[tuple[str, int]]) -> Any:
        state: _State = (start, [])
        changes = {method: change for method, _, _, change in methods}
        for action, amount in operations:
            state = changes[action](*state, amount, k)
        return end(*state)

    names = [method for method, _, _, _ in methods]
    tries = [[(rng.choice(names), rng.randint(1, 9)) for _ in range(rng.randint(4, 7))] for _ in range(6)]
    return Task(
        name=rng.choice(("run", "replay", "carry_out", "process")) + f"_{thing}",
        parameters=("operations",),
        body=(*lead, f"return {result.format(o=thing)}"),
        summary=f"Carry out the operations on a {thing} that starts at {start}: "
        + "; ".join(f"'{method}' {words.format(k=k)}" for method, _, words, _ in methods)
        + f". Return {what}.",
        reference=reference,
        arguments=tuple((operations,) for operations in tries),
        before="\n".join(lines),
    )
