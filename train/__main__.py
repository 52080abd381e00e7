"""`python -m train`: train an experiment at a scale, or tell what that would be."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import tyro

from eval.rundir import RunFolder
from mixsched import cli
from mixsched.errors import UsageError
from train.amend import read_change
from train.compiled import check_folder, keep_compiled
from train.devices import DeviceOptions
from train.ending import ending_together
from train.hosts import HostOptions, joined
from train.huge_pages import start_again_with_huge_pages
from train.job import Outcome
from train.launch import launch
from train.lineage import load_lineage
from train.numbers import USUAL, NumberOptions
from train.profiled import read_steps
from train.scales import Scale, scale_in, scale_named
from train.told import POD, tell
from train.verify import VerifyArguments, verify


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Train an experiment: its mix served exactly, its curves and checkpoints under runs/.

    python -m train --exp experiments/code25.py

    python -m train --exp experiments/code25.py --scale 470m --plan

    python -m train --verify runs/code25-nano-seed0 (more of it by `--verify RUN --help`)
    """

    exp: Path
    """Python file that defines `experiment`. It is run, so give only files that you trust."""
    settings: Annotated[Scale, tyro.conf.arg(name="")]
    scale: str = "nano"
    """How big: nano, micro, 470m or 2.8b. The options below show its values and override them."""
    seed: int = 0
    """Of the model's start and of the order of samples."""
    shards: Path | None = None
    """Folder of prepared sources. Default: the bundled corpus, prepared when it is missing."""
    runs: Path = Path("runs")
    """Folder in which the run gets its own: <experiment>-<scale>-seed<seed>."""
    resume: bool = False
    """Continue the run if it was begun."""
    accept_changes: bool = False
    """Continue it though libraries, settings or data are not those that it was begun with, and enter that in its
    config.json. No other plan, model or batch comes through."""
    numbers: Annotated[NumberOptions, tyro.conf.arg(name="")] = USUAL
    amend: Path | None = None
    """TOML file with new `weights` for a run that is continued: from where it stands on, or from its `at_step`."""
    plan: bool = False
    """Print what the run would do (phases, sources, steps, cost, memory and hours on `--topology`) and stop."""
    topology: str = POD
    """The slice of TPUs that `--plan` tells memory and hours of, where a prediction is kept."""
    devices: DeviceOptions = DeviceOptions()
    hosts: HostOptions = HostOptions()
    """Where several processes train the run together: all of them get the same options but for their `--hosts.index`,
    and see the same folder of runs."""
    profile_steps: str | None = None
    """Steps that JAX's profiler traces into the run's folder profile/, such as 20:25 for those from 20 to 24."""
    compilation_cache: Path | None = None
    """Folder that keeps compiled programs, so that a run which goes on, or the next one, starts at once."""

    def __post_init__(self):
        # JAX's keys take 32 bits of a seed; two seeds that differ only above them would begin alike.
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"`--seed` must lie in 0..2**32-1, got {self.seed}")
        if self.amend is not None and not self.resume:
            raise UsageError("`--amend` changes a run that was begun; give `--resume` with it")
        if self.accept_changes and not self.resume:
            raise UsageError("`--accept-changes` is for a run that was begun; give `--resume` with it")
        if self.profile_steps is not None:
            read_steps(self.profile_steps)
        if self.compilation_cache is not None:
            check_folder(self.compilation_cache)


def parse(argv: list[str]) -> Arguments:
    """The command line; `--scale` is read first, since the other options' defaults come from it."""
    scale = scale_in(argv)
    default = Arguments(exp=tyro.MISSING, settings=scale_named(scale), scale=scale)
    return tyro.cli(Arguments, prog="python -m train", default=default, args=argv)


def without_changes(argv: list[str]) -> list[str]:
    """The words of a command line but for those that must not take effect twice."""
    parsed = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parsed.add_argument("--resume", action="store_true")
    parsed.add_argument("--amend")
    parsed.add_argument("--accept-changes", "--accept_changes", action="store_true")
    parsed.add_argument("--profile-steps")
    return parsed.parse_known_args(argv)[1]


def main() -> int:
    """Parse and call."""
    if "--verify" in (word.partition("=")[0] for word in sys.argv[1:]):
        if __name__ == "__main__":
            start_again_with_huge_pages()
        return verify(tyro.cli(VerifyArguments, prog="python -m train"))
    arguments = parse(sys.argv[1:])
    settings = arguments.settings
    if arguments.plan:
        lineage = load_lineage(arguments.exp)
        shards = arguments.shards or settings.shards
        devices, topology = arguments.devices, arguments.topology
        print(tell(lineage, settings, arguments.scale, shards=shards, devices=devices, topology=topology))
        return 0
    if __name__ == "__main__":
        start_again_with_huge_pages()
    if arguments.compilation_cache is not None:
        keep_compiled(arguments.compilation_cache)
    with joined(arguments.hosts) as hosts, ending_together(hosts):
        folder, outcome = launch(
            arguments.exp,
            arguments.scale,
            settings,
            seed=arguments.seed,
            runs=arguments.runs,
            shards=arguments.shards,
            resume=arguments.resume,
            change=None if arguments.amend is None else read_change(arguments.amend),
            devices=arguments.devices,
            hosts=hosts,
            profile_steps=None if arguments.profile_steps is None else read_steps(arguments.profile_steps),
            numbers=arguments.numbers,
            accept_changes=arguments.accept_changes,
        )
    if hosts.first:
        _say_how_it_ended(folder, outcome, arguments.hosts)
    return 0 if outcome.stopped_by is None else 128 + outcome.stopped_by


def _say_how_it_ended(folder: RunFolder, outcome: Outcome, hosts: HostOptions) -> None:
    if outcome.stopped_by is not None:
        again = without_changes(sys.argv[1:])
        where = "" if hosts.index is None else " (each host with its own `--hosts.index`)"
        print(
            f"stopped by {outcome.stopped_by.name} after step {outcome.steps_done:,} of {outcome.total_steps:,}; all "
            f"of it is saved. Continue{where} with: python -m train {shlex.join(again)} --resume"
        )
        return
    print(f"done: {outcome.steps_done:,} steps; results in '{folder.results}'")
    print(f"draw them: python -m figures curves --runs {shlex.quote(str(folder.path))}")


if __name__ == "__main__":
    cli.run(main)
