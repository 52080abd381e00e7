"""Huge pages for what a step computes with, whose memory is mapped anew each time: small ones cost more than that."""

import os
import sys
from collections.abc import MutableMapping

TUNABLES, HUGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"


def ask_for_huge_pages(environment: MutableMapping[str, str]) -> bool:
    """Have processes that start with this environment ask for huge pages; whether it did not say so already.

    On CPUs XLA allocates a step's temporaries anew each time, and the C library gives blocks so large back to the
    kernel, which maps and clears them again page by page. With pages of 2 MiB that is 75 faults a step of `nano` where
    it was 38,800, and a fifth of its time saved (`make bench-torch`). The numbers that come out are the same. What the
    environment says of this itself stands, and other C libraries and systems take no notice.
    """
    said = [setting for setting in environment.get(TUNABLES, "").split(":") if setting]
    if any(setting.startswith("glibc.malloc.hugetlb=") for setting in said):
        return False
    environment[TUNABLES] = ":".join([*said, HUGE_PAGES])
    return True


def start_again_with_huge_pages() -> None:
    """Become the same command in an environment that asks for them; the C library reads it only as a process starts.

    For a module that is the command itself: whoever calls its `main` from another would be started again too.
    """
    # A debugger or a profiler would be left behind.
    watched = sys.gettrace() is not None or sys.getprofile() is not None
    if sys.platform == "linux" and not watched and ask_for_huge_pages(os.environ):
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, sys.orig_argv)
