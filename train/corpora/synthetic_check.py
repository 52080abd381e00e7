"""Runs generated programs in a separate interpreter and tells which of them pass."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence

_BATCH_PROGRAMS = 200
_BATCH_LIMIT_S, _SINGLE_LIMIT_S = 60, 5
# The child reads programs as JSON and answers with one boolean each. A program that prints
# must not disturb the answer, so its output goes to stderr. A good program takes microseconds;
# the alarm ends the endless loops that wrong variants have (Windows has none: see `_run`).
_RUNNER = """
import contextlib, json, signal, sys
def stop(*_):
    raise TimeoutError
has_alarm = hasattr(signal, "setitimer")
if has_alarm:
    signal.signal(signal.SIGALRM, stop)
verdicts = []
for program in json.load(sys.stdin):
    try:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 1)
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        verdicts.append(True)
    except BaseException:
        verdicts.append(False)
json.dump(verdicts, sys.stdout)
"""
# Each turns right code into wrong code; the first that applies is used.
_FAULTS = (
    (" % 2 == 0", " % 2 == 1"), (" += ", " -= "), (" < ", " > "), (" > ", " < "), (" == ", " != "),
    (" + ", " - "), (" * ", " + "), ("max(", "min("), ("sum(", "len("), ("append(", "insert(0, "),
    (" not in ", " in "), ("[::-1]", "[:]"), ("len(", "-len("), ("return ", "return not "),
)  # fmt: skip


def passing(programs: Sequence[str]) -> list[bool]:
    """Whether each program runs to its end: no failed assert, no error, within the time limit."""
    verdicts: list[bool] = []
    for start in range(0, len(programs), _BATCH_PROGRAMS):
        verdicts += _run(programs[start : start + _BATCH_PROGRAMS])
    return verdicts


def _run(programs: Sequence[str]) -> list[bool]:
    limit_s = _BATCH_LIMIT_S if len(programs) > 1 else _SINGLE_LIMIT_S
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _RUNNER],
            input=json.dumps(programs),
            capture_output=True,
            text=True,
            timeout=limit_s,
        )
        verdicts = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        verdicts = None
    if verdicts is not None:
        return verdicts
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
