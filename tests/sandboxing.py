"""What the tests of sandboxes share: how to run programs and find what they leave. Skips where none works."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from launch import need_sandbox

from eval.programs import PROGRAM_LIMITS
from eval.sandbox.run import Limits, Outcome, run_program

# Long enough for any of these programs on a busy machine.
QUICK = Limits(wall_s=30.0, cpu_s=30, memory_bytes=200 * 2**20, output_bytes=100_000, file_bytes=2**20)
# The same for whole tasks.
PATIENT = dataclasses.replace(PROGRAM_LIMITS, wall_s=30.0, cpu_s=20)
# An item of HumanEval's form.
HUMANEVAL = {
    "prompt": 'def twice(x: int) -> int:\n    """Two times x."""\n',
    "canonical_solution": "    return 2 * x\n",
    "test": "\n\nMETADATA = {'author': 'us'}\n\n\ndef check(candidate):\n    assert candidate(3) == 6\n",
    "entry_point": "twice",
}
need_sandbox(of_module=True)


def run(program: str, limits: Limits = QUICK) -> Outcome:
    outcome = run_program(program, limits)
    assert outcome.verdict != "sandbox_error", outcome
    return outcome


def sleepers(seconds: str) -> list[str]:
    """The processes of this machine that run `sleep` for these seconds."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [str(path)] if path.read_bytes() == f"sleep\0{seconds}\0".encode() else []
        except OSError:
            continue
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come true in 20 s")
