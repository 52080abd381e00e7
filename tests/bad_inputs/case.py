"""A bad input: what was typed, what was done to the folder before, and the words that must be said."""

import dataclasses
import shlex

from tests.bad_inputs.changes import Change
from tests.load.tiny import TINY


@dataclasses.dataclass(frozen=True)
class Case:
    """A command line that must be refused.

    - `what`: the mistake, in words.
    - `typed`: the words after `python -m`; TINY stands for the sizes of the tiny model.
    - `said`: what must be among the words of the refusal.
    - `change`: what is done to the folder first, from inside it.
    - `by_parser`: whether the parser of the options answers, in a frame or with its usage, in place of a sentence.
    - `prints`: whether something is rightly printed before: a table of what was found, or of what was asked for.
    - `loads_jax`: whether it is found only by what trains, after seconds and a line that names the run: too slow for
        the suite, which has these in one process (tests/train/test_bad_input.py); the table runs them for real.
    """

    what: str
    typed: str
    said: str
    change: Change | None = None
    by_parser: bool = False
    prints: bool = False
    loads_jax: bool = False

    @property
    def words(self) -> list[str]:
        """The words that the system gets."""
        return [part for word in shlex.split(self.typed) for part in (TINY if word == "TINY" else [word])]
