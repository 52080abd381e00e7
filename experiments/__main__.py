"""`python -m experiments`: list the experiments of the study, plan and run their grid, and keep what comes of it."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is imported ends this without a traceback; then `cli.run` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import sys
from types import ModuleType

import tyro

from experiments.grid import keep, listing, planning, running, status
from experiments.grid.arguments import Choice, default_setup
from mixsched import cli
from mixsched.errors import UsageError, did_you_mean

COMMANDS: dict[str, ModuleType] = {
    "list": listing,
    "plan": planning,
    "run": running,
    "status": status,
    "keep": keep,
}


def main() -> int:
    """Parse and call."""
    match sys.argv[1:]:
        case [] | ["-h" | "--help", *_]:
            print(_help())
            return 0
        case [word, *words] if word in COMMANDS:
            command = COMMANDS[word]
            fields = {"setup": default_setup(words)} | ({} if word == "list" else {"choice": Choice()})
            prog = f"python -m experiments {word}"
            return command.run(tyro.cli(command.Arguments, prog=prog, default=command.Arguments(**fields), args=words))
        case [word, *_]:
            raise UsageError(f"there is no command {word!r}; {did_you_mean(word, COMMANDS)}")
    raise AssertionError


def _help() -> str:
    lines = [f"  {word:<7} {command.Arguments.__doc__.splitlines()[0]}" for word, command in COMMANDS.items()]
    return "\n".join(
        [
            "The experiments of the study and their grid.",
            "",
            *lines,
            "",
            "python -m experiments COMMAND --help says more",
        ]
    )


if __name__ == "__main__":
    cli.run(main)
