"""Runs generated programs in a sandbox, many to a start, and tells which of them pass."""

import json
import re
from collections.abc import Sequence

from eval.sandbox.run import Limits, run_program
from mixsched.errors import UsageError

_BATCH_PROGRAMS = 200
_BATCH_LIMITS = Limits(wall_s=120.0, output_bytes=16 * 2**20)
_SINGLE_LIMITS = Limits(wall_s=10.0)
# Runs inside the sandbox and answers with one boolean a program. A program that prints must not disturb the answer, so
# its output goes to stderr. A good program takes microseconds; the timer ends the endless loops that wrong variants
# have, and counts the process's own CPU time, so that a busy machine changes no verdict.
_RUNNER = """
import contextlib, json, signal, sys
def stop(*_):
    raise TimeoutError
signal.signal(signal.SIGPROF, stop)
verdicts = []
for program in json.loads(PROGRAMS):
    try:
        signal.setitimer(signal.ITIMER_PROF, 0.25)
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        verdicts.append(True)
    except BaseException:
        verdicts.append(False)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
print(json.dumps(verdicts))
"""
# Each turns right code into wrong code; the first that applies is used.
_FAULTS = (
    (" % 2 == 0", " % 2 == 1"), (" += ", " -= "), (" < ", " > "), (" > ", " < "), (" == ", " != "),
    (" + ", " - "), (" * ", " + "), ("max(", "min("), ("sum(", "len("), ("append(", "insert(0, "),
    (" not in ", " in "), ("[::-1]", "[:]"), ("len(", "-len("), ("return ", "return not "),
)  # fmt: skip


def passing(programs: Sequence[str]) -> list[bool]:
    """Whether each program runs to its end: no failed assert, no error, within the time limit.

    Programs of one batch share an interpreter, so this is for programs of our own generator: one that nobody wrote
    down here could pass another. Raises UsageError where no sandbox can be made.
    """
    verdicts: list[bool] = []
    for start in range(0, len(programs), _BATCH_PROGRAMS):
        verdicts += _run(programs[start : start + _BATCH_PROGRAMS])
    return verdicts


def _run(programs: Sequence[str]) -> list[bool]:
    batch = f"PROGRAMS = {json.dumps(programs)!r}\n{_RUNNER}"
    outcome = run_program(batch, _BATCH_LIMITS if len(programs) > 1 else _SINGLE_LIMITS)
    if outcome.verdict == "sandbox_error":
        raise UsageError(f"the sandbox broke down, which says nothing about the programs; try again: {outcome.stderr}")
    if outcome.verdict == "passed":
        return json.loads(outcome.stdout)
    if len(programs) == 1:
        return [False]
    # One program hangs or kills its interpreter: halve until it stands alone.
    middle = len(programs) // 2
    return _run(programs[:middle]) + _run(programs[middle:])


def wrong_variant(code: str) -> str:
    """The function with one fault in its body, which its asserts should find."""
    head, body = re.split(r"(?<=:\n)", code, maxsplit=1)
    for right, wrong in _FAULTS:
        place = body.find(right)
        if place >= 0:
            return head + body[:place] + wrong + body[place + len(right) :]
    raise ValueError(f"`code` has no place for a fault; add one to `_FAULTS` for:\n{code}")
