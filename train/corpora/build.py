"""Builds the bundled corpus: `python -m train.corpora.build --out DIR [--cache DIR]`.

Two runs give the same bytes: packages are pinned by their digest, files are sorted, choices are
keyed hashes, and xz has fixed settings (another release of liblzma may pack the same text
differently).
"""

import argparse
import dataclasses
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from train.corpora.adjacent import adjacent_buckets
from train.corpora.admit import Bucket, admit
from train.corpora.code import code_buckets
from train.corpora.dedup import PassageIndex
from train.corpora.document import Document, write_documents
from train.corpora.factbook import factbook_bucket, read_countries
from train.corpora.fetch import BuildError, Unpacked, fetch_packages
from train.corpora.instruct import instruct_buckets
from train.corpora.markup import markup_buckets
from train.corpora.metamath import metamath_bucket
from train.corpora.prose import prose_buckets
from train.corpora.synthetic.programs import generate_programs, synthetic_bucket
from train.corpora.wordnet import read_wordnet, wordnet_bucket

MAX_COMPRESSED_BYTES = 4_000_000
_SYNTHETIC_COUNT, _SYNTHETIC_SEED = 3_600, 20_240_820


@dataclasses.dataclass(frozen=True)
class SourceRow:
    """One line of the table that a build prints."""

    source: str
    document_count: int
    raw_bytes: int
    xz_bytes: int
    dropped: str

    def __str__(self) -> str:
        numbers = f"{self.document_count:>9,} {self.raw_bytes:>10,} {self.xz_bytes:>10,}"
        return f"{self.source:<10} {numbers}  {self.dropped}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses, builds, prints the table; 2 is the exit code of a build that can't be made."""
    parser = argparse.ArgumentParser(prog="python -m train.corpora.build", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the .jsonl.xz files")
    parser.add_argument("--cache", type=Path, help="folder that keeps the fetched packages")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            rows = build(out=options.out, cache=options.cache or Path(scratch))
    except (BuildError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{'source':<10} documents  raw bytes   xz bytes  dropped")
    for row in rows:
        print(row)
    return 0


def build(*, out: Path, cache: Path) -> list[SourceRow]:
    """Writes one file a source into `out`, all or none; returns the rows of the table."""
    cache.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    buckets, dropped = _buckets(fetch_packages(cache))
    passages = PassageIndex()
    # Beside the files, so that the renames at the end stay on one disk.
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=out))
    try:
        rows = [_write_source(name, make(), passages, dropped[name], partial) for name, make in buckets.items()]
        _check_size(rows)
        for path in sorted(partial.iterdir()):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(partial)
    return [*rows, _total(rows)]


def _buckets(
    packages: Mapping[str, Unpacked],
) -> tuple[dict[str, Callable[[], list[Bucket]]], dict[str, Counter[str]]]:
    """Each source's buckets. The order is the precedence: what is first keeps a shared passage."""
    wordnet = read_wordnet(packages)
    generated = generate_programs(count=_SYNTHETIC_COUNT, seed=_SYNTHETIC_SEED)
    programs = generated.programs
    buckets: dict[str, Callable[[], list[Bucket]]] = {
        "text": lambda: [
            *prose_buckets(packages),
            factbook_bucket(packages),
            wordnet_bucket(wordnet),
        ],
        "adjacent": lambda: adjacent_buckets(packages),
        "markup": lambda: markup_buckets(packages),
        "web_code": lambda: code_buckets(packages),
        "synthetic": lambda: [synthetic_bucket(programs)],
        "math": lambda: [metamath_bucket(packages)],
        "instruct": lambda: instruct_buckets(wordnet, list(read_countries(packages)), programs),
    }
    dropped: dict[str, Counter[str]] = {name: Counter() for name in buckets}
    dropped["synthetic"].update(generated.dropped)
    return buckets, dropped


def _write_source(
    name: str,
    buckets: list[Bucket],
    passages: PassageIndex,
    dropped: Counter[str],
    folder: Path,
) -> SourceRow:
    documents: list[Document] = []
    for bucket in buckets:
        admitted = admit(bucket, passages, dropped)
        if not admitted:
            raise BuildError(f"no document for {name}/{bucket.name}; look at its file patterns")
        documents += admitted
    path = folder / f"{name}.jsonl.xz"
    write_documents(path, documents)
    raw_bytes = sum(len(document.text.encode()) for document in documents)
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in sorted(dropped.items()))
    return SourceRow(name, len(documents), raw_bytes, path.stat().st_size, reasons)


def _check_size(rows: list[SourceRow]) -> None:
    total_bytes = sum(row.xz_bytes for row in rows)
    if total_bytes > MAX_COMPRESSED_BYTES:
        raise BuildError(
            f"the corpus takes {total_bytes:,} bytes as xz, more than {MAX_COMPRESSED_BYTES:,}; "
            "lower the budgets of its buckets"
        )


def _total(rows: list[SourceRow]) -> SourceRow:
    return SourceRow(
        "total",
        sum(row.document_count for row in rows),
        sum(row.raw_bytes for row in rows),
        sum(row.xz_bytes for row in rows),
        "",
    )


if __name__ == "__main__":
    sys.exit(main())
