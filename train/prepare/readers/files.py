"""Which files a reader reads, in which order, and how a file that may be compressed is opened."""

import bz2
import contextlib
import dataclasses
import fnmatch
import gzip
import hashlib
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar

import msgspec
from backports import zstd

from mixsched.errors import UsageError
from train.prepare.readers.own_output import is_own_output
from train.prepare.readers.reader import Part

BUFFER_BYTES = 1_000_000
# Text shrinks to about a quarter, so that parts of compressed files hold as much text as others.
COMPRESSED_WEIGHT = 4

T = TypeVar("T")
Files = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
"""Glob patterns of a recipe, relative to the folder of the data or absolute; `**` is any number of folders."""


@dataclasses.dataclass(frozen=True, slots=True)
class FoundFile:
    """A file by its name (relative to the folder of the data, or absolute) as it was when it was found."""

    name: str
    bytes: int
    mtime_ns: int


def find_files(data: Path, patterns: Iterable[str]) -> list[FoundFile]:
    """The files that match any of the patterns, each once, sorted by name.

    As in a shell `*` leaves out hidden names. Links are followed, except to a folder that holds the link. What this
    tool has prepared, or is preparing, is left out.
    Raises UsageError if a pattern matches no file, or a name cannot be written in UTF-8.
    """
    names = set[str]()
    for pattern in patterns:
        found = set(_search(data, "", _segments(pattern)))
        if not found:
            folder = pattern.rstrip("/")
            all_of_it = (data / folder).is_dir() and f"for all files of that folder write {folder + '/**'!r}"
            raise UsageError(
                f"`files`: {pattern!r} matches no file in '{data}'; {all_of_it or 'correct it, or get the files first'}"
            )
        names |= found
    for name in names:
        if not is_unicode(name):
            raise UsageError(f"`files`: the name {name!r} in '{data}' is not in UTF-8; rename it")
    return [look_at(data, name) for name in sorted(names)]


def is_unicode(name: str) -> bool:
    """Whether a file's name is in UTF-8, and so can be written into a plan or a manifest."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def look_at(data: Path, name: str) -> FoundFile:
    """Size and time of one file; raises UsageError if it has gone."""
    try:
        status = (data / name).stat()
    except OSError as error:
        raise cannot_be_read(data / name, error) from error
    return FoundFile(name, status.st_size, status.st_mtime_ns)


def version_of(files: Iterable[FoundFile]) -> str:
    """16 hexadecimal digits that change with the name, size or time of any of the files."""
    lines = (f"{file.name}\0{file.bytes}\0{file.mtime_ns}\n" for file in files)
    return hashlib.blake2b("".join(lines).encode(), digest_size=8).hexdigest()


def grouped(items: Iterable[T], weight: Callable[[T], int], *, limit: int) -> Iterator[list[T]]:
    """Runs of neighbouring items that weigh at most `limit` together, or are one item."""
    run, total = list[T](), 0
    for item in items:
        if run and total + weight(item) > limit:
            yield run
            run, total = [], 0
        run.append(item)
        total += weight(item)
    if run:
        yield run


def whole_files(run: Sequence[FoundFile]) -> Part:
    """The part that is these files from their start to their end."""
    return Part(files=tuple(file.name for file in run), bytes=sum(map(size_of, run)), version=version_of(run))


def size_of(file: FoundFile) -> int:
    """Size on disk in bytes."""
    return file.bytes


def is_compressed(name: str) -> bool:
    """Whether `opened` decompresses the file, which its ending says."""
    return Path(name).suffix in _OPENERS


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed as they are read if it ends in .gz, .xz, .bz2 or .zst.

    Raises UsageError, when opening and when reading, if it is damaged, ends early or cannot be read.
    """
    try:
        with _open(path) as stream:
            yield stream
    except OSError as error:
        if error.errno is None:
            raise _damaged(path, error) from error
        raise cannot_be_read(path, error) from error
    except (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError) as error:
        raise _damaged(path, error) from error


def cannot_be_read(path: Path, error: OSError) -> UsageError:
    """The sentence about a file that the system does not let us read."""
    return UsageError(f"'{path}' cannot be read ({error.strerror or error}); make it readable, or get the file again")


def _damaged(path: Path, error: Exception) -> UsageError:
    return UsageError(f"'{path}' is no whole {path.suffix} file ({error}); get the file again")


def _open(path: Path) -> BinaryIO:
    if path.suffix not in _OPENERS:
        return open(path, "rb", buffering=BUFFER_BYTES)
    if path.stat().st_size == 0:
        raise EOFError("it has no bytes")
    # The decompressors' own buffers are small, which makes reading lines slow.
    return io.BufferedReader(_OPENERS[path.suffix](path), BUFFER_BYTES)


def _open_zstandard(path: Path) -> zstd.ZstdFile:
    # With any window: the archives of Reddit and of the Pile have one of 2 GB, eight times what is allowed by default.
    return zstd.ZstdFile(path, options={zstd.DecompressionParameter.window_log_max: 31})


_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".xz": lzma.open,
    ".bz2": bz2.open,
    ".zst": _open_zstandard,
}


def _segments(pattern: str) -> tuple[str, ...]:
    first, *rest = pattern.split("/")
    # An empty first segment is that of an absolute pattern.
    return tuple(([] if first == "." else [first]) + [each for each in rest if each not in ("", ".")])


def _search(data: Path, name: str, segments: tuple[str, ...]) -> Iterator[str]:
    """The names of the files under `data / name` that the segments of a pattern lead to, some of them twice."""
    if not segments:
        if (data / name).is_file():
            yield name
        return
    if is_own_output(data / name):
        return
    first, rest = segments[0], segments[1:]
    if first == "**":
        yield from _search(data, name, rest or ("*",))
        for folder in _matching(data, name, "*"):
            if (data / folder).is_dir() and not _leads_up(data, folder):
                yield from _search(data, folder, segments)
    elif any(sign in first for sign in "*?["):
        for entry in _matching(data, name, first):
            yield from _search(data, entry, rest)
    else:
        yield from _search(data, f"{name.rstrip('/')}/{first}" if name else first or "/", rest)


def _matching(data: Path, name: str, pattern: str) -> Iterator[str]:
    try:
        entries = os.listdir(data / name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise cannot_be_read(data / name, error) from error
    for entry in entries:
        if fnmatch.fnmatchcase(entry, pattern) and (pattern.startswith(".") or not entry.startswith(".")):
            yield f"{name.rstrip('/')}/{entry}" if name else entry


def _leads_up(data: Path, folder: str) -> bool:
    """Whether a folder is a link to one that holds it."""
    path = data / folder
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())
