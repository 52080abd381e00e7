"""A training process asks for huge pages, once, and lets stand what its environment says."""

import os
import subprocess
import sys

import pytest

from train.huge_pages import HUGE_PAGES, TUNABLES, ask_for_huge_pages

BY_HAND = "glibc.malloc.hugetlb=0"
OTHER = "glibc.malloc.arena_max=2"
TELL = f"""
import os, sys
from train.huge_pages import start_again_with_huge_pages
print("began")
start_again_with_huge_pages()
print(os.environ["{TUNABLES}"], *sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("said", "then"), [("", HUGE_PAGES), (OTHER, f"{OTHER}:{HUGE_PAGES}"), (BY_HAND, None), (HUGE_PAGES, None)]
)
def test_the_environment_gets_what_it_does_not_say(said: str, then: str | None) -> None:
    environment = {TUNABLES: said} if said else {}
    assert ask_for_huge_pages(environment) is (then is not None)
    assert environment.get(TUNABLES, "") == (then or said)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reads its C library's tunables")
@pytest.mark.parametrize(("said", "begins"), [("", 2), (BY_HAND, 1)])
def test_a_process_starts_again_once_with_its_own_words(said: str, begins: int) -> None:
    command = [sys.executable, "-c", TELL, "a word", "--and=more"]
    told = subprocess.run(
        command, env={**os.environ, TUNABLES: said}, text=True, capture_output=True, check=True
    ).stdout.splitlines()
    assert told == ["began"] * begins + [f"{said or HUGE_PAGES} a word --and=more"]
