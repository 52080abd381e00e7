"""Runs programs that nobody has read, each in a sandbox of its own that it can't leave, and says how each ended.

A program passes if it runs to its last line: leaving early, by `sys.exit(0)` too, is a failure. The walls protect the
machine from any program. The verdict is protected from all that doesn't take apart the interpreter that it runs in; a
test that trusts the program's own objects (`answer == 3`) can be fooled by them, here as anywhere.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Generator, Sequence
from typing import Literal

from eval.sandbox.calls import call_filter
from eval.sandbox.walls import command
from mixsched.errors import UsageError

Verdict = Literal["passed", "failed", "timeout", "out_of_memory", "sandbox_error"]
_VERDICTS: dict[str, Verdict] = {
    "passed": "passed", "failed": "failed", "timeout": "timeout", "out_of_memory": "out_of_memory",
}  # fmt: skip
# What a start may take on a busy machine before the sandbox itself is at fault.
_GRACE_S = 20.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a program may use: seconds and output in all; memory, file size and processor time in each process.

    Its files together may take four times `file_bytes`. Kernels before 5.14 count `processes` over all of the user's.
    """

    wall_s: float = 10.0
    cpu_s: int = 10
    memory_bytes: int = 512 * 2**20
    processes: int = 16
    output_bytes: int = 2**20
    file_bytes: int = 16 * 2**20


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended; `stderr` is the last part of what it wrote there, at most 4,000 bytes.

    `sandbox_error` says nothing about the program: never count it as failed.
    """

    verdict: Verdict
    stdout: str
    stderr: str
    wall_s: float


def run_program(program: str, limits: Limits) -> Outcome:
    """Run a Python program in a sandbox of its own; raises UsageError where none can be made."""
    require_sandbox()
    return _run(program, limits, set())


def run_programs(programs: Sequence[str], limits: Limits, *, workers: int) -> list[Outcome]:
    """Run each program in a sandbox of its own, `workers` at a time; an interrupt ends them all.

    Raises UsageError where no sandbox can be made.
    """
    with contextlib.closing(outcomes_as_they_end(programs, limits, workers=workers)) as outcomes:
        return [outcome for _, outcome in sorted(outcomes, key=lambda numbered: numbered[0])]


def outcomes_as_they_end(
    programs: Sequence[str], limits: Limits, *, workers: int
) -> Generator[tuple[int, Outcome], None, None]:
    """Like `run_programs`, but gives each outcome, with its program's place, when it is there, and keeps none.

    Closing the generator ends the programs that still run.
    """
    require_sandbox()
    running: set[subprocess.Popen[bytes]] = set()
    places: dict[concurrent.futures.Future[Outcome], int] = {}
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            for place, program in enumerate(programs):
                places[pool.submit(_run, program, limits, running)] = place
            for ended in concurrent.futures.as_completed(places):
                yield places.pop(ended), ended.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # More than once, since some may just be starting.
            while any(future.running() for future in places):
                for process in tuple(running):
                    _kill(process)
                time.sleep(0.01)
            raise


@functools.cache
def require_sandbox() -> None:
    """Make sure, once in a process, that sandboxes work here; raises UsageError that says what is missing."""
    outcome = _run("pass\n", Limits(), set())
    if outcome.verdict != "passed":
        reason = outcome.stderr.strip().rpartition("\n")[2]
        raise UsageError(
            "bubblewrap can't make a sandbox here, and generated programs never run without one; allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0, in a "
            f"container its --privileged or --security-opt), or use a machine that has them: {reason!r}"
        )


def _run(program: str, limits: Limits, running: set[subprocess.Popen[bytes]]) -> Outcome:
    source = program.encode("utf-8", "surrogatepass")
    token = secrets.token_hex(16).encode()
    walls = command(tmp_bytes=4 * limits.file_bytes)
    refused = call_filter()
    times = (round(limits.wall_s * 1_000), limits.cpu_s)
    sizes = (limits.memory_bytes, limits.processes, limits.output_bytes, limits.file_bytes, len(refused), len(source))
    header = " ".join(map(str, (*times, *sizes))).encode()
    pipe = subprocess.PIPE
    with subprocess.Popen(walls, stdin=pipe, stdout=pipe, stderr=pipe, process_group=0) as process:
        running.add(process)
        try:
            report, complaint = process.communicate(header + b"\n" + refused + source + token, limits.wall_s + _GRACE_S)
        except subprocess.TimeoutExpired:
            report, complaint = b"", b"the sandbox gave no answer in time"
        finally:
            _kill(process)
            running.discard(process)
    return _outcome(report, token) or Outcome("sandbox_error", "", complaint.decode(errors="replace")[-2_000:], 0.0)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill bubblewrap, and by --die-with-parent and the end of PID 1 all that runs inside.

    Its group, since a bubblewrap that is only starting waits for its dead parent for ever.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _outcome(report: bytes, token: bytes) -> Outcome | None:
    """What the runner reports; None if the report isn't the runner's."""
    line, _, rest = report.partition(b"\n")
    told_token, *fields = line.split(b" ")
    if not secrets.compare_digest(told_token, token):
        return None
    verdict, wall_us, stdout_bytes = fields
    said, told = rest[: int(stdout_bytes)], rest[int(stdout_bytes) :]
    return Outcome(
        verdict=_VERDICTS[verdict.decode()],
        stdout=said.decode(errors="replace"),
        stderr=told.decode(errors="replace").strip(),
        wall_s=int(wall_us) / 1e6,
    )
