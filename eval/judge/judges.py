"""The judges that a command line names: `openai:MODEL` or `likelihood:RUN`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from eval.rundir import RunFolder, read_config
from mixsched.errors import UsageError, did_you_mean

Kind = Literal["openai", "likelihood"]
KINDS: tuple[Kind, ...] = ("openai", "likelihood")


@dataclasses.dataclass(frozen=True)
class Judge:
    """A judge: a model of a chat endpoint, or a reference run by its folder. `name` stands in tables and rows."""

    kind: Kind
    who: str

    @property
    def name(self) -> str:
        """As given; of a reference run, by its name (and not by where it lies) and the steps it had done."""
        if self.kind == "openai":
            return f"{self.kind}:{self.who}"
        return f"{self.kind}:{read_config(self.reference).run}@{self.step}"

    @property
    def reference(self) -> RunFolder:
        """The folder of a reference run."""
        assert self.kind == "likelihood"
        return RunFolder(Path(self.who))

    @property
    def step(self) -> int:
        """The last checkpoint of a reference run, by the steps done; raises UsageError if it has none."""
        steps = [int(path.name) for path in self.reference.checkpoints.glob("*") if path.name.isdigit()]
        if not steps:
            raise UsageError(f"'{self.who}' holds no checkpoints; train it first, or name another `--judge`")
        return max(steps)


def read_judges(given: Sequence[str], runs: Sequence[RunFolder]) -> list[Judge]:
    """The judges of `--judge`, for a comparison of these runs.

    Raises UsageError where there is none, one is named twice, is none that is known, or is one of the runs.
    """
    if not given:
        raise UsageError("`--judge` is missing; give openai:MODEL, or likelihood:RUN for a judge without any LLM")
    judges = [_judge(one, runs) for one in given]
    names = [judge.name for judge in judges]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"`--judge {twice[0]}` is given twice; name each judge once")
    return judges


def _judge(given: str, runs: Sequence[RunFolder]) -> Judge:
    word, _, who = given.partition(":")
    if word not in KINDS:
        near = did_you_mean(word, KINDS)
        raise UsageError(f"`--judge {given}` is no judge: it must begin with its kind and a colon; {near}")
    kind: Kind = "openai" if word == "openai" else "likelihood"
    if not who:
        raise UsageError(
            f"`--judge {given}` names no {'model' if kind == 'openai' else 'run'}; write it after the colon"
        )
    judge = Judge(kind, who)
    if kind == "likelihood" and judge.reference.path.resolve() in [run.path.resolve() for run in runs]:
        raise UsageError(
            f"`--judge {given}` is one of the runs that are compared, and a run finds its own answers likely; name a "
            "third run"
        )
    return judge
