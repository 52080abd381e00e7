"""`python -m mixsched`: look at a mixture before, while and after it is served."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import sys
from pathlib import Path

from mixsched import cli

DESCRIPTION = """Look at a mixture before, while and after it is served.

  python -m mixsched plan mix.toml                what each source gives, when it runs out, what limits it
  python -m mixsched plan mix.toml --save mix.plan
  python -m mixsched plot mix.toml -o mix.png     shares, learning rate and epochs over the run
  python -m mixsched diff mix.toml other.toml     what differs, and from which step on
  python -m mixsched audit runs/X/metrics.jsonl   what was asked for against what was served

A FILE is a plan in TOML or JSON (schedule, rows, seed), the same saved with --save, or a schedule alone.
"""


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mixsched", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{plan,plot,diff,audit}")
    plan = commands.add_parser("plan", help="tell what a plan does; exit 1 with the reason where it cannot be")
    plan.add_argument("file", type=Path, metavar="FILE")
    plan.add_argument(
        "--shards", type=Path, metavar="DIR", help="take the rows of each source from its manifest in DIR"
    )
    plan.add_argument("--save", type=Path, metavar="OUT", help="write the plan with all its steps solved")
    plot = commands.add_parser("plot", help="draw a plan")
    plot.add_argument("file", type=Path, metavar="FILE")
    plot.add_argument(
        "--shards", type=Path, metavar="DIR", help="take the rows of each source from its manifest in DIR"
    )
    plot.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a .png, .svg or .pdf")
    diff = commands.add_parser("diff", help="tell what differs between two plans; exit 1 if something does")
    diff.add_argument("before", type=Path, metavar="A")
    diff.add_argument("now", type=Path, metavar="B")
    audit = commands.add_parser("audit", help="hold what was served against the plan; exit 1 if it is not the plan's")
    audit.add_argument(
        "metrics", type=Path, metavar="METRICS", help="JSON lines with 'steps_done' and 'served' or 'counts'"
    )
    audit.add_argument("--plan", type=Path, metavar="FILE", help="default: plan.json beside METRICS")
    return parser.parse_args(argv)


def main() -> int:
    """Parse and call."""
    arguments = parse(sys.argv[1:])
    # Imported here, so that --help is quick.
    from mixsched import commands

    match arguments.command:
        case "plan":
            return commands.tell(arguments.file, shards=arguments.shards, save=arguments.save)
        case "plot":
            return commands.plot(arguments.file, arguments.out, shards=arguments.shards)
        case "diff":
            return commands.compare(arguments.before, arguments.now)
        case _:
            return commands.audit(arguments.metrics, plan=arguments.plan)


if __name__ == "__main__":
    cli.run(main)
