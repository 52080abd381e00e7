"""`python -m eval`: measure a checkpoint of a run, keep the answers and the numbers with the run, and read them."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import dataclasses
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from eval.asking import Asking
from eval.rundir import RunFolder, read_config, read_plan
from eval.suites import suite_named
from mixsched import cli
from mixsched.errors import UsageError, did_you_mean


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Measure a run's checkpoint: bits per byte on held-out documents, or benchmarks. All tasks are zero-shot.

    python -m eval --run runs/code25-nano-seed0

    python -m eval --run runs/code25-nano-seed0 --suite nano

    python -m eval --run runs/code25-nano-seed0 --suite paper --data ~/benchmarks

    python -m eval --run runs/code25-nano-seed0 --tasks lambada_openai wikitext

    What was asked before is not asked again. To go on from there:

    python -m eval compare RUN RUN · python -m eval show RUN TASK · python -m eval judge RUN RUN · python -m eval tasks
    """

    run: Path
    """The run's folder."""
    suite: str | None = None
    """`paper` (its 15 benchmarks, and Dolly for a judge) or `nano` (bundled; tells something of tiny models)."""
    tasks: Annotated[tuple[str, ...], tyro.conf.arg(metavar="TASK ...")] = ()
    """Tasks by name, of a suite or any other of lm-eval's."""
    data: Path | None = None
    """Folder with the tasks' files (`python -m eval tasks` lists them); nothing is fetched. Default: the hub."""
    step: int | None = None
    """Which checkpoint, by the steps done. Default: the last."""
    shards: Path | None = None
    """Folder of prepared sources. Default: where the run found them."""
    rows: int | None = None
    """Rows of each held-out source to read. Default: all of them."""
    limit: int | None = None
    """Ask only the first so many items of each task: to try something out, not to report it."""
    samples: int = 1
    """Programs to write for each problem; pass@k is estimated for k = 1, 10 and 100 where that many were written."""
    temperature: float = 0.0
    """Of the programs' sampling; 0 is greedy."""
    seed: int = 0
    """Of the sampling."""
    again: bool = False
    """Ask all tasks, whatever was asked before."""

    def __post_init__(self):
        for name in ("rows", "limit", "samples"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"`--{name}` must be at least 1, got {value}")
        if self.seed < 0:
            raise UsageError(f"`--seed` must be at least 0, got {self.seed}")
        if not 0 <= self.temperature <= 10:
            raise UsageError(f"`--temperature` must lie in 0..10, got {self.temperature}")
        if self.samples > 1 and not self.temperature:
            raise UsageError(
                f"`--samples {self.samples}` at temperature 0 would write the same program {self.samples} times; give "
                "`--temperature` too, 0.8 for example"
            )
        if self.data is not None and not (self.suite or self.tasks):
            raise UsageError("`--data` holds files of tasks; say which with `--suite paper` or `--tasks`")


COMMANDS = ("compare", "show", "judge", "tasks")
OURS = ("eval", "mixsched", "model")


def main() -> None:
    """Parse and call."""
    # Answers of models hold any character; a terminal that lacks one shows its number.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _call()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OURS:
            raise
        raise UsageError(
            f"the package {package!r} is not installed; `make setup` installs all that is needed"
        ) from error


def _call() -> None:
    match sys.argv[1:2]:
        case [word] if word in COMMANDS:
            tyro.cli(command_named(word), prog=f"python -m eval {word}", args=sys.argv[2:])
        case [word] if not word.startswith("-") and RunFolder(Path(word)).config.is_file():
            raise UsageError(f"to measure a run, name it by `--run`: python -m eval --run {word}")
        case [word] if not word.startswith("-"):
            raise UsageError(f"there is no command {word!r}; {did_you_mean(word, COMMANDS)}, or none with `--run`")
        case _:
            evaluate(tyro.cli(Arguments, prog="python -m eval"))


def command_named(word: str) -> Callable[..., None]:
    """One of the commands beside measuring; each is imported only when it is wanted."""
    match word:
        case "compare":
            from eval.compare.command import compare as command
        case "show":
            from eval.show import show as command
        case "judge":
            from eval.judge.command import judge as command
        case _:
            from eval.data.listing import listing as command
    return command


def evaluate(arguments: Arguments) -> None:
    """Measure a run and tell what was found."""
    folder = RunFolder(arguments.run)
    suite = None if arguments.suite is None else suite_named(arguments.suite)
    config, plan = read_config(folder), read_plan(folder)
    # JAX and Orbax take seconds to import: only when there is something to measure.
    from eval.evaluate import Wish, evaluate_run
    from eval.told import told

    wish = Wish(
        suite,
        arguments.tasks,
        Asking(arguments.limit, arguments.samples, arguments.temperature, arguments.seed),
        step=arguments.step,
        heldout_rows=arguments.rows,
        data=arguments.data,
        shards=arguments.shards or Path(config.shards),
        again=arguments.again,
    )
    report = evaluate_run(folder, config, plan, wish)
    print(f"{config.run} after step {report.steps_done:,} ({plan.tokens(report.steps_done):,} tokens)")
    print(told(report, suite))
    print(f"{report.new} new measurements in '{folder.results}'")


if __name__ == "__main__":
    cli.run(main)
