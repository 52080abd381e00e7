"""The system calls that a sandbox refuses: those whose memory no limit counts, and those that change others' limits.

A System V segment outlives its mapping, and a memory file its last one, so both grow past the limit on a process's
memory. The filter is a classic BPF program (Linux' seccomp_filter.rst) of 8-byte instructions.
"""

import os
import struct

from mixsched.errors import UsageError

# shmget, semget, msgget, memfd_create, memfd_secret, io_uring_setup; prlimit64 apart, since it is how limits are set.
_MEMORY_CALLS = {
    "x86_64": (29, 64, 68, 319, 447, 425),
    "aarch64": (194, 190, 186, 279, 447, 425),
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
    for number in _MEMORY_CALLS[machine]:
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    # Of the first argument 0 means the caller itself.
    steps += [(_IF_EQUAL, 0, 3, _PRLIMIT[machine]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    steps += [(_IF_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
