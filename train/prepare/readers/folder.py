"""A folder of files, each of which is a document: source code, markup and plain text by their languages."""

import dataclasses
import fnmatch
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from mixsched.errors import UsageError, did_you_mean
from train.corpora.document import Document
from train.prepare.languages import LANGUAGES, kind_of, language_of, may_have_language
from train.prepare.readers.files import FoundFile, cannot_be_read, grouped, is_unicode, size_of, whole_files
from train.prepare.readers.own_output import is_own_output
from train.prepare.readers.reader import MAX_DOCUMENT_BYTES, PART_BYTES, Dropped, Part, Reader
from train.prepare.readers.texts import NOT_UTF8, TOO_LONG, to_document

Kind = Literal["code", "markup", "text"]
# Hidden names, what package managers fetched, what tools made, and what is one line of a megabyte. Deeper than at the
# top, a folder "build" or "dist" is as often somebody's source code.
NOT_WRITTEN_HERE = (
    *(".*", "node_modules", "bower_components", "site-packages", "vendor", "__pycache__", "*.egg-info", "venv"),
    *("/build", "/dist", "/target"),
    *("*.min.js", "*.min.css", "*.bundle.js", "package-lock.json", "*_pb2.py", "*.pb.go"),
)
# Where git and others look for the byte that no text has.
_BINARY_HEAD_BYTES = 8_192


class Folder(Reader, tag="folder", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All files of a folder that `patterns` include and `exclude` does not, by `walk`.

    A pattern without "/" is of a name at any depth, "*.py" or "docs"; one with "/" is of a path from the folder,
    in which `**` is any number of folders. One that matches a folder holds for all that is in it.
    """

    folder: str
    patterns: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = NOT_WRITTEN_HERE
    languages: tuple[str, ...] | None = None
    """Only these, by Linguist's names; otherwise all that `train.prepare.languages` knows."""
    kinds: tuple[Kind, ...] = ("code", "markup", "text")
    licence: str = "unknown"
    group: Literal["file", "folder"] = "file"
    """What is never divided between training and held-out: a text, or a folder right below (a project)."""

    def __post_init__(self) -> None:
        for language in self.languages or ():
            if language not in LANGUAGES:
                raise ValueError(f"`languages`: no language {language!r} is known; {did_you_mean(language, LANGUAGES)}")

    def parts(self, data: Path) -> list[Part]:
        """Runs of neighbouring files, sorted by path."""
        root = data / self.folder
        if not root.is_dir():
            raise UsageError(f"`folder`: '{root}' is no folder; correct it, or get the files first")
        found = walk(root, patterns=self.patterns, exclude=self.exclude)
        if not found:
            raise UsageError(
                f"`folder`: '{root}' holds no file that `patterns` include and `exclude` does not; change them"
            )
        top = PurePosixPath(self.folder)
        named = (dataclasses.replace(file, name=str(top / file.name)) for file in found)
        return [whole_files(run) for run in grouped(named, size_of, limit=PART_BYTES)]

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """One document a file; its origin is its path. A file that cannot be read is a broken one."""
        for name in part.files:
            try:
                found = self._document(data, name, source)
            except OSError:
                found = Dropped(name, "cannot be read", broken=True)
            except UnicodeDecodeError:
                found = Dropped(name, NOT_UTF8, broken=True)
            if found is not None:
                yield found

    def _document(self, data: Path, name: str, source: str) -> Document | Dropped | None:
        """None for a file of another kind: it is no part of this input, as one that `patterns` leave out."""
        if name.endswith(".ipynb"):
            return Dropped(name, "a notebook, which the reader `notebooks` reads")
        with open(data / name, "rb") as stream:
            head = stream.read(_BINARY_HEAD_BYTES)
            if b"\0" in head:
                return Dropped(name, "binary")
            if not may_have_language(name):
                return Dropped(name, "no known language")
            content = head + stream.read(MAX_DOCUMENT_BYTES + 1 - len(head))
        if len(content) > MAX_DOCUMENT_BYTES:
            return Dropped(name, TOO_LONG, broken=True)
        text = content.decode()
        language = language_of(name, text)
        kind = kind_of(language)
        if not language:
            return Dropped(name, "no known language")
        if kind not in self.kinds:
            return None
        if self.languages is not None and language not in self.languages:
            return Dropped(name, f"language: {language}")
        return to_document(
            text,
            source=source,
            origin=name,
            licence=self.licence,
            group=self._group(name),
            language="" if kind == "text" else language,
        )

    def _group(self, name: str) -> str:
        top = PurePosixPath(self.folder)
        below = PurePosixPath(name).relative_to(top).parts
        return f"folder:{top / below[0]}" if self.group == "folder" and len(below) > 1 else ""


def walk(
    root: Path, *, patterns: Sequence[str] = ("**",), exclude: Sequence[str] = NOT_WRITTEN_HERE
) -> list[FoundFile]:
    """The files below a folder that `patterns` include and `exclude` does not, by their paths from it, sorted.

    Links are not followed, and what this tool has prepared, or is preparing, is left out. Raises UsageError if a folder
    cannot be read.
    """

    def below(folder: str, *, included: bool) -> Iterator[FoundFile]:
        """`included` says that a pattern matched the folder."""
        for entry in _entries(root / folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if _matches(path, exclude):
                continue
            wanted = included or _matches(path, patterns)
            if entry.is_dir(follow_symlinks=False):
                yield from below(path, included=wanted)
            elif wanted and entry.is_file(follow_symlinks=False):
                yield _found(entry, path)

    return sorted(below("", included=False), key=lambda file: file.name)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if is_own_output(folder):
        return []
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except OSError as error:
        raise cannot_be_read(folder, error) from error


def _found(entry: os.DirEntry[str], path: str) -> FoundFile:
    status = entry.stat(follow_symlinks=False)
    # A name that is not in UTF-8 cannot stand in a part. The file is then not found, and so counted as unreadable.
    name = path if is_unicode(path) else os.fsencode(path).decode(errors="backslashreplace")
    return FoundFile(name, status.st_size, status.st_mtime_ns)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    name = path.rpartition("/")[2]
    return any(
        _path_matches(path.split("/"), pattern.strip("/").split("/"))
        if "/" in pattern
        else fnmatch.fnmatchcase(name, pattern)
        for pattern in patterns
    )


def _path_matches(names: list[str], segments: list[str]) -> bool:
    if not segments:
        return not names
    if segments[0] == "**":
        return any(_path_matches(names[skipped:], segments[1:]) for skipped in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], segments[0]) and _path_matches(names[1:], segments[1:])
