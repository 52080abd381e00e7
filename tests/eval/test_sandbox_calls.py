"""The filter refuses the calls that it should and no others, on both kinds of processors."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eval.sandbox.calls import call_filter
from mixsched.errors import UsageError

X86, ARM = 0xC000003E, 0xC00000B7
# From the kernel's tables: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
NUMBERS = {
    "x86_64": {
        "shmget": 29, "semget": 64, "msgget": 68, "memfd_create": 319, "memfd_secret": 447, "io_uring_setup": 425,
        "vmsplice": 278, "add_key": 248, "request_key": 249, "keyctl": 250, "ptrace": 101, "setpriority": 141,
        "sched_setparam": 142, "sched_setscheduler": 144, "sched_setattr": 314, "sched_setaffinity": 203,
    },
    "aarch64": {
        "shmget": 194, "semget": 190, "msgget": 186, "memfd_create": 279, "memfd_secret": 447, "io_uring_setup": 425,
        "vmsplice": 75, "add_key": 217, "request_key": 218, "keyctl": 219, "ptrace": 117, "setpriority": 140,
        "sched_setparam": 118, "sched_setscheduler": 119, "sched_setattr": 274, "sched_setaffinity": 122,
    },
}  # fmt: skip
PRLIMIT = {"x86_64": 302, "aarch64": 261}


def allows(machine: str, *, number: int, arch: int, first: int) -> bool:
    """What the kernel would do: this runs the filter on a call."""
    call = struct.pack("IIQ6Q", number, arch, 0, first, 0, 0, 0, 0, 0)
    instructions = list(struct.iter_unpack("HBBI", call_filter(machine)))
    place = loaded = 0
    while True:
        code, if_true, if_false, value = instructions[place]
        place += 1
        if code == 0x20:
            (loaded,) = struct.unpack_from("I", call, value)
        elif code == 0x06:
            return value == 0x7FFF0000
        else:
            assert code in (0x15, 0x35)
            place += if_true if (loaded == value if code == 0x15 else loaded >= value) else if_false


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", X86), ("aarch64", ARM)])
@given(number=st.integers(0, 500) | st.integers(0, 2**32 - 1), first=st.integers(0, 3))
@example(number=302, first=0)
@example(number=302, first=1)
@example(number=261, first=0)
@example(number=261, first=1)
@example(number=0x4000_0000, first=0)
def test_a_call_is_refused_if_and_only_if_it_is_named(machine: str, arch: int, number: int, first: int) -> None:
    refused = {*NUMBERS[machine].values(), *([PRLIMIT[machine]] if first else [])}
    assert allows(machine, number=number, arch=arch, first=first) == (number not in refused and number < 0x4000_0000)
    assert not allows(machine, number=number, arch=0x40000003, first=first)


@pytest.mark.parametrize("machine", NUMBERS)
def test_every_named_call_is_refused(machine: str) -> None:
    arch = {"x86_64": X86, "aarch64": ARM}[machine]
    assert not [name for name, number in NUMBERS[machine].items() if allows(machine, number=number, arch=arch, first=0)]


def test_a_processor_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'sparc64' processor.*x86_64, aarch64"):
        call_filter("sparc64")
