"""`python -m train`: train an experiment at a scale, or tell what that would be."""

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated

import tyro

from eval.rundir import RunConfig, RunFolder
from mixsched import cli
from mixsched.errors import UsageError
from train.experiment import build_schedule
from train.load_experiment import load_experiment
from train.scales import Scale, scale_named
from train.told import tell


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Train an experiment: its mix served exactly, its curves and checkpoints under runs/.

    python -m train --exp experiments/code25.py

    python -m train --exp experiments/code25.py --scale 470m --plan
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
    plan: bool = False
    """Print what the run would do (phases, sources, steps, cost) and stop."""


def parse(argv: list[str]) -> Arguments:
    """The command line; `--scale` is read first, since the other options' defaults come from it."""
    scale = "nano"
    for place, word in enumerate(argv):
        if word == "--scale" and place + 1 < len(argv):
            scale = argv[place + 1]
        elif word.startswith("--scale="):
            scale = word.removeprefix("--scale=")
    default = Arguments(exp=tyro.MISSING, settings=scale_named(scale), scale=scale)
    return tyro.cli(Arguments, prog="python -m train", default=default, args=argv)


def main() -> int:
    """Parse and call."""
    arguments = parse(sys.argv[1:])
    settings = arguments.settings
    schedule = build_schedule(load_experiment(arguments.exp), settings)
    shards = arguments.shards or settings.shards
    if arguments.plan:
        print(tell(schedule, settings, arguments.scale, shards=shards))
        return 0
    tokenizer = ensure_shards(shards, settings, bundled=arguments.shards is None)
    run = f"{arguments.exp.stem}-{arguments.scale}-seed{arguments.seed}"
    config = RunConfig(
        run=run,
        experiment=arguments.exp.stem,
        scale=arguments.scale,
        seed=arguments.seed,
        shards=str(shards),
        tokenizer=tokenizer,
        settings=dataclasses.asdict(settings),
    )
    # JAX, Grain and Orbax take seconds to import: only when there is something to train.
    from train.loop import Job, train

    folder = RunFolder(arguments.runs / run)
    print(f"run {folder.path}: {schedule.total_steps:,} steps, {schedule.total_tokens:,} tokens")
    outcome = train(Job(config, settings, schedule, shards, folder), resume=arguments.resume)
    if outcome.stopped_by is not None:
        again = [word for word in sys.argv[1:] if word != "--resume"]
        print(
            f"stopped by {outcome.stopped_by.name} after step {outcome.steps_done:,} of {outcome.total_steps:,}; all "
            f"of it is saved. Continue with: python -m train {shlex.join(again)} --resume"
        )
        return 128 + outcome.stopped_by
    print(f"done: {outcome.steps_done:,} steps; results in '{folder.results}'")
    print(f"draw them: python -m figures curves --runs {folder.path}")
    return 0


def ensure_shards(shards: Path, settings: Scale, *, bundled: bool) -> str:
    """The SHA-256 of the tokenizer in `shards`; prepares the bundled corpus where it is wanted and missing."""
    path = shards / "tokenizer.model"
    if not path.is_file() and not bundled:
        raise UsageError(
            f"'{shards}' holds no tokenizer.model, so it is no folder of prepared sources; "
            "make one with python -m train.prepare"
        )
    if not path.is_file():
        from train.prepare.corpus import BUNDLED, prepare

        print(f"preparing the bundled corpus in '{shards}'")
        model = settings.model
        prepare(BUNDLED, shards, vocab_size=model.vocab_size, context_tokens=model.context_tokens)
    from train.prepare.tokenizer import fingerprint

    return fingerprint(path.read_bytes())


if __name__ == "__main__":
    cli.run(main)
