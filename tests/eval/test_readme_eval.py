"""What the READMEs show of evaluation is true: their commands parse, their links lead somewhere, their names exist."""

import functools
import re
import shlex
from pathlib import Path

import pytest
import tyro

from eval.__main__ import COMMANDS, Arguments, command_named
from eval.suites import SUITES

FILES = [Path("README.md"), Path("eval/README.md"), Path("eval/nano/README.md")]
SHOWN = [
    line for path in FILES for line in re.findall(r"^    python -m eval\b(?!\.)(.*)$", path.read_text(), re.MULTILINE)
]


@pytest.mark.parametrize("shown", SHOWN)
def test_every_command_shown_is_one(shown):
    words, called = shlex.split(shown, comments=True), []
    if words[0] in COMMANDS:
        command = command_named(words[0])
        tyro.cli(functools.wraps(command)(lambda *given, **named: called.append(given or named)), args=words[1:])
        assert len(called) == 1
    else:
        tyro.cli(Arguments, args=words)


def test_every_command_is_shown():
    assert {words.split()[0] for words in SHOWN} >= set(COMMANDS)


@pytest.mark.parametrize("path", FILES[1:])
def test_every_link_leads_somewhere(path):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", path.read_text()) if "://" not in link]
    assert links
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_nano_readme_lists_all_of_the_suite_with_its_sizes():
    text = Path("eval/nano/README.md").read_text()
    sizes = dict(re.findall(r"^\| `(nano_\w+)` \| .* \| (\d+) \|", text, re.MULTILINE))
    assert set(sizes) == set(SUITES["nano"].tasks)
    for task, size in sizes.items():
        file = Path("eval/nano") / f"{task.replace('solutions', 'functions')}.jsonl"
        assert len(file.read_text().splitlines()) == int(size), task
