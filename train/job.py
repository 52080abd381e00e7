"""What to train, and how far it came."""

import dataclasses
import signal
from pathlib import Path

from eval.rundir import RunFolder
from train.amend import Change
from train.devices import BY_ITSELF, DeviceOptions
from train.hosts import ALONE, Hosts
from train.lineage import Lineage
from train.numbers import USUAL, NumberOptions
from train.parent import Parent
from train.scales import Scale


@dataclasses.dataclass(frozen=True)
class Job:
    """What to train: an experiment at a scale (after overrides), with a seed, on which shards, into which folder."""

    lineage: Lineage
    scale: str
    seed: int
    settings: Scale
    shards: Path
    folder: RunFolder
    parent: Parent | None = None
    """The run that it begins from, unless it has begun."""
    change: Change | None = None
    """New weights for a run that is continued."""
    devices: DeviceOptions = BY_ITSELF
    """How a step is laid over the devices."""
    hosts: Hosts = ALONE
    """The processes that train it together."""
    numbers: NumberOptions = USUAL
    """What it does about numbers out of the ordinary."""
    accept_changes: bool = False
    """Whether a run is continued with what is not what it was begun with, as far as its checkpoint allows."""
    profile_steps: range | None = None
    """Steps that JAX's profiler traces."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How far a run came: steps done of `total_steps`, and the signal that stopped it early, if one did."""

    steps_done: int
    total_steps: int
    stopped_by: signal.Signals | None
