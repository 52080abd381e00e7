"""`python -m train.ahead`: what a scale's step holds and takes on a slice of TPUs that isn't here."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from mixsched import cli
from mixsched.errors import UsageError
from train.ahead.kept import all_kept, kept_file
from train.ahead.told import table, tell
from train.devices import DeviceOptions
from train.scales import Scale, scale_in, scale_named


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Compile the very step that `python -m train` runs, for TPUs, with their compiler and without a TPU, and tell its
    memory (exact), its exchanges and its time (predicted: train/ahead/predict.py says how; nothing is measured).

    python -m train.ahead --scale 470m --topology v5e:16x16

    python -m train.ahead --scale 2.8b --search
    """

    settings: Annotated[Scale, tyro.conf.arg(name="")]
    devices: DeviceOptions
    scale: str = "470m"
    """How big: 470m, 2.8b or another of `python -m train`. The options below show its values and override them."""
    topology: str = "v5e:16x16"
    """Chip and sides of the slice."""
    search: bool = False
    """Try meshes, microbatches, what rematerialisation keeps, chunks of the loss, and blocks of attention, and tell the
    best that fits."""
    kept: bool = False
    """Tell the predictions that are kept, as a table, and stop."""
    keep: bool = False
    """Keep the prediction for `python -m train --plan` and the tests."""
    save: Path | None = None
    """Write the prediction here, as JSON."""
    text: Path | None = None
    """Write the compiled program here."""

    def __post_init__(self):
        for name, path in (("save", self.save), ("text", self.text)):
            if path is not None and not path.absolute().parent.is_dir():
                raise UsageError(f"`--{name}` {str(path)!r} lies in no folder that exists; make it first")


def parse(argv: list[str]) -> Arguments:
    """The command line; `--scale` is read first, since the other options' defaults come from it."""
    scale = scale_in(argv, default="470m")
    default = Arguments(settings=scale_named(scale), devices=DeviceOptions(), scale=scale)
    return tyro.cli(Arguments, prog="python -m train.ahead", default=default, args=argv)


def main() -> None:
    """Parse and call."""
    arguments = parse(sys.argv[1:])
    if arguments.kept:
        print(table(all_kept()))
        return
    # Before JAX is imported: finding the topology settles how JAX starts.
    from train.ahead.topology import topology

    found = topology(arguments.topology)
    if arguments.search:
        from train.ahead.search import search

        best = search(arguments.scale, arguments.settings, arguments.devices, found)
    else:
        from train.ahead.ahead import predicted

        best = predicted(arguments.scale, arguments.settings, arguments.devices, found, text=arguments.text)
    print(tell(best))
    for path in (arguments.save, kept_file(arguments.scale, arguments.topology) if arguments.keep else None):
        if path is not None:
            best.save(path)
            print(f"written to '{path}'")


if __name__ == "__main__":
    cli.run(main)
