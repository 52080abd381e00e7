"""The short form of `make torture`: a run that is killed as it writes, and a campaign that sees what goes wrong."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.torture.campaign import Campaign, judged
from tests.torture.commands import Victim, training
from tests.torture.moments import SIGNALS, Moment, divided, moments

# Leaves a process and half a file behind when it is killed, and does twice what it has done.
CARELESS = """
import pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
if (folder / "done").exists():
    (folder / "done").write_text("twice")
    sys.exit(0)
(folder / "done").write_text("once")
if "--slow" in sys.argv:
    (folder / ".done.1.tmp").write_text("half")
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    (folder / "begun").touch()
    time.sleep(60)
"""


def compiled(scratch: Path) -> Path:
    return Path(os.environ.get("JAX_COMPILATION_CACHE_DIR", scratch / "compiled"))


def test_a_run_killed_as_it_writes_checkpoints_ends_as_if_it_never_was(shards, tmp_path):
    campaign = Campaign(training(shards), tmp_path, compiled=compiled(tmp_path), say=print)
    campaign.measure(lives=1)
    shares = {signal.SIGKILL: 0.3, signal.SIGTERM: 0.2}
    at = [Moment(by, share, at_write=True, everyone=False) for by, share in shares.items()]
    campaign.run(at, until_s=time.monotonic() + 60)
    assert [kill.moment.by for kill in campaign.kills] == list(shares)
    assert campaign.faults == []
    assert [fault for kill in campaign.kills for fault in kill.faults] == []


def test_a_campaign_sees_what_a_careless_command_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.torture.campaign.PATIENCE_S", 0.3)
    slow: list[str] = []
    victim = Victim(
        name="careless",
        weight=1,
        lay_out=lambda folder: None,
        words=lambda folder: (sys.executable, "-c", CARELESS, str(folder), *slow),
        written=("begun",),
        differences=lambda folder, untouched: [
            f"{path.name} differs"
            for path in untouched.iterdir()
            if path.read_bytes() != (folder / path.name).read_bytes()
        ],
        far=lambda folder: "",
        said=("interrupted",),
    )
    campaign = Campaign(victim, tmp_path, compiled=tmp_path, say=print)
    campaign.measure(lives=1)
    assert campaign.faults == []
    slow.append("--slow")
    campaign.run([Moment(signal.SIGKILL, 0.0, at_write=True, everyone=False)], until_s=time.monotonic() + 20)
    [kill] = campaign.kills
    assert kill.half_written
    [process] = kill.faults
    assert "left a process" in process
    assert any("done differs" in fault for fault in campaign.faults)
    assert any("left .done.1.tmp" in fault for fault in campaign.faults)


@pytest.mark.parametrize(
    ("output", "code", "by", "fault"),
    [
        ("", -9, signal.SIGKILL, ""),
        ("interrupted\n", 130, signal.SIGINT, ""),
        ("done", 0, signal.SIGTERM, ""),
        ("", 130, signal.SIGINT, "said nothing of SIGINT"),
        ("", 143, signal.SIGTERM, "said nothing of SIGTERM"),
        ("Traceback (most recent call last):\nOSError: gone\n", 143, signal.SIGTERM, "traceback: Traceback"),
        ("error: no\n", 2, signal.SIGTERM, "exit code 2 after SIGTERM"),
        ("error: no\n", -11, signal.SIGKILL, "exit code -11 after SIGKILL"),
    ],
)
def test_how_a_command_ends_is_judged(output, code, by, fault):
    _, faults = judged(output, code, by, said=("interrupted",))
    assert [each[: len(fault)] for each in faults] == ([fault] if fault else [])


def test_the_moments_of_a_seed_are_the_same_and_spread_over_the_whole_life():
    drawn = moments("train", 40, seed=3)
    assert drawn == moments("train", 40, seed=3)
    assert drawn != moments("train", 40, seed=4)
    assert drawn != moments("eval", 40, seed=3)
    assert sorted(int(moment.share * 40) for moment in drawn) == list(range(40))
    assert {(moment.by, moment.at_write) for moment in drawn} == {(by, at) for by in SIGNALS for at in (True, False)}
    assert {moment.by for moment in drawn if moment.everyone} == {signal.SIGKILL}


def test_every_kill_is_given_to_a_command():
    assert divided(100, {"prepare": 25, "train": 40, "experiments": 20, "eval": 15}) == {
        "prepare": 25, "train": 40, "experiments": 20, "eval": 15,
    }  # fmt: skip
    assert sum(divided(7, {"prepare": 25, "train": 40, "experiments": 20}).values()) == 7
