"""The command that a message tells trains the very run that it is told for."""

import dataclasses
from pathlib import Path

from train.__main__ import parse
from train.command_line import train_command
from train.scales import SCALES


def test_the_command_of_a_plain_run_is_short():
    exp = Path("experiments/code50.py")
    words = train_command(exp, "nano", SCALES["nano"], seed=0, runs=Path("runs"), shards=None)
    assert words == ["python", "-m", "train", "--exp=experiments/code50.py"]
    assert train_command(exp.resolve(), "nano", SCALES["nano"], seed=0, runs=Path("runs"), shards=None) == words


def test_the_command_is_read_back_as_what_it_was_made_for():
    scale = SCALES["470m"]
    settings = dataclasses.replace(
        scale,
        batch_size=8,
        model=dataclasses.replace(scale.model, remat=False, rope_base=5e5),
        optimizer=dataclasses.replace(scale.optimizer, peak_lr=1e-7),
    )
    exp, runs, shards = Path("/elsewhere/mine.py"), Path("my runs"), Path("shards/mine")
    words = train_command(exp, "470m", settings, seed=7, runs=runs, shards=shards, resume=True)
    parsed = parse(words[3:])
    assert parsed.settings == settings
    assert (parsed.exp, parsed.scale, parsed.seed) == (exp, "470m", 7)
    assert (parsed.runs, parsed.shards, parsed.resume) == (runs, shards, True)
