"""The commits of a git repository, each a document: its message and its diff."""

import contextlib
import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from train.corpora.document import Document
from train.prepare.readers.git_command import find_repository, git_output, git_running
from train.prepare.readers.reader import Dropped, Part, Reader
from train.prepare.readers.texts import NOT_UTF8, to_document

COMMITS_A_PART = 2_000
_LINE_BYTES = 1_000_000

_PATCHES = (
    *("log", "--stdin", "--no-walk=unsorted", "--format=%x00%H%n%B%n%x00", "--patch", "--unified=3"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--no-decorate", "--no-notes", "--no-mailmap"),
)
# "Reviewed-by: ...", "Cc: ..." and whatever else ends in a mail address.
_TRAILER = re.compile(
    r"^[ \t]*(?:[\w-]+-by|cc|author|from)[ \t]*:.*\n?|^[ \t]*[\w-]+[ \t]*:.*\S@\S.*\n?", re.IGNORECASE | re.MULTILINE
)
_START_OF_FILE = re.compile(rb"^(?=diff --git )", re.MULTILINE)
_BINARY = re.compile(rb"^Binary files .* differ$", re.MULTILINE)
_HASHES = re.compile(rb"^index [0-9a-f]+\.\..*\n", re.MULTILINE)


class Git(Reader, tag="git", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The commits that HEAD reaches, oldest first, without merges; in a checkout or a bare repository.

    A text is the message, an empty line and the unified diff. Names and mail addresses of people who signed or
    reviewed are taken out of the message; binary files, and those not in UTF-8, out of the diff, as are the hashes of
    blobs. The origin is "folder@sha".
    """

    repository: str
    licence: str = "unknown"
    max_diff_bytes: int = 100_000
    group: Literal["commit", "repository"] = "commit"
    """What is never divided between training and held-out."""

    def __post_init__(self) -> None:
        if self.max_diff_bytes < 1:
            raise ValueError(f"`max_diff_bytes` must be at least 1, got {self.max_diff_bytes}")

    def parts(self, data: Path) -> list[Part]:
        """Ranges of commits, of about equal shares of the repository's size."""
        folder, head = find_repository(data / self.repository)
        total = len(_commits(folder, head))
        packed = re.findall(rb"^size(?:-pack)?: (\d+)$", git_output(folder, "count-objects", "-v"), re.MULTILINE)
        commit_bytes = 1_024 * sum(map(int, packed)) // total
        return [
            Part(
                files=(self.repository,),
                start=start,
                stop=min(start + COMMITS_A_PART, total),
                bytes=commit_bytes * (min(start + COMMITS_A_PART, total) - start),
                version=head,
            )
            for start in range(0, total, COMMITS_A_PART)
        ]

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """The commits of the part, those of the HEAD that it was made for."""
        root = data / self.repository
        folder, _ = find_repository(root)
        name = root.resolve().name.removesuffix(".git")
        wanted = _commits(folder, part.version)[part.start : part.stop]
        with git_running(folder, _PATCHES, said=b"\n".join(wanted) + b"\n") as stream:
            for sha, message, diff in _entries(stream, limit=self.max_diff_bytes):
                yield self._document(message, diff, source=source, origin=f"{name}@{sha}", repository=name)

    def _document(
        self, message: bytes | None, diff: bytes | None, *, source: str, origin: str, repository: str
    ) -> Document | Dropped:
        if message is None or diff is None:
            return Dropped(origin, "diff too large")
        changes = _readable(diff)
        if not changes:
            return Dropped(origin, "no diff of text")
        try:
            said = _TRAILER.sub("", message.decode()).strip()
        except UnicodeDecodeError:
            return Dropped(origin, NOT_UTF8, broken=True)
        return to_document(
            f"{said}\n\n{changes}" if said else changes,
            source=source,
            origin=origin,
            licence=self.licence,
            group=f"git:{repository}" if self.group == "repository" else "",
        )


def commit_count(repository: Path) -> int:
    """How many commits the reader would read; raises UsageError if there are none, or no repository."""
    return len(_commits(*find_repository(repository)))


# A list of a million commits takes seconds to make, and every part of a repository needs it.
@functools.lru_cache(maxsize=1)
def _commits(folder: Path, head: str) -> Sequence[bytes]:
    """The commits that are no merges, from the first to HEAD; a parent stands before its children."""
    return git_output(folder, "rev-list", "--reverse", "--date-order", "--no-merges", head).split()


def _entries(stream: BinaryIO, *, limit: int) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Hash, message and diff of each commit in the output of `_PATCHES`; None for what is longer than `limit`.

    Lines that start with a zero byte are marks: a message has none, and a line of a diff starts otherwise.
    """
    mark = stream.readline(_LINE_BYTES)
    while mark:
        sha = mark.strip(b"\0\n").decode()
        message, _ = _until_mark(stream, limit)
        diff, mark = _until_mark(stream, limit)
        yield sha, message, diff


def _until_mark(stream: BinaryIO, limit: int) -> tuple[bytes | None, bytes]:
    pieces, size, at_start = list[bytes](), 0, True
    while piece := stream.readline(_LINE_BYTES):
        if at_start and piece.startswith(b"\0"):
            break
        at_start = piece.endswith(b"\n")
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
    return (b"".join(pieces) if size <= limit else None), piece


def _readable(diff: bytes) -> str:
    """The diff without files that are no text in UTF-8, and without hashes."""
    kept = list[str]()
    for file in _START_OF_FILE.split(diff):
        if not _BINARY.search(file):
            with contextlib.suppress(UnicodeDecodeError):
                kept.append(_HASHES.sub(b"", file).decode())
    return "".join(kept).strip("\n")
