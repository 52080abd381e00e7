"""What every reader of an input is: it cuts the input into parts, and reads the documents of a part."""

import abc
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec

from train.corpora.document import Document

# What one task reads: large enough that starting it costs nothing, small enough that losing it costs little.
PART_BYTES = 32_000_000
# Longer documents are broken records, so that no input can fill a worker's memory: SentencePiece takes some 43 times
# the size of a text while it encodes it.
MAX_DOCUMENT_BYTES = 16_000_000
UNKNOWN_LICENCE = "unknown"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one task reads of an input: whole files, or a range of one (bytes, row groups, commits, records)."""

    files: tuple[str, ...]
    """Paths relative to the folder of the data, in the order in which they are read."""
    start: int = 0
    stop: int = 0
    bytes: int
    """Size on disk, for progress and for balance."""
    version: str
    """Changes when the input changes: sizes and times of the files, or a commit."""


@dataclasses.dataclass(frozen=True, slots=True)
class Dropped:
    """A record that became no document, and why; `broken` where nobody can have wanted that."""

    origin: str
    reason: str
    broken: bool = False


class _Abstract(abc.ABCMeta, type(msgspec.Struct)):
    """Lets a struct have abstract methods."""


class Reader(
    msgspec.Struct,
    metaclass=_Abstract,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="reader",
):
    """One input of a source, as a recipe declares it: `reader` names the kind, the other keys are its fields.

    Subclasses are final and state `tag`, which is the recipe's `reader`.
    """

    @abc.abstractmethod
    def parts(self, data: Path) -> list[Part]:
        """The parts of this input under the folder `data`, always the same for the same input.

        Raises UsageError if there is nothing to read.
        """

    @abc.abstractmethod
    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """The documents of a part in their order, each under the name of the source, and what became none.

        Streams: never holds more than a document and a buffer. Raises UsageError that names the file if it cannot
        be read, is truncated, or lacks a field that the recipe names (with those that it has).
        """
