"""The system calls that a sandbox refuses: those that reach past its walls or limits, and past the runner's verdict.

A System V segment outlives its mapping, a memory file its last one, and a pipe keeps pages that were given to it, so
all grow past the limit on a process's memory. The kernel's keys are in no namespace: through them a program reads those
of its caller's session, and leaves word for the next program. A program that asks to be traced, or makes the runner
slow, would get no verdict. The filter is a classic BPF program (Linux' seccomp_filter.rst) of 8-byte instructions.
"""

import os
import struct

from mixsched.errors import UsageError

# The numbers on x86-64 and on ARM, from the kernel's tables. prlimit64 is apart, since it is how limits are set: of it
# only the calls for others are refused.
_REFUSED = {
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "vmsplice": (278, 75),
    "io_uring_setup": (425, 425),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# The numbers of x86's second, 32-bit table begin here; a call through it would pass under other numbers.
_X32_CALLS = 0x4000_0000
# Where the kernel lays the number, the architecture and the first argument (its lower half) of a call.
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | 1


def call_filter(machine: str = os.uname().machine) -> bytes:
    """The filter for a processor, under which the refused calls fail with EPERM.

    Raises UsageError for a processor whose numbers of system calls are not known here.
    """
    if machine not in _AUDIT_ARCH:
        raise UsageError(
            f"generated programs can't be run on a '{machine}' processor, whose system calls the sandbox doesn't know; "
            f"use one of {', '.join(_AUDIT_ARCH)}"
        )
    # The two numbers of a comparison say how many instructions to skip if it holds, and if it doesn't.
    steps = [(_LOAD, 0, 0, _ARCH), (_IF_EQUAL, 1, 0, _AUDIT_ARCH[machine]), (_RETURN, 0, 0, _REFUSE)]
    steps += [(_LOAD, 0, 0, _NUMBER), (_IF_AT_LEAST, 0, 1, _X32_CALLS), (_RETURN, 0, 0, _REFUSE)]
    for x86, arm in _REFUSED.values():
        steps += [(_IF_EQUAL, 0, 1, x86 if machine == "x86_64" else arm), (_RETURN, 0, 0, _REFUSE)]
    # Of the first argument 0 means the caller itself.
    steps += [(_IF_EQUAL, 0, 3, _PRLIMIT[machine]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    steps += [(_IF_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
