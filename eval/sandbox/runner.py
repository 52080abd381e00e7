"""PID 1 inside a sandbox: runs one program in a child, holds it to its limits and reports a verdict on fd 1.

`eval.sandbox.run` hands this file's text to the sandbox's Python, so it imports nothing of ours and little else. Its
standard input is a line of numbers, a filter of system calls, the program, and last a token that opens the report. The
child never holds the token: it is read after the fork, and the child can neither trace this process (not dumpable),
nor kill it (PID 1), nor find it under /proc (not mounted).
"""

import ctypes
import os
import resource
import select
import signal
import struct
import sys
import time

_NONCE_BYTES = 16
_TOKEN_BYTES = 32
_OUT_OF_MEMORY_STATUS = 97
_STDERR_BYTES = 4_000
_OPEN_FILES = 64
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


def main() -> None:
    """Read the request, run the program, report, and take everything that it left running along."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # A PID 1 gets only the signals that it handles.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wall_ms, cpu_s, memory, processes, output, file, *sizes = map(int, _read_line().split())
    wall_s = wall_ms / 1_000
    call_filter, program = map(_read, sizes)
    wakeup = _wakeup_pipe()
    (nonce_out, nonce_in), (mark_out, mark_in) = os.pipe(), os.pipe()
    (stdout, stdout_in), (stderr, stderr_in) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        for target, end in enumerate((os.open(os.devnull, os.O_RDONLY), stdout_in, stderr_in)):
            os.dup2(end, target)
        _confine(cpu_s, memory, processes, file, keep=(nonce_out, mark_in))
        _refuse_calls(call_filter)
        os.write(mark_in, b".")
        _run(program, nonce_out, mark_in)
    for end in (nonce_out, mark_in, stdout_in, stderr_in):
        os.close(end)
    if not os.read(mark_out, 1):
        # The child could not be confined: no word on the program, which never ran.
        sys.exit(os.read(stderr, _STDERR_BYTES).decode("utf-8", "replace"))
    start_s = time.monotonic()
    nonce = os.urandom(_NONCE_BYTES)
    os.write(nonce_in, nonce)
    kept = {stdout: bytearray(), stderr: bytearray(), mark_out: bytearray()}
    verdict, note = _watch(
        child, kept, wakeup, mark_out, nonce, deadline_s=start_s + wall_s, cpu_s=cpu_s, output=output
    )
    said = bytes(kept[stdout][:output])
    told = bytes(kept[stderr]) + note.encode()
    took_us = round((time.monotonic() - start_s) * 1e6)
    token = _read(_TOKEN_BYTES)
    _write(b"%s %s %d %d\n" % (token, verdict.encode(), took_us, len(said)) + said + told[-_STDERR_BYTES:])
    # Without the interpreter's way of ending, which takes longer than many a program.
    os._exit(0)


def _confine(cpu_s: int, memory: int, processes: int, file: int, *, keep: tuple[int, int]) -> None:
    """In the child: give up what only the runner may have, and set limits that can't be raised again."""
    for number in set(range(3, _OPEN_FILES)) - set(keep):
        try:
            os.close(number)
        except OSError:
            continue
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # One more second in the hard limit: the soft one's signal tells a timeout from other deaths.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _refuse_calls(call_filter: bytes) -> None:
    """In the child: from here on the kernel refuses the calls that the filter names, to its children too."""
    instructions = ctypes.create_string_buffer(call_filter)
    described = ctypes.create_string_buffer(struct.pack("HP", len(call_filter) // 8, ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, described, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls (seccomp)")


def _run(program: bytes, nonce_out: int, mark_in: int) -> None:
    """In the child: execute the program as `__main__`, and send the mark back only after its last line."""
    leave = os._exit
    main_module = type(sys)("__main__")
    sys.modules["__main__"] = main_module
    sys.argv = [""]
    status = 1
    try:
        code = compile(program.decode("utf-8", "surrogatepass"), "<program>", "exec", dont_inherit=True)
        # The nonce lies on this frame's evaluation stack while the program runs: no variable holds it, and `gc`
        # does not show it (CPython 3.11 to 3.13).
        _finish(os.write, mark_in, _take(nonce_out), exec(code, main_module.__dict__))
        status = 0
    except MemoryError:
        status = _OUT_OF_MEMORY_STATUS
    except BaseException:
        _flush()
        _print_error(program)
    finally:
        leave(status)


def _take(nonce_out: int) -> bytes:
    nonce = os.read(nonce_out, _NONCE_BYTES)
    os.close(nonce_out)
    return nonce


def _finish(write, mark_in: int, nonce: bytes, _result: None) -> None:
    _flush()
    write(mark_in, nonce)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        # The program closed its output, which is no fault of its answer.
        return


def _print_error(program: bytes) -> None:
    import linecache
    import traceback

    text = program.decode("utf-8", "replace")
    linecache.cache["<program>"] = (len(text), None, text.splitlines(keepends=True), "<program>")
    kind, error, trace = sys.exc_info()
    # Without the runner's own frame.
    report = "".join(traceback.format_exception(kind, error, trace and trace.tb_next, limit=-8))
    os.write(2, report.encode("utf-8", "replace")[-_STDERR_BYTES:])


def _watch(
    child: int,
    kept: dict[int, bytearray],
    wakeup: int,
    mark_out: int,
    nonce: bytes,
    *,
    deadline_s: float,
    cpu_s: int,
    output: int,
) -> tuple[str, str]:
    """Collect what the child writes until it ended, sent the mark or broke a limit; gives verdict and remark."""
    poll = select.poll()
    still_open = [mark_out, *(end for end in kept if end != mark_out)]
    for end in (*still_open, wakeup):
        os.set_blocking(end, False)
        poll.register(end, select.POLLIN)
    while True:
        poll.poll(max(0.0, deadline_s - time.monotonic()) * 1_000)
        _collect(wakeup, bytearray(), 0)
        ended, status, used = os.wait4(child, os.WNOHANG)
        # The mark is read first: whatever the program wrote before it is then read in this same turn.
        for end in tuple(still_open):
            if not _collect(end, kept[end], output):
                still_open.remove(end)
                poll.unregister(end)
        if sum(len(kept[end]) for end in kept if end != mark_out) > output:
            return "failed", f"\nwrote more than {output:,} bytes"
        # No more than the start of it: where a program forks, two may come to the last line.
        if kept[mark_out].startswith(nonce):
            return "passed", ""
        if len(kept[mark_out]) > len(nonce):
            return "failed", "\nwrote marks that are not its own"
        if ended:
            return _verdict(os.waitstatus_to_exitcode(status), out_of_time=used.ru_utime + used.ru_stime >= cpu_s)
        if time.monotonic() >= deadline_s:
            return "timeout", ""


def _verdict(exit_code: int, *, out_of_time: bool) -> tuple[str, str]:
    if exit_code == _OUT_OF_MEMORY_STATUS:
        return "out_of_memory", "\nMemoryError"
    # One that ignores the first signal is killed a second later.
    if exit_code == -signal.SIGXCPU or (exit_code == -signal.SIGKILL and out_of_time):
        return "timeout", ""
    if exit_code < 0:
        return "failed", f"\nended by signal {-exit_code}"
    return "failed", f"\nended with status {exit_code} before its last line"


def _collect(end: int, kept: bytearray, limit_bytes: int) -> bool:
    """Read what is there, until `kept` is over the limit; False once all writers have closed the pipe."""
    while len(kept) <= limit_bytes:
        try:
            piece = os.read(end, 65_536)
        except BlockingIOError:
            return True
        if not piece:
            return False
        kept += piece
    return True


def _wakeup_pipe() -> int:
    """A pipe that becomes readable when a child ends, so that one poll waits for everything."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(into, warn_on_full_buffer=False)
    return out


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += _read(1)
    return line


def _read(size: int) -> bytes:
    """Exactly `size` bytes of the request, unbuffered: what follows must stay out of the child's memory."""
    pieces = []
    while size:
        piece = os.read(0, size)
        if not piece:
            sys.exit("the request is cut off")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _write(report: bytes) -> None:
    while report:
        report = report[os.write(1, report) :]


if __name__ == "__main__":
    main()
