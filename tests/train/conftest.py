"""Command lines that refuse: run in this process, for their sentence."""

import re
import sys

import pytest

import eval.__main__
import figures.__main__
import train.__main__
import train.prepare.__main__
from mixsched import cli

COMMANDS = {
    "train": train.__main__.main,
    "train.prepare": train.prepare.__main__.main,
    "eval": eval.__main__.main,
    "figures": figures.__main__.main,
}


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run a command line in this process and return the sentence with which it refuses."""

    def run(command: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [command, *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.run(COMMANDS[command])
        errors = capsys.readouterr().err
        assert stop.value.code == 2, errors
        assert "Traceback" not in errors
        return re.sub(r"[\s│]+", " ", errors)

    return run
