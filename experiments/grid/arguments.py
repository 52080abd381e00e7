"""What the commands of `python -m experiments` have in common: which experiments, how big, and where things lie."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from eval.suites import suite_named
from mixsched.errors import UsageError
from train.scales import Scale, scale_in, scale_named

NOTHING = "none"
A_RUN, NOBODY = "likelihood", "none"


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which experiments: by name, by figure, or all of them."""

    names: tyro.conf.Positional[Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")]] = ()
    """Experiments by the names of their files."""
    figure: Annotated[tuple[str, ...], tyro.conf.arg(metavar="FIGURE ...")] = ()
    """All experiments of a figure: 2 to 8, `table2`, or one beyond the paper (`curricula`, `repetition`, `math`)."""
    all: bool = False
    """Every experiment there is."""
    experiments: Path | None = None
    """A folder with more experiment files."""


@dataclasses.dataclass(frozen=True)
class Setup:
    """How runs are made: the scale with what was changed of it, the seeds, the folders, the suite and the judge."""

    settings: Annotated[Scale, tyro.conf.arg(name="")]
    scale: str = "nano"
    """How big: nano, micro, 470m or 2.8b. The options below show its values and override them."""
    seeds: int = 3
    """Each experiment is run with the seeds 0, 1, ... up to so many."""
    runs: Path = Path("runs")
    """Folder in which every run gets its own: <experiment>-<scale>-seed<seed>."""
    shards: Path | None = None
    """Folder of prepared sources. Default: the bundled corpus, prepared when it is missing."""
    suite: str = "nano"
    """What runs are evaluated with: `nano`, `paper`, or `none` for no more than the held-out text of training."""
    data: Path | None = None
    """Folder with the files of the suite's tasks. Default: the hub, for tasks that are not bundled."""
    judge: str = A_RUN
    """Who judges the pairs of figures 7 and 8: `likelihood` (a run of the study, no LLM), openai:MODEL, or `none`."""

    def __post_init__(self):
        if self.seeds < 1:
            raise UsageError(f"`--seeds` must be at least 1, got {self.seeds}")
        if self.suite != NOTHING:
            suite_named(self.suite)
        kind, _, model = self.judge.partition(":")
        if self.judge not in (A_RUN, NOBODY) and not (kind == "openai" and model):
            raise UsageError(f"`--judge` must be {A_RUN}, openai:MODEL or {NOBODY}, got {self.judge!r}")


def default_setup(words: list[str]) -> Setup:
    """The setup of a command line that changes nothing but the scale; raises UsageError for an unknown scale."""
    scale = scale_in(words)
    return Setup(settings=scale_named(scale), scale=scale)
