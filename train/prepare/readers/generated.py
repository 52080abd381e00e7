"""Reads programs that nobody wrote: drawn by our generator at chosen levels, and kept if they pass in a sandbox."""

from collections.abc import Iterator
from pathlib import Path

from eval.sandbox.run import require_sandbox
from mixsched.errors import UsageError
from train.corpora.document import Document
from train.corpora.synthetic.levels import GENERATOR_VERSION, LEVELS, draw_levelled, index_of, judged
from train.corpora.synthetic.programs import LICENCE, as_program
from train.prepare.readers.reader import Dropped, Part, Reader

_PART_DRAWS = 200
# Measured over 20,000 draws; for progress and balance only.
_DRAW_BYTES = 800


class Generated(Reader, frozen=True, kw_only=True, tag="synthetic"):
    """`count` draws of Python functions with tests, in turn from each of the `levels`; about a tenth are dropped.

    A program is a function of the seed and its index, so a larger `count` begins with the same ones, and other levels
    leave those of a level as they are.
    """

    count: int
    seed: int
    levels: tuple[int, ...] = LEVELS

    def __post_init__(self) -> None:
        """Raises UsageError for a count below one and for levels that there are not, or not in ascending order."""
        if self.count < 1:
            raise UsageError(f"`count` is the number of programs to draw and must be at least 1, got {self.count}")
        if not self.levels or list(self.levels) != sorted(set(self.levels) & set(LEVELS)):
            raise UsageError(
                f"`levels` must be some of {', '.join(map(str, LEVELS))}, each once and in ascending order, got "
                f"{list(self.levels)}"
            )

    def parts(self, data: Path) -> list[Part]:
        """Ranges of draws; raises UsageError if there is no sandbox to try the programs in."""
        require_sandbox()
        # Without the count, so that raising it leaves the parts that are full as they are.
        version = f"synthetic-{GENERATOR_VERSION}/{self.seed}/{','.join(map(str, self.levels))}"
        ranges = [(start, min(start + _PART_DRAWS, self.count)) for start in range(0, self.count, _PART_DRAWS)]
        return [
            Part(files=(), start=start, stop=stop, bytes=(stop - start) * _DRAW_BYTES, version=version)
            for start, stop in ranges
        ]

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """The programs of a range of draws, each with its structure as its group."""
        indices = [index_of(draw, self.levels) for draw in range(part.start, part.stop)]
        for program, reason in judged([draw_levelled(index, seed=self.seed) for index in indices]):
            origin = f"generated:synthetic/{self.seed}#{program.index}"
            if reason:
                yield Dropped(origin, reason)
            else:
                yield Document(
                    text=as_program(program),
                    source=source,
                    origin=origin,
                    licence=LICENCE,
                    group=program.group,
                    language="Python",
                )
